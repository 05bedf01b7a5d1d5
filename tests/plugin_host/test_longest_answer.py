"""Whoever is asked decides what the answer is, but not how much of our memory it takes."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from billhead import clock
from billhead.domain.errors import PanelOutcomeUnknown, PanelUnreachable
from billhead.plugin import HttpClient


@pytest.fixture
def far_side() -> Iterator[str]:
    """Answers with ten million spaces, which travel as ten thousand bytes; at /short with five, at /drip one by one,
    at /heads with the letters of a header that never ends."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/heads":
                self._drip(b"HTTP/1.1 200 OK\r\nX-Patience: " + b"a" * 50_000)
                return
            body = gzip.compress(b" " * (5 if self.path == "/short" else 10_000_000))
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.path == "/drip":
                self._drip(body)
            else:
                self.wfile.write(body)

        def _drip(self, what: bytes) -> None:
            with suppress(OSError):  # whoever waits may have had enough
                for byte in what:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.3)

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_answer_that_is_too_long_is_broken_off(far_side: str):
    client = HttpClient("acme", largest=1_000_000)
    try:
        assert client.read(f"{far_side}/short").body == b" " * 5
        with pytest.raises(PanelUnreachable):
            client.read(far_side)
        with pytest.raises(PanelOutcomeUnknown):  # it may have acted
            client.write("POST", far_side)
        assert client.read(f"{far_side}/short").status == 200
    finally:
        client.close()


def test_what_fits_is_read_whole(far_side: str):
    client = HttpClient("acme")
    try:
        assert len(client.read(far_side).body) == 10_000_000
    finally:
        client.close()


def test_what_no_request_can_hold_was_surely_not_sent(far_side: str):
    """A key with a character that no header takes, a host's name that is none."""
    client = HttpClient("acme")
    unsendable = [(far_side, {"X-Key": "demo\u200bkey"}), ("http://a\u200bb.example", {}), ("http://xn--", {})]
    try:
        for url, headers in unsendable:
            with pytest.raises(PanelUnreachable):
                client.read(url, headers=headers)
            with pytest.raises(PanelUnreachable):
                client.write("POST", url, headers=headers)
    finally:
        client.close()


@pytest.mark.parametrize("page", ["drip", "heads"])
def test_an_answer_that_drips_is_not_waited_for(far_side: str, page: str):
    """A byte each 0.3 seconds: no wait is as long as the timeout of one second, and the answer would take an hour."""
    client = HttpClient("acme", timeout_seconds=1)
    try:
        began = clock.monotonic()
        with pytest.raises(PanelUnreachable):
            client.read(f"{far_side}/{page}")
        with pytest.raises(PanelOutcomeUnknown):  # it may have acted
            client.write("POST", f"{far_side}/{page}")
        assert 2 <= clock.monotonic() - began < 20
    finally:
        client.close()


def test_no_call_takes_a_cookie_of_another_along():
    """A panel that opens a session at each call would tell our calls apart, or lock them one behind the other."""
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("Cookie"))
        return httpx.Response(200, headers={"Set-Cookie": "PHPSESSID=one; path=/"})

    client = HttpClient("acme", transport=httpx.MockTransport(answer))
    try:
        for _ in range(2):
            client.read("https://panel.example/api.php")
        client.read("https://panel.example/api.php", headers={"Cookie": "mac=00:1A:79:AA:BB:01"})
    finally:
        client.close()
    assert sent == [None, None, "mac=00:1A:79:AA:BB:01"]
