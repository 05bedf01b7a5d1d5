"""A recording proxy: stands before a real panel, passes everything on, and writes it down without its secrets.

with Recorder("https://panel.example:8443", Path("tape.json")) as recorder:
    ...  # the module's panel has the address recorder.url
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from billhead.domain.errors import InvalidInput
from billhead.testing.local_server import AnyMethod, LocalServer
from billhead.testing.redaction import redacted
from billhead.testing.tape import Exchange, content_of, fields_of, request_of

__all__ = ["Recorder"]

_SECONDS = 120
_KEPT = {"content-type", "location", "set-cookie", "retry-after", "www-authenticate"}
_OF_THE_WAY = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "host", "content-length", "content-encoding", "accept-encoding",
}  # fmt: skip


class Recorder:
    """Use it as a context manager; the tape is written when it ends. Redirects are passed on, never followed.

    `to` may have a path, which then is on no tape: requests are passed on below it. `hide`: more fields to hide.
    """

    def __init__(self, to: str, tape: Path, *, port: int = 0, hide: Iterable[str] = ()) -> None:
        panel = urlsplit(to)
        if panel.scheme not in ("http", "https") or not panel.hostname or panel.query or panel.username:
            raise InvalidInput("to", "has to be an address like https://panel.example:8443, without login or query")
        self.exchanges: list[Exchange] = []
        self._to, self._host, self._tape, self._hide = to.rstrip("/"), panel.hostname, tape, tuple(hide)
        self._client = httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False)
        self._client.headers.clear()
        self._server = LocalServer(port, _passing_on(self))
        self.url = self._server.url

    def __enter__(self) -> Self:
        self._server.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.end()
        self._client.close()
        redacted(self.exchanges, host=self._host, hide=self._hide).save(self._tape)

    def pass_on(self, method: str, target: str, headers: Any, body: bytes) -> httpx.Response | None:
        """The panel's answer, written down; None if there is none."""
        exchange = Exchange(request_of(method, target, headers, body))
        self.exchanges.append(exchange)
        sent = [(name, value) for name, value in headers.items() if name.lower() not in _OF_THE_WAY]
        try:
            self._client.cookies.clear()  # the module's own are passed on, and no others
            answer = self._client.request(
                method, self._to + target, headers=[*sent, ("Accept-Encoding", "identity")], content=body or None
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            print(f"no answer to {method}: {type(error).__name__}", file=sys.stderr)  # noqa: T201
            return None
        kept = [(name, value) for name, value in answer.headers.multi_items() if name in _KEPT]
        exchange.answer = {"status": answer.status_code, "headers": fields_of(kept), **content_of(answer.content)}
        return answer


def _passing_on(recorder: Recorder) -> type[AnyMethod]:
    class PassOn(AnyMethod):
        def serve(self, body: bytes) -> None:
            answer = recorder.pass_on(self.command, self.path, self.headers, body)
            if answer is None:
                self.close_connection = True  # as the panel did
                return
            passed = [(name, value) for name, value in answer.headers.multi_items() if name not in _OF_THE_WAY]
            self.reply(answer.status_code, passed, answer.content)

    return PassOn
