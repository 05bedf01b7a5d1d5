"""A BTCPay Server of our own over a real socket: invoices that are paid in coins, pull payments that are claimed,
messages as it signs them, and answers that never come. What it is sent is held against the published description.

    with FakeBTCPay() as btcpay:
        …                                          a gateway works against btcpay.url
        btcpay.pay(invoice, "12.55")               the payer sends coins of that worth, and they are confirmed
        btcpay.callback(invoice)                   what the server says of it, signed
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal
from typing import Any

from btcpay_spec import faults_of
from fake_provider import FakeProvider, Fault
from werkzeug.wrappers import Request

from billhead import clock
from billhead.plugin import RawCallback

__all__ = ["KEY", "PERMISSIONS", "SECRET", "STORE", "FakeBTCPay"]

KEY, SECRET, STORE = (
    "key-of-the-tests-0123456789",
    "webhook-secret-of-the-tests",
    "9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776",
)
PERMISSIONS = (
    "btcpay.store.cancreateinvoice",
    "btcpay.store.canviewinvoices",
    "btcpay.store.canmanagepullpayments",
    "btcpay.store.canviewstoresettings",
)
RATES = {"BTC-CHAIN": Decimal(50000), "BTC-LN": Decimal(50000)}
_SAT = Decimal("0.00000001")
_DECIMALS = {"JPY": 0, "KWD": 3}
_EVENTS = {"New": "InvoiceReceivedPayment", "Processing": "InvoiceProcessing"}

Json = dict[str, Any]


@dataclass
class FakeBTCPay(FakeProvider):
    invoices: dict[str, Json] = field(default_factory=dict)
    methods: dict[str, list[Json]] = field(default_factory=dict)  # by invoice
    pull_payments: dict[str, Json] = field(default_factory=dict)
    claims: dict[str, list[Json]] = field(default_factory=dict)  # by pull payment
    permissions: tuple[str, ...] = tuple(f"{one}:{STORE}" for one in PERMISSIONS)
    enabled: tuple[str, ...] = ("BTC-CHAIN", "BTC-LN")

    # -- what payers, time and staff do

    def made_for(self, key: str) -> list[Json]:
        return [one for one in self.invoices.values() if one["metadata"].get("orderId") == key]

    def pay(self, invoice: str, worth: str, *, method: str = "BTC-CHAIN", status: str = "Settled") -> Json:
        """Coins of this worth in the invoice's currency; nobody can send less than a satoshi more or less."""
        way = next(one for one in self.methods[invoice] if one["paymentMethodId"] == method)
        coins = (Decimal(worth) / Decimal(way["rate"])).quantize(_SAT, ROUND_UP)
        payment = {
            "id": f"{invoice}-{self._next()}",
            "receivedDate": int(clock.now().timestamp()),
            "value": f"{coins:f}",
            "fee": "0.0",
            "status": status,
            "destination": way["destination"],
        }
        way["payments"].append(payment)
        self._count(invoice)
        return payment

    def confirm(self, invoice: str, status: str = "Settled") -> None:
        """What was not confirmed is; "Invalid": it was replaced and does not count."""
        for payment in self.payments(invoice):
            if payment["status"] == "Processing":
                payment["status"] = status
        self._count(invoice)

    def expire(self, invoice: str) -> None:
        row = self.invoices[invoice]
        if row["status"] == "New":
            row["status"] = "Expired"

    def mark(self, invoice: str, status: str) -> None:
        self.invoices[invoice] |= {"status": status, "additionalStatus": "Marked"}

    def payments(self, invoice: str) -> list[Json]:
        return [payment for way in self.methods[invoice] for payment in way["payments"]]

    def claim(self, pull_payment: str, amount: str, state: str = "Completed") -> Json:
        about = self.pull_payments[pull_payment]
        made = {
            "id": f"payout-{self._next()}",
            "revision": 0,
            "pullPaymentId": pull_payment,
            "date": str(int(clock.now().timestamp())),
            "destination": "bc1qpayer",
            "originalCurrency": about["currency"],
            "originalAmount": amount,
            "payoutCurrency": "BTC",
            "payoutMethodId": "BTC-CHAIN",
            "state": state,
        }
        self.claims[pull_payment].append(made)
        return made

    def _count(self, invoice: str) -> None:
        """The state as the server has it: paid in time or late, in part, over, confirmed or not."""
        row, ways = self.invoices[invoice], self.methods[invoice]
        counted = [one for one in self.payments(invoice) if one["status"] != "Invalid"]
        price = Decimal(row["amount"])
        paid = sum(
            (Decimal(one["value"]) * Decimal(way["rate"]) for way in ways for one in way["payments"] if one in counted),
            Decimal(0),
        )
        decimals = Decimal(1).scaleb(-_DECIMALS.get(row["currency"], 2))
        row["paidAmount"] = f"{paid.quantize(decimals, ROUND_HALF_EVEN):f}"
        due = [(price / Decimal(way["rate"])).quantize(_SAT, ROUND_UP) * Decimal(way["rate"]) for way in ways]
        enough, over = paid >= price, paid > max(due)
        if row["status"] in ("Settled", "Invalid"):
            return  # it is over: payments are listed still, and change nothing
        if row["status"] == "Expired":
            row["additionalStatus"] = "PaidLate" if enough else "PaidPartial" if paid else "None"
        elif not enough:
            row |= {"status": "New", "additionalStatus": "PaidPartial" if paid else "None"}
        else:
            settled = all(one["status"] == "Settled" for one in counted)
            row |= {
                "status": "Settled" if settled else "Processing",
                "additionalStatus": "PaidOver" if over else "None",
            }

    # -- messages

    def callback(self, invoice: str, *, kind: str = "", event_id: str = "", **more: Any) -> RawCallback:
        row = self.invoices[invoice]
        told = {"storeId": STORE, "invoiceId": invoice, "metadata": row["metadata"]}
        return self.signed(kind or _EVENTS.get(row["status"], f"Invoice{row['status']}"), event_id, {**told, **more})

    def payout_callback(self, pull_payment: str, event_id: str = "") -> RawCallback:
        return self.signed("PayoutUpdated", event_id, {"storeId": STORE, "pullPaymentId": pull_payment})

    def signed(self, kind: str, event_id: str, about: Json, secret: str = SECRET) -> RawCallback:
        number = self._next()
        event = {
            "deliveryId": f"delivery-{number}",
            "webhookId": "webhook-1",
            "originalDeliveryId": event_id or f"delivery-{number}",
            "isRedelivery": bool(event_id),
            "type": kind,
            "timestamp": int(clock.now().timestamp()),
            **about,
        }
        body = json.dumps(event, indent=2).encode()
        proof = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return RawCallback("/callbacks/token", "", {"btcpay-sig": f"sha256={proof}"}, body, clock.now())

    def _next(self) -> int:
        with self.lock:
            self.events += 1
            return self.events

    # -- HTTP

    def trouble(self, fault: Fault) -> tuple[int, Any] | None:
        return (fault.status, {"code": fault.issue, "message": "no"}) if fault.kind == "status" else None

    def answered(self, request: Request) -> tuple[int, Any]:
        if request.headers.get("Authorization") != f"token {KEY}":
            return 401, {}
        raw = request.get_data()
        body = json.loads(raw) if raw else None
        self.wrong += faults_of(request.method, request.path, request.args.to_dict(), body)
        match [request.method, *request.path.removeprefix("/api/v1/").split("/")]:
            case ["GET", "api-keys", "current"]:
                return 200, {"apiKey": KEY, "label": "Billhead", "permissions": list(self.permissions)}
            case ["GET" | "POST", "stores", str(store), *_] if store != STORE:
                return 404, {"code": "store-not-found", "message": "The store was not found"}
            case ["GET", "stores", _, "payment-methods"]:
                return 200, [{"enabled": True, "paymentMethodId": one} for one in self.enabled]
            case ["GET", "stores", _, "invoices"]:
                return 200, self.made_for(request.args["orderId"])
            case ["POST", "stores", _, "invoices"]:
                return self._invoice(body)
            case [_, "stores", _, "invoices", str(name), *rest]:
                return self._about(name, rest, body)
            case ["GET", "stores", _, "pull-payments"]:
                return 200, list(self.pull_payments.values())
            case ["GET", "pull-payments", str(name)] if name in self.pull_payments:
                return 200, self.pull_payments[name]
            case ["GET", "pull-payments", str(name), "payouts"]:
                return 200, self.claims[name]
        return 404, {"code": "not-found", "message": "There is no such thing"}

    def _invoice(self, wish: Json) -> tuple[int, Any]:
        if wish["currency"] == "XAF":
            return 400, [{"path": "currency", "message": "The currency is <b>not</b> supported"}]
        name, now, checkout = f"inv{self._next()}", int(clock.now().timestamp()), wish["checkout"]
        expires = now + checkout["expirationMinutes"] * 60
        self.invoices[name] = {
            "id": name,
            "storeId": STORE,
            "amount": wish["amount"],
            "paidAmount": "0",
            "currency": wish["currency"],
            "type": "Standard",
            "checkoutLink": f"{self.url}/i/{name}",
            "createdTime": now,
            "expirationTime": expires,
            "monitoringExpiration": expires + checkout["monitoringMinutes"] * 60,
            "status": "New",
            "additionalStatus": "None",
            "availableStatusesForManualMarking": ["Settled", "Invalid"],
            "archived": False,
            "metadata": wish["metadata"],
            "checkout": checkout,
        }
        self.methods[name] = [_way(one, name) for one in checkout.get("paymentMethods") or self.enabled]
        return 200, self.invoices[name]

    def _about(self, name: str, rest: list[str], body: Any) -> tuple[int, Any]:
        if name not in self.invoices:
            return 404, {"code": "invoice-not-found", "message": "The invoice was not found"}
        match rest:
            case []:
                return 200, self.invoices[name]
            case ["payment-methods"]:
                return 200, self.methods[name]
            case ["refund"]:
                return self._refund(name, body)
        return 404, {}

    def _refund(self, invoice: str, wish: Json) -> tuple[int, Any]:
        if self.invoices[invoice]["status"] not in ("Settled", "Expired", "Invalid"):
            return 400, {"code": "non-refundable", "message": "Cannot refund this invoice"}
        name = f"pp{self._next()}"
        self.pull_payments[name] = {
            "id": name,
            "name": wish["name"],
            "description": "",
            "currency": wish["customCurrency"],
            "amount": wish["customAmount"],
            "autoApproveClaims": False,
            "archived": False,
            "viewLink": f"{self.url}/pull-payments/{name}",
        }
        self.claims[name] = []
        return 200, self.pull_payments[name]


def _way(method: str, invoice: str) -> Json:
    return {
        "paymentMethodId": method,
        "currency": method.partition("-")[0],
        "destination": f"{method}-{invoice}",
        "paymentLink": f"bitcoin:{invoice}",
        "rate": f"{RATES[method]:f}",
        "paymentMethodPaid": "0",
        "totalPaid": "0",
        "due": "0",
        "amount": "0",
        "paymentMethodFee": "0",
        "payments": [],
        "activated": True,
    }
