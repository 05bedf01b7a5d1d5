"""What our own providers have in common: a real socket, a record of what they were sent, and faults of the way."""

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

__all__ = ["FakeProvider", "Fault"]


@dataclass
class Fault:
    """What happens instead of the answer to the next requests whose method and path begin so."""

    match: str
    kind: str  # "lost": done, no answer · "refused": not done, no answer · "html" · "empty" · "cut" · "status"
    status: int = 502
    count: int = 1
    issue: str = "INTERNAL_SERVER_ERROR"


class _Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


@dataclass
class FakeProvider:
    """A provider says what it answers (`answered`), and in its own words what a fault "status" is, or a kind of its own
    (`trouble`; None: the line goes dead)."""

    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # what was sent against the description
    keyless: list[str] = field(default_factory=list)
    events: int = 0

    def answered(self, request: Request) -> tuple[int, dict[str, Any]]:
        raise NotImplementedError

    def trouble(self, fault: Fault) -> tuple[int, dict[str, Any]] | None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.lock = threading.RLock()
        self.server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_Silent)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def fault(self, match: str, kind: str, **more: Any) -> None:
        self.faults.append(Fault(match, kind, **more))

    @Request.application
    def _serve(self, request: Request) -> Response:
        with self.lock:
            name = f"{request.method} {request.path}"
            self.requests.append(name)
            fault = next((one for one in self.faults if name.startswith(one.match) and one.count > 0), None)
            if fault is not None and fault.kind in ("refused", "status"):
                fault.count -= 1
                return _hang_up(request) if fault.kind == "refused" else self._told(fault, request)
            answer = self.answered(request)
            # nothing was done for a token of the provider that had this port before: the client asks for one, and again
            if fault is None or answer[0] == 401:
                return _json(*answer)
            fault.count -= 1
            return self._instead(fault, request, answer[1])

    def _instead(self, fault: Fault, request: Request, answer: Mapping[str, Any]) -> Response:
        whole = json.dumps(answer).encode()
        match fault.kind:
            case "html":
                return Response(b"<html>Bad Gateway</html>", fault.status, content_type="text/html")
            case "empty":
                return Response(b"", 503)
            case "cut":
                return Response(whole[: len(whole) // 2], 200, content_type="application/json")
        return self._told(fault, request)

    def _told(self, fault: Fault, request: Request) -> Response:
        told = self.trouble(fault)
        return _hang_up(request) if told is None else _json(*told)


def _hang_up(request: Request) -> Response:
    with suppress(OSError):
        request.environ["werkzeug.socket"].shutdown(2)
    return Response(b"")


def _json(status: int, content: Mapping[str, Any]) -> Response:
    return Response(b"" if status == 204 else json.dumps(content), status, content_type="application/json")
