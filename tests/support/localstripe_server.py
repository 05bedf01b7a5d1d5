"""localstripe, a stand-in for Stripe that nobody here wrote, as a process on this machine only.

It knows less than Stripe: what it would refuse as unexpected is taken out on the way (`Narrowed`), after it was held
against Stripe's own description, and what an intent has received, which it does not tell, is told from its charge. It
has no pages, no idempotency keys, no disputes.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from fake_stripe import _nested
from stripe_spec import faults_of

__all__ = ["LOCAL_KEY", "Narrowed", "running_localstripe"]

LOCAL_KEY = "sk_test_of_localstripe"

_SERVE = """\
import sys
from aiohttp import web
from localstripe.server import app
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
_UNKNOWN = {
    ("POST", "/v1/payment_intents"): {"description"},
    ("GET", "/v1/payment_intents"): {"customer"},
    ("POST", "/v1/refunds"): {"reason"},
}


class Narrowed(httpx.BaseTransport):
    """The way to localstripe, through `inner` if there is one. `wrong`: what was sent against the description."""

    def __init__(self, inner: httpx.BaseTransport | None = None) -> None:
        self._inner = inner or httpx.HTTPTransport()
        self.wrong: list[str] = []

    def close(self) -> None:
        self._inner.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        method, path = request.method, request.url.path
        query, body = request.url.query.decode(), request.read().decode()
        self.wrong += faults_of(method, path, _nested(query), _nested(body))
        left_out = _UNKNOWN.get((method, path), set())
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        url = request.url.copy_with(query=_without(query, left_out).encode() or None)
        sent = httpx.Request(method, url, headers=headers, content=_without(body, left_out).encode())
        answer = self._inner.handle_request(sent)
        answer.read()
        if answer.status_code != 200:
            return answer
        return httpx.Response(200, json=_with_received(answer.json()))


def _with_received(content: Any) -> Any:
    charge = content.get("latest_charge")
    if content.get("object") == "payment_intent" and isinstance(charge, dict):
        content["amount_received"] = charge["amount"] if charge["status"] == "succeeded" else 0
    return content


def _without(form: str, names: set[str]) -> str:
    pairs = parse_qsl(form, keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name.partition("[")[0] not in names])


@contextmanager
def running_localstripe(home: Path, port: int) -> Iterator[httpx.Client]:
    """A client for what the payer and Stripe do there; its address is the client's."""
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home)}
    log = (home / "localstripe.log").open("wb")
    process: subprocess.Popen[Any] = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(port)], env=environment, cwd=home, stdout=log, stderr=log
    )
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=(LOCAL_KEY, ""), trust_env=False, timeout=10)
    try:
        _wait_for(client, process)
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(20)
        log.close()


def _wait_for(client: httpx.Client, process: "subprocess.Popen[Any]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            client.get("/v1/customers")
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"localstripe did not start: {process.poll()}")
