"""A TCP proxy that breaks a chosen request at a chosen moment, to see what a module makes of not knowing.

    with BreakingProxy() as proxy:
        broken = replace(panel, http=panel.http.through(proxy.transport()))
        proxy.break_request(2, Break.BEFORE_ANSWER)
        module.apply(broken, step)      # its second request is carried out, and the answer never comes

The proxy stands between the HTTP client and whatever http:// address it is asked for; one connection per request.
"""

import socket
import struct
import threading
from enum import StrEnum
from types import TracebackType
from typing import Self

import httpx

__all__ = ["Break", "BreakingProxy"]

_SECONDS = 10


class Break(StrEnum):
    """When the connection breaks, or what comes instead of the answer. From BEFORE_ANSWER on the far side has acted;
    FORBIDDEN is a 403 of the server in front of it, which has passed nothing on."""

    BEFORE_SEND = "before_send"
    MID_REQUEST = "mid_request"
    FORBIDDEN = "forbidden"
    BEFORE_ANSWER = "before_answer"
    MID_HEADER = "mid_header"
    MID_BODY = "mid_body"
    EMPTY_ANSWER = "empty_answer"
    SERVER_ERROR = "server_error"


_SHUT_OUT = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 22\r\nConnection: close\r\n\r\n"
    b"<html>Forbidden</html>"
)
_INSTEAD = {
    Break.EMPTY_ANSWER: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    Break.SERVER_ERROR: b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 24\r\n"
    b"Connection: close\r\n\r\n<html>Bad Gateway</html>",
}


class BreakingProxy:
    """Use it as a context manager. `seen` counts the requests since the last `break_request` or `mend`."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._refusing = socket.socket()
        self._refusing.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._upstream = ("127.0.0.1", 0)
        self._current: Break | None = None
        self._planned: tuple[int, Break] | None = None
        self._every: Break | None = None
        self.seen = 0
        self.has_broken = False  # the request that was last planned to break has come

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._refusing.close()
        self._thread.join()

    def break_request(self, number: int, at: Break) -> None:
        """Break the n-th request from now on (1 = the next one), and no other."""
        self._planned, self._every, self.seen, self.has_broken = (number, at), None, 0, False

    def break_all(self, at: Break) -> None:
        self._planned, self._every, self.seen = None, at, 0

    def mend(self) -> None:
        self._planned, self._every, self.seen = None, None, 0

    def transport(self) -> httpx.BaseTransport:
        """For `HttpClient.through`: sends every request by way of this proxy."""
        return _ThroughProxy(self)

    def route(self, host: str, port: int) -> tuple[str, int]:
        """Where the next request to host:port has to connect."""
        self.seen += 1
        self._upstream = (host, port)
        is_planned = self._planned is not None and self._planned[0] == self.seen
        self.has_broken = self.has_broken or is_planned
        self._current = self._planned[1] if self._planned and is_planned else self._every
        door = self._refusing if self._current is Break.BEFORE_SEND else self._listener
        address: tuple[str, int] = door.getsockname()
        return address

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(_SECONDS)
            try:
                self._pass_on(client, self._current)
            except OSError:
                _reset(client)  # the upstream is down: so is the proxy
            finally:
                client.close()

    def _pass_on(self, client: socket.socket, broken: Break | None) -> None:
        request = _whole_request(client)
        if broken is Break.FORBIDDEN:
            client.sendall(_SHUT_OUT)
            return
        with socket.create_connection(self._upstream, timeout=_SECONDS) as upstream:
            if broken is Break.MID_REQUEST:
                upstream.sendall(request[: len(request) // 2])
                _reset(upstream)
                _reset(client)
                return
            upstream.sendall(request)
            answer = _until_closed(upstream)
        head, blank, body = answer.partition(b"\r\n\r\n")
        if broken is Break.MID_HEADER or (broken is Break.MID_BODY and not body):
            client.sendall(head[: len(head) // 2])
        elif broken is Break.MID_BODY:
            client.sendall(head + blank + body[: len(body) // 2])
        elif broken is not Break.BEFORE_ANSWER:
            client.sendall(_INSTEAD[broken] if broken else answer)


class _ThroughProxy(httpx.BaseTransport):
    def __init__(self, proxy: BreakingProxy) -> None:
        self._proxy = proxy
        self._real = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme != "http":
            raise httpx.UnsupportedProtocol("the breaking proxy speaks http:// only", request=request)
        host, port = self._proxy.route(request.url.host, request.url.port or 80)
        request.url = request.url.copy_with(host=host, port=port)  # the Host header stays the real one
        request.headers["Connection"] = "close"
        return self._real.handle_request(request)


def _whole_request(client: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += _some(client)
    head, _, body = request.partition(b"\r\n\r\n")
    fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    length = next((int(value) for name, _, value in fields if name.lower() == b"content-length"), 0)
    while len(body) < length:
        more = _some(client)
        request, body = request + more, body + more
    return request


def _some(client: socket.socket) -> bytes:
    data = client.recv(65536)
    if not data:
        raise ConnectionError("the client went away")
    return data


def _until_closed(upstream: socket.socket) -> bytes:
    answer = b""
    while data := upstream.recv(65536):
        answer += data
    return answer


def _reset(connection: socket.socket) -> None:
    """Close with a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
