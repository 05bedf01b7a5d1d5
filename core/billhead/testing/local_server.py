"""A small HTTP server on this machine alone, for what stands in a panel's place."""

import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["AnyMethod", "LocalServer"]


class LocalServer(ThreadingHTTPServer):
    """A server on this machine alone, gone with its `with`."""

    daemon_threads = True

    def __init__(self, port: int, answers: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", port), answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: a client may go away."""


class AnyMethod(BaseHTTPRequestHandler):
    """Every method in one place, `serve`; no log."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one packet

    def serve(self, body: bytes) -> None:
        raise NotImplementedError

    def _whole(self) -> None:
        if self.headers.get("Transfer-Encoding"):
            self.send_error(411)
            self.close_connection = True
            return
        self.serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _whole

    def reply(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: what was asked is on the tape."""
