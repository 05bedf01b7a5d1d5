"""VIES on a socket of this machine: knows some ids, and can be as unwell as the real one.

    with FakeVies(known={"DE136695976": "Acme GmbH"}) as vies: …   # vies.url, vies.asked, vies.mood = "MS_UNAVAILABLE"

Moods: "" (well), an error word of VIES (MS_UNAVAILABLE, TIMEOUT …), "html", "500", "slow", "drop", "nonsense".
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

__all__ = ["FakeVies"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: connections are broken on purpose."""


class FakeVies:
    def __init__(self, known: dict[str, str] | None = None) -> None:
        self.known = known or {}
        self.mood = ""
        self.requesters: set[str] | None = None  # whose requests it accepts; None: everybody's
        self.asked: list[dict[str, str]] = []
        self.let_go = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _answering(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/vies/rest-api"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, question: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.mood:
            status = 200 if self.mood.startswith("MS_") else 500
            return status, {"actionSucceed": False, "errorWrappers": [{"error": self.mood}]}
        requester = question.get("requesterMemberStateCode", "") + question.get("requesterNumber", "")
        if requester and self.requesters is not None and requester not in self.requesters:
            return 400, {"actionSucceed": False, "errorWrappers": [{"error": "INVALID_REQUESTER_INFO"}]}
        vat_id = question["countryCode"] + question["vatNumber"]
        name = self.known.get(vat_id)
        return 200, {
            "countryCode": question["countryCode"],
            "vatNumber": question["vatNumber"],
            "requestDate": "2026-11-28T12:00:00.000Z",
            "valid": name is not None,
            "requestIdentifier": f"WAPI{len(self.asked):06}" if requester else "",
            "name": name or "---",
            "address": "Hauptstr. 1\n10115 Berlin" if name else "---",
        }


def _answering(vies: FakeVies) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            assert self.path == "/vies/rest-api/check-vat-number"
            vies.asked.append(json.loads(body))
            if vies.mood == "slow":
                vies.let_go.wait(10)
                return
            if vies.mood == "drop":
                self.connection.close()
                return
            if vies.mood in ("html", "500", "nonsense"):
                status = {"html": 200, "500": 500, "nonsense": 200}[vies.mood]
                page = b"[1, 2]" if vies.mood == "nonsense" else b"<html>Service Unavailable</html>"
                self._send(status, "text/html", page)
                return
            status, told = vies.answer(json.loads(body))
            self._send(status, "application/json", json.dumps(told).encode())

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    return Answers
