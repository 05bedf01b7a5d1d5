"""The HTTP client that modules and gateways are given: timeouts, no redirects, and errors that say what is known.

The one question that matters after a failure is "may it have happened?". So a failed *read* is PanelUnreachable; a
failed *write* is PanelUnreachable only if nothing was sent, else PanelOutcomeUnknown. A gateway's client says the same
with GatewayUnreachable and OutcomeUnknown.
"""

import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from billhead import clock
from billhead.domain.errors import BillheadError, PanelOutcomeUnknown, PanelUnreachable
from billhead.plugin.pacing import Pacer
from billhead.plugin.patience import patient_transport

__all__ = ["LARGEST", "HttpClient", "HttpResponse"]

for _name in ("httpx", "httpcore"):  # they log URLs and headers, which may hold keys
    logging.getLogger(_name).setLevel(logging.WARNING)

LARGEST = 256 * 2**20
"""The lines of a large panel, in bytes."""

# no request could be made of what we have: no address, a name that is none, a key that no header can hold
_UNSENDABLE = (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError)
# the request can't have reached the server
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, *_UNSENDABLE)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer, whole and in memory. Header names are matched in any case; `received_at` is by our machine's clock."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: datetime = field(default_factory=clock.now)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json_object(self) -> dict[str, Any] | None:
        """The JSON object that the body is; None for all else."""
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return told if isinstance(told, dict) else None


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Reading the certificates takes longer than a call does: all clients of a process share them."""
    return httpx.create_ssl_context()


class HttpClient:
    """A small client over one httpx.Client. `what` names the far side in errors; bodies and headers stay out. No
    cookie is kept: what one call was answered changes none of the others.

    With a `pacer` each call waits for its turn first; that wait is not part of the timeout. The timeout is that of each
    wait for more, and then of the whole answer, but for what is long and comes fast. An answer of more than `largest`
    bytes, unpacked, counts as broken off.
    """

    def __init__(
        self,
        what: str,
        *,
        timeout_seconds: int = 30,
        auth: tuple[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        unreachable: type[BillheadError] = PanelUnreachable,
        unknown: type[BillheadError] = PanelOutcomeUnknown,
        pacer: Pacer | None = None,
        largest: int = LARGEST,
    ) -> None:
        self.what = what
        self._largest = largest
        self._pacer = pacer or Pacer()
        self._errors = (unreachable, unknown)
        self._made_with: dict[str, Any] = {
            "timeout_seconds": timeout_seconds,
            "auth": auth,
            "pacer": self._pacer,
            "largest": largest,
        }
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, 10)),
            follow_redirects=False,
            auth=auth,
            transport=transport or patient_transport(_trusted()),
            headers={"User-Agent": "Billhead/0.1"},
        )
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # a session is the far side's idea

    def read(self, url: str, **options: Any) -> HttpResponse:
        """GET, or any request that changes nothing (pass `method`). Raises PanelUnreachable when it failed.

        `options` are httpx's: `params`, `headers`, `auth`, `data`, `json`, `content`.
        """
        try:
            return self._send(options.pop("method", "GET"), url, options)
        except (httpx.HTTPError, *_UNSENDABLE) as error:
            raise self._errors[0](f"{self.what} did not answer: {_plain(error)}") from error

    def write(self, method: str, url: str, **options: Any) -> HttpResponse:
        """A request that changes something. Raises PanelUnreachable (not sent), PanelOutcomeUnknown (perhaps done)."""
        try:
            return self._send(method, url, options)
        except _NOT_SENT as error:
            raise self._errors[0](f"{self.what} can't be reached: {_plain(error)}") from error
        except httpx.HTTPError as error:
            raise self._errors[1](f"{self.what} broke off, it may have acted: {_plain(error)}") from error

    def through(self, transport: httpx.BaseTransport) -> "HttpClient":
        """The same client over another transport: what the conformance tests use to break connections."""
        unreachable, unknown = self._errors
        return HttpClient(self.what, transport=transport, unreachable=unreachable, unknown=unknown, **self._made_with)

    def close(self) -> None:
        self._client.close()

    def _send(self, method: str, url: str, options: dict[str, Any]) -> HttpResponse:
        self._pacer.wait()
        body = bytearray()
        with self._client.stream(method, url, **options) as response:
            for part in response.iter_bytes():
                body += part
                if len(body) > self._largest:
                    raise httpx.ReadError("longer than it may be")
        return HttpResponse(response.status_code, response.headers, bytes(body))


def _plain(error: Exception) -> str:
    """The kind of error only: messages of httpx may quote the URL, which may hold keys."""
    return type(error).__name__
