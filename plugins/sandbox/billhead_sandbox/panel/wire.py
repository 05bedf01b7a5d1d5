"""A small threaded HTTP/1.1 server for one WSGI application.

Written here because a sandbox must be able to do what well-behaved servers prevent: take a request, do the
work and hang up without a word. The application says so by raising `HangUp`.
"""

import socket
import struct
import sys
import traceback
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from threading import Condition, Thread
from typing import Any
from urllib.parse import unquote_to_bytes

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class HangUp(Exception):
    """Close the connection without an answer; `hard` sends a TCP reset instead of a plain end."""

    def __init__(self, *, hard: bool) -> None:
        super().__init__("hang up")
        self.hard = hard


class _Conversation(BaseHTTPRequestHandler):
    """One connection: requests are answered in turn until either side ends it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "WireServer"

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def _answer(self) -> None:
        if self.headers.get("Transfer-Encoding"):
            self.send_error(411, "Send a Content-Length, not a chunked body")
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the client gave up in the middle of its request
            return
        try:
            status, headers, content = _run(self.server.application, self._environ(body))
        except HangUp as how:
            self._hang_up(hard=how.hard)
            return
        except Exception:  # noqa: BLE001 - whatever broke, the caller gets an answer and the log a trace
            traceback.print_exc(file=sys.stderr)
            status, headers, content = "500 Internal Server Error", [], b"The sandbox itself failed; see its log.\n"
        self._send(status, headers, content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _answer

    def _environ(self, body: bytes) -> Environ:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: Environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": _unquoted(path),
            "QUERY_STRING": query,
            "RAW_URI": self.path,
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ.setdefault("HTTP_" + name.upper().replace("-", "_"), value)
        return environ

    def _send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        kept = [(name, value) for name, value in headers if name.lower() not in ("content-length", "connection")]
        head = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in kept)]
        head += [f"Content-Length: {len(content)}", f"Connection: {'close' if self._ending() else 'keep-alive'}"]
        payload = b"" if self.command == "HEAD" else content
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + payload)

    def _ending(self) -> bool:
        self.close_connection = self.close_connection or self.server.stopping
        return self.close_connection

    def _hang_up(self, *, hard: bool) -> None:
        self.close_connection = True
        if hard:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.server.reset_on_close.add(self.connection)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: `/_sandbox/calls` tells what was asked."""


def _unquoted(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1")


def _run(application: Application, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
    answer: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        answer.update(status=status, headers=headers)
        return lambda _data: None

    content = b"".join(application(environ, start_response))
    return answer["status"], answer["headers"], content


class WireServer(ThreadingMixIn, TCPServer):
    """Listens at once on construction; port 0 takes a free one."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, application: Application) -> None:
        self.application = application
        self.stopping = False
        self.reset_on_close: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        self._changed = Condition()
        super().__init__((host, port), _Conversation)
        self._thread = Thread(target=self.serve_forever, args=(0.05,), name="sandbox-panel", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host if isinstance(host, str) else host.decode()}:{port}"

    def opened(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def stop(self, patience: float = 5.0) -> None:
        """Take no new request, let those in work finish for `patience` seconds, end idle connections."""
        self.stopping = True
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._changed:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RD)
                except OSError:
                    continue  # the other side was faster
            self._changed.wait_for(lambda: not self._open, timeout=patience)

    def shutdown_request(self, request: Any) -> None:
        """An orderly end, unless the conversation is to break: then no goodbye precedes the reset."""
        if request in self.reset_on_close:
            self.reset_on_close.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a defect of the sandbox."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            traceback.print_exc(file=sys.stderr)
