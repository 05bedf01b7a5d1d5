"""Delivers signed callbacks and ends what is processing, from a table, in a thread of its own.

A callback is tried until it is answered with 2xx or `callback_retries` is used up. What waits in the table
survives a restart. Times are real, not the panel's clock: a receiver checks the age of a signature.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from threading import Condition, Thread
from typing import Any

import httpx

from billhead_sandbox.panel.store import Row, Store

SIGNATURE_HEADER = "Sandbox-Signature"
_OUT_OF_ORDER_GAP = 0.3


def sign(secret: str, body: bytes, instant: int) -> str:
    """`t=…,v1=…`: HMAC-SHA256 over the instant, a dot and the raw body."""
    digest = hmac.new(secret.encode(), f"{instant}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={instant},v1={digest}"


class Courier:
    """One thread; `queue` and `settle_later` wake it."""

    def __init__(self, store: Store, settings: dict[str, Any]) -> None:
        self._store = store
        self._settings = settings
        self._wake = Condition()
        self._stopping = False
        self._thread: Thread | None = None
        self._settle: Callable[[str, str], None] = lambda subject, status: None

    def start(self, settle: Callable[[str, str], None]) -> None:
        """`settle(subject, status)` ends a charge or refund whose processing is over."""
        self._settle = settle
        self._thread = Thread(target=self._run, name="sandbox-courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=15)

    def queue(self, charge: str, kind: str, url: str, body: dict[str, Any], *, final: bool) -> None:
        """Out of order, what is not final is held back until the final callback of its charge has gone."""
        settings = self._settings["cards"]
        if not settings["callbacks"]:
            return
        due = time.time() + settings["callback_delay"]
        held = settings["callback_out_of_order"] and not final
        row = {"charge": charge, "type": kind, "url": url, "body": json.dumps(body)}
        for _ in range(settings["callback_copies"]):
            self._store.insert("card_callbacks", {**row, "due": due, "state": "held" if held else "waiting"})
        if final:
            released = {"state": "waiting", "due": due + _OUT_OF_ORDER_GAP}
            self._store.update("card_callbacks", released, "charge = ? AND state = 'held'", (charge,))
        self._notify()

    def settle_later(self, subject: str, status: str) -> None:
        due = time.time() + self._settings["cards"]["processing_seconds"]
        self._store.insert("card_settlements", {"subject": subject, "due": due, "status": status})
        self._notify()

    def _notify(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _run(self) -> None:
        with httpx.Client(timeout=10, trust_env=False) as client:
            while not self._stopping:
                if not self._work(client):
                    with self._wake:
                        self._wake.wait(timeout=0.1)

    def _work(self, client: httpx.Client) -> bool:
        now = time.time()
        settlement = self._store.row("SELECT * FROM card_settlements WHERE due <= ? ORDER BY due", (now,))
        if settlement is not None:
            self._store.run("DELETE FROM card_settlements WHERE subject = ?", (settlement["subject"],))
            self._settle(settlement["subject"], settlement["status"])
            return True
        sql = "SELECT * FROM card_callbacks WHERE state = 'waiting' AND due <= ? ORDER BY due, id"
        callback = self._store.row(sql, (now,))
        if callback is None:
            return False
        self._deliver(client, callback)
        return True

    def _deliver(self, client: httpx.Client, callback: Row) -> None:
        body, signature = self._sealed(callback["body"])
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature}
        try:
            reply = client.post(callback["url"], content=body, headers=headers)
            delivered, answer = reply.is_success, str(reply.status_code)
        except httpx.HTTPError as error:
            delivered, answer = False, f"{type(error).__name__}: {error}"
        tries = callback["tries"] + 1
        gave_up = tries > self._settings["cards"]["callback_retries"]
        row = {
            "tries": tries,
            "answer": answer,
            "state": "delivered" if delivered else "gave_up" if gave_up else "waiting",
            "due": time.time() + min(60.0, 0.25 * 2**tries),
        }
        self._store.update("card_callbacks", row, "id = ?", (callback["id"],))

    def _sealed(self, text: str) -> tuple[bytes, str]:
        """The body and its signature, spoilt as `callback_forged` asks."""
        settings = self._settings["cards"]
        forged, secret, instant = settings["callback_forged"], settings["callback_secret"], int(time.time())
        content = json.loads(text)
        if forged == "amount":
            content["data"]["amount"] += 1
        elif forged == "currency":
            content["data"]["currency"] = "XTS"
        elif forged == "reference":
            content["data"]["reference"] = "somebody-else"
        elif forged == "stale":
            instant -= 3600
        elif forged == "signature":
            secret = secret[::-1]
        body = json.dumps(content).encode()
        return body, sign(secret, body, instant)
