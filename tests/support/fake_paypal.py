"""A PayPal of our own over a real socket: tokens, orders, captures, refunds, disputes, the check of webhooks, and
answers that never come. What it is sent is held against PayPal's published description, where that is.

    with FakePayPal() as paypal:
        …                                  a gateway works against paypal.url
        paypal.approve(order, Wallet())    what the payer does on the page
        paypal.callback("CHECKOUT.ORDER.APPROVED", "order", order)
"""

import hashlib
import hmac
import json
import zlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fake_paypal_objects import FEE, Books, Refused, Wallet
from fake_provider import FakeProvider, Fault
from paypal_spec import faults_of
from werkzeug.wrappers import Request

from billhead import clock
from billhead.plugin import RawCallback

__all__ = ["CLIENT", "FEE", "SECRET", "WEBHOOK", "FakePayPal", "Wallet"]

CLIENT, SECRET, WEBHOOK = "client-of-the-tests", "secret-of-the-tests", "1JE4291016473214C"
_SIGNS = b"PayPal's own key"
_CERTIFICATE = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-5a29e601"


@dataclass
class FakePayPal(FakeProvider, Books):
    tokens: list[str] = field(default_factory=list)  # those that are valid
    scopes: list[str] = field(default_factory=list)  # what the app may do, as the token tells
    webhook: dict[str, Any] = field(default_factory=dict)  # the one that the app has

    def forget_keys(self) -> None:
        """Hours later: the keys are gone."""
        self.keys.clear()

    # -- callbacks

    def callback(self, kind: str, about: str, name: str, **more: Any) -> RawCallback:
        """A message about an object as it is now, signed. `event_id`, `age` and `resource` change it."""
        with self.lock:
            self.events += 1
            found = self.shown(about, name) if name in self.rows.get(about, {}) else {"id": name}
            event = {
                "id": more.get("event_id") or f"WH-{self.events}",
                "event_version": "1.0",
                "event_type": kind,
                "resource": more.get("resource", found),
            }
        body = json.dumps(event, indent=1).encode()
        return RawCallback("/callbacks/token", "", self.headers(body, more.get("age", 0)), body, clock.now())

    def headers(self, body: bytes, age: int = 0) -> dict[str, str]:
        sent = (clock.now() - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "paypal-transmission-id": f"transmission-{self.events}",
            "paypal-transmission-time": sent,
            "paypal-transmission-sig": _signed(f"transmission-{self.events}", sent, WEBHOOK, body),
            "paypal-cert-url": _CERTIFICATE,
            "paypal-auth-algo": "SHA256withRSA",
        }

    # -- HTTP

    def trouble(self, fault: Fault) -> tuple[int, dict[str, Any]] | None:
        return (fault.status, _error(fault.issue)) if fault.kind == "status" else None

    def answered(self, request: Request) -> tuple[int, dict[str, Any]]:
        if request.path == "/v1/oauth2/token":
            return self._token(request)
        if request.headers.get("Authorization") not in [f"Bearer {one}" for one in self.tokens]:
            return 401, {"error": "invalid_token", "error_description": "Token signature verification failed"}
        raw = request.get_data()
        body = json.loads(raw) if raw else None
        self.wrong += faults_of(request.method, request.path, request.args.to_dict(), body)
        if request.path == "/v1/notifications/verify-webhook-signature":
            return 200, _checked(raw, body)
        key = request.headers.get("PayPal-Request-Id", "")
        if request.method == "POST" and not 0 < len(key) <= 108:
            self.keyless.append(f"{request.path} {key}")
        try:
            done = json.loads(json.dumps(self._done(request, body or {}, key)))
            return (204 if request.method == "DELETE" else 200), done
        except Refused as refused:
            return refused.status, {**_error(refused.issue), "links": refused.links}

    def _done(self, request: Request, body: dict[str, Any], key: str) -> dict[str, Any]:
        match [request.method, *request.path.strip("/").split("/")[1:]]:
            case ["POST", "checkout", "orders"]:
                return self.create_order(body, key)
            case ["POST", "checkout", "orders", name, "capture"]:
                return self.capture_order(name, key)
            case ["POST", "payments", "captures", name, "refund"]:
                return self.refund(name, body, key)
            case ["GET", "checkout", "orders", name]:
                return self.show("order", name)
            case ["GET", "payments", "captures", name]:
                return self.show("capture", name)
            case ["GET", "payments", "refunds", name]:
                return self.show("refund", name)
            case ["POST", "vault", "setup-tokens"]:
                return self.create_setup(body, key)
            case ["POST", "vault", "payment-tokens"]:
                return self.exchange_setup(body, key)
            case ["DELETE", "vault", "payment-tokens", name]:
                return self.drop_token(name)
            case ["GET", "vault", "payment-tokens", name]:
                return self.token_with(name)
            case ["GET", "vault", "setup-tokens", name]:
                return self._row("setup", name)
            case ["GET", "customer", "disputes"]:
                return self.disputes_about(request.args["disputed_transaction_id"])
            case ["GET", "customer", "disputes", name]:
                return self.show("dispute", name)
            case ["GET", "notifications", "webhooks", name] if self.webhook and name == WEBHOOK:
                return self.webhook
        raise Refused("RESOURCE_NOT_FOUND", 404)

    def _token(self, request: Request) -> tuple[int, dict[str, Any]]:
        login = request.authorization
        if login is None or (login.username, login.password) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client", "error_description": "Client Authentication failed"}
        if request.form.to_dict() != {"grant_type": "client_credentials"}:
            return 400, {"error": "unsupported_grant_type"}
        self.tokens.append(f"token-{len(self.requests)}")
        told = {"access_token": self.tokens[-1], "token_type": "Bearer", "expires_in": 32400}
        return 200, told | ({"scope": " ".join(self.scopes)} if self.scopes else {})


def _checked(raw: bytes, body: dict[str, Any]) -> dict[str, Any]:
    """The signature is over the bytes of the event just as they stand in the question."""
    event = raw.partition(b'"webhook_event": ')[2][:-1]
    expected = _signed(body["transmission_id"], body["transmission_time"], body["webhook_id"], event)
    mine = body["webhook_id"] == WEBHOOK and hmac.compare_digest(expected, body["transmission_sig"])
    return {"verification_status": "SUCCESS" if mine else "FAILURE"}


def _signed(message: str, sent: str, webhook: str, body: bytes) -> str:
    """PayPal signs with RSA, which we can't; what is signed is the same."""
    told = f"{message}|{sent}|{webhook}|{zlib.crc32(body)}".encode()
    return f"sig{hmac.new(_SIGNS, told, hashlib.sha256).hexdigest()}"


def _error(issue: str) -> dict[str, Any]:
    return {"name": "UNPROCESSABLE_ENTITY", "debug_id": "90957fca61718", "details": [{"issue": issue}]}
