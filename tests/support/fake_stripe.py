"""A Stripe of our own over a real socket, for what no published stand-in has: pages, idempotency, 3-D Secure, disputes,
payouts, and answers that never come. What it is sent is held against Stripe's published description, where that is.

    with FakeStripe() as stripe:
        …                                       a gateway works against stripe.url
        stripe.pay(session_id, Card("4242"))    what the payer does on the page
        stripe.event("payment_intent", id)      a callback about it, signed
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from fake_provider import FakeProvider, Fault
from fake_stripe_objects import Card, Ledger, Refused
from stripe_spec import faults_of
from werkzeug.wrappers import Request

from billhead import clock

__all__ = ["KEY", "SECRET", "Card", "FakeStripe"]

KEY, SECRET = "sk_test_of_the_tests", "whsec_of_the_tests"


@dataclass
class Kept:
    """The answer of a first request, which its key stands for."""

    fingerprint: str
    answer: tuple[int, dict[str, Any]]


@dataclass
class FakeStripe(FakeProvider, Ledger):
    keys: dict[str, Kept] = field(default_factory=dict)
    key: str = KEY
    account: dict[str, Any] = field(
        default_factory=lambda: {
            "id": "acct_1", "object": "account", "charges_enabled": True, "payouts_enabled": True,
            "capabilities": {"card_payments": "active"}, "requirements": {"currently_due": []},
        }
    )  # fmt: skip

    def forget_keys(self) -> None:
        """A day later: the keys are pruned."""
        self.keys.clear()

    # -- callbacks

    def event(self, what: str, about: str, *, kind: str = "", event_id: str = "", live: bool = False) -> bytes:
        """The body of an event about an object as it is now; `kind` is its type's last part."""
        with self.lock:
            self.events += 1
            shown = self.shown(what, about) if about in self.rows.get(what, {}) else {"id": about, "object": what}
            content = {
                "id": event_id or f"evt_{self.events}",
                "object": "event",
                "type": f"{what}.{kind or 'updated'}",
                "livemode": live,
                "data": {"object": shown},
            }
        return json.dumps(content, indent=2).encode()

    def headers(self, body: bytes, *, secret: str = SECRET, age: int = 0) -> dict[str, str]:
        return {"stripe-signature": signature(body, secret, int(clock.now().timestamp()) - age)}

    # -- HTTP

    def trouble(self, fault: Fault) -> tuple[int, dict[str, Any]] | None:
        match fault.kind:
            case "status":
                return fault.status, _error({"type": "api_error", "message": "try later"})
            case "permission":
                told = "The provided key 'rk_test_*********ests' does not have the required permissions"
                return 403, _error({"type": "invalid_request_error", "message": told})
            case "rate":
                return 429, _error({"type": "invalid_request_error", "code": "rate_limit", "message": "slow down"})
        return None

    def answered(self, request: Request) -> tuple[int, dict[str, Any]]:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return 401, _error({"type": "invalid_request_error", "message": "Invalid API Key provided: sk_t**ests"})
        query, body = _nested(request.query_string.decode()), _nested(request.get_data(as_text=True))
        if (request.method, request.path) == ("GET", "/v1/account"):  # the SDK has it, the part of the description not
            return 200, self.account
        self.wrong += faults_of(request.method, request.path, query, body)
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST":
            return self._done(request, query)
        if not key or len(key) > 64:
            self.keyless.append(f"{request.path} {key}")
        fingerprint = json.dumps([request.path, body], sort_keys=True)
        kept = self.keys.get(key)
        if kept is not None and kept.fingerprint != fingerprint:
            return 400, _error({"type": "idempotency_error", "message": "Keys for idempotent requests can only …"})
        if kept is None:
            kept = self.keys[key] = Kept(fingerprint, self._done(request, body))
        return kept.answer

    def _done(self, request: Request, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            return 200, json.loads(json.dumps(self.answer(request.method, request.path, params)))
        except Refused as refused:
            return refused.status, _error(refused.error)


def signature(body: bytes, secret: str, instant: int) -> str:
    proof = hmac.new(secret.encode(), f"{instant}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={instant},v1={proof}"


def _error(error: dict[str, Any]) -> dict[str, Any]:
    return {"error": error}


def _nested(form: str) -> dict[str, Any]:
    """`a[b][0]=c` as {"a": {"b": ["c"]}}."""
    made: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        first, *rest = name.replace("]", "").split("[")
        at, step = made, first
        for one in rest:
            at = at.setdefault(step, {})
            step = one
        at[step] = value
    return _lists(made)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    read = {name: _lists(one) for name, one in value.items()}
    return list(read.values()) if read and all(name.isdecimal() for name in read) else read
