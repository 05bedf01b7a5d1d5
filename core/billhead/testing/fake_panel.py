"""A middleware panel in memory, for authors: a small honest JSON API over HTTP, with every request on record.

    python -m billhead.testing --port 9000 --token s3cret

GET /lines · GET, PUT, DELETE /lines/<ref> · GET /catalogue, each with the header `Authorization: Bearer <token>`.
A line: ref, kind, login, password, mac, plan, bouquets, connections, expires_at (ISO 8601 or null), blocked, note.
PUT creates or changes: what it leaves out stays as it is. What is not there is 404.

It sells time as well: GET /credit · POST /lines/<ref>/buy with `package` (of the catalogue) and, for a line that is not
there yet, its fields. Expiry moves on from what it was, or from now; 402 when the credit does not pay for it.
"""

import json
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from billhead import clock

__all__ = ["FakePanel"]

_NEW_LINE: dict[str, Any] = {
    "kind": "stream",
    "login": "",
    "password": "",
    "mac": None,
    "plan": "",
    "bouquets": [],
    "connections": 1,
    "expires_at": None,
    "blocked": False,
    "note": "",
}
_CATALOGUE: dict[str, Any] = {
    "plans": {"1": "Basic", "2": "Full"},
    "bouquets": {"10": "News", "11": "Sports", "12": "Films"},
    "packages": {
        "p30": {"name": "30 days", "days": 30, "credits": 1},
        "p90": {"name": "90 days", "days": 90, "credits": 3},
    },
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: the tests break connections on purpose."""


class FakePanel:
    """Use it as a context manager. `lines` is what the panel holds, `requests` what it was asked ("PUT /lines/abc"),
    `credit` what there is to spend and `bought` what was."""

    def __init__(self, *, token: str = "fake-panel-token", port: int = 0) -> None:  # noqa: S107 it guards nothing
        self.token = token
        self.lines: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.credit = 10_000
        self.bought: list[tuple[str, str]] = []  # reference and package of every purchase
        self._selling = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _answering(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """Status and JSON of one authorised request."""
        if (method, path) == ("GET", "/catalogue"):
            return 200, _CATALOGUE
        if (method, path) == ("GET", "/lines"):
            return 200, list(self.lines.values())
        if (method, path) == ("GET", "/credit"):
            return 200, {"credits": self.credit}
        ref = path.removeprefix("/lines/")
        if method == "POST" and ref.endswith("/buy"):
            return self._buy(ref.removesuffix("/buy"), body)
        if not path.startswith("/lines/") or not ref or method not in ("GET", "PUT", "DELETE"):
            return 404, {"error": "no such address"}
        if method == "PUT":
            return self._put(ref, body)
        if ref not in self.lines:
            return 404, {"error": "no such line"}
        return 200, self.lines.pop(ref) if method == "DELETE" else self.lines[ref]

    def _put(self, ref: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        unknown = body.keys() - _NEW_LINE.keys()
        if unknown:
            return 422, {"error": f"unknown fields: {', '.join(sorted(unknown))}"}
        line = self.lines.setdefault(ref, {"ref": ref, **_NEW_LINE})
        line.update(body)
        return 200, line

    def _buy(self, ref: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        package = _CATALOGUE["packages"].get(body.get("package", ""))
        if package is None:
            return 422, {"error": "no such package"}
        with self._selling:
            if self.credit < package["credits"]:
                return 402, {"error": "not enough credit"}
            now = clock.business_now()
            status, line = self._put(ref, {name: value for name, value in body.items() if name != "package"})
            if status != 200:
                return status, line
            until = datetime.fromisoformat(line["expires_at"]) if line["expires_at"] else now
            line["expires_at"] = (max(until, now) + timedelta(days=package["days"])).isoformat()
            self.credit -= package["credits"]
            self.bought.append((ref, str(body["package"])))
        return 200, line


def _answering(panel: FakePanel) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # head and body in one packet

        def _serve(self) -> None:
            panel.requests.append(f"{self.command} {self.path}")
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") != f"Bearer {panel.token}":
                self._send(401, {"error": "wrong token"})
                return
            try:
                body = json.loads(text or b"{}")
            except ValueError:
                self._send(400, {"error": "the body is not JSON"})
                return
            self._send(*panel.answer(self.command, self.path, body))

        do_GET = do_PUT = do_DELETE = do_POST = _serve

        def _send(self, status: int, answer: Any) -> None:
            payload = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: `requests` is the record."""

    return Answer
