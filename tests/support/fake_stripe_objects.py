"""What the stand-in for Stripe keeps, and what becomes of it: pages, payments, refunds, disputes, payouts."""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Card", "Ledger", "Refused"]

_PREFIX = {
    "customer": "cus", "checkout.session": "cs_test", "payment_intent": "pi", "setup_intent": "seti", "charge": "ch",
    "payment_method": "pm", "refund": "re", "dispute": "dp", "balance_transaction": "txn", "payout": "po",
    "webhook_endpoint": "we",
}  # fmt: skip
_PATHS = {
    "customers": "customer", "checkout/sessions": "checkout.session", "payment_intents": "payment_intent",
    "setup_intents": "setup_intent", "charges": "charge", "payment_methods": "payment_method", "refunds": "refund",
    "disputes": "dispute", "payouts": "payout", "webhook_endpoints": "webhook_endpoint",
    "balance_transactions": "balance_transaction",
}  # fmt: skip


class Refused(Exception):
    def __init__(self, status: int, **error: Any) -> None:
        super().__init__(error)
        self.status, self.error = status, {"type": "invalid_request_error", "message": error.get("code", ""), **error}


@dataclass(frozen=True)
class Card:
    """How a card behaves. `off_session` is what it does without its payer; `fee` is what Stripe keeps."""

    last4: str = "4242"
    brand: str = "visa"
    off_session: str = "succeeded"  # or "processing", "authentication", "requires_action", or a decline code
    fingerprint: str = "AOB934RVNwzk6xtn"
    kind: str = "card"
    fee: int = 30


GOOD = Card()


@dataclass
class Ledger:
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)  # by payment method
    made: int = 0

    # -- what a test asks and does

    def shown(self, what: str, key: str, expand: tuple[str, ...] = ()) -> dict[str, Any]:
        row = deepcopy(self.rows[what][key])
        for path in expand:
            self._expand(row, path.split("."))
        return row

    def all(self, what: str) -> list[dict[str, Any]]:
        return list(self.rows.get(what, {}).values())

    def charges(self, reference: str) -> int:
        """How often money moved for this reference of ours."""
        paid = [i for i in self.all("payment_intent") if i["status"] == "succeeded"]
        return len([i for i in paid if i["metadata"].get("billhead_reference") == reference])

    def card(self, card: Card, customer: str | None = None) -> str:
        """A payment method, saved for a customer or not."""
        about: dict[str, Any] = {"last4": card.last4, "fingerprint": card.fingerprint}
        if card.kind == "card":
            about |= {"brand": card.brand, "display_brand": card.brand, "exp_month": 8, "exp_year": 2030}
        row = self._new("payment_method", type=card.kind, customer=customer, livemode=False, **{card.kind: about})
        self.cards[row["id"]] = card
        return row["id"]

    def pay(self, session: str, card: Card = GOOD, *, delayed: bool = False) -> str:
        """The payer pays on the page; returns the payment. A `delayed` one is settled later by `settle`."""
        page = self.rows["checkout.session"][session]
        intent = self._intent_of(page)
        method = self.card(card, page["customer"] if intent["setup_future_usage"] else None)
        intent["payment_method"] = method
        page["status"], page["url"] = "complete", None
        if delayed:
            intent["status"] = "processing"
        else:
            self._succeed(intent, card)
            page["payment_status"] = "paid"
        return str(intent["id"])

    def save(self, session: str, card: Card = GOOD) -> None:
        """The customer saves a card on a page in setup mode."""
        page = self.rows["checkout.session"][session]
        intent = self._new(
            "setup_intent", customer=page["customer"], status="succeeded", usage="off_session", livemode=False,
            payment_method=self.card(card, page["customer"]), metadata=page["metadata"],
        )  # fmt: skip
        page |= {"status": "complete", "url": None, "setup_intent": intent["id"]}

    def fail_on_page(self, session: str, code: str = "insufficient_funds") -> str:
        """A card is declined; the page stays open for another one."""
        intent = self._intent_of(self.rows["checkout.session"][session])
        intent["status"], intent["last_payment_error"] = "requires_payment_method", _declined(code)
        return str(intent["id"])

    def settle(self, intent: str, *, well: bool = True) -> None:
        """A delayed payment ends."""
        row = self.rows["payment_intent"][intent]
        page = next((p for p in self.all("checkout.session") if p["payment_intent"] == intent), None)
        if well:
            self._succeed(row, self.cards[row["payment_method"]])
        else:
            row["status"], row["last_payment_error"] = "requires_payment_method", _declined("insufficient_funds")
        if page is not None:
            page["payment_status"] = "paid" if well else "unpaid"

    def expire(self, session: str) -> None:
        self.rows["checkout.session"][session] |= {"status": "expired", "url": None}

    def dispute(self, intent: str, *, status: str = "needs_response", fee: int = 1500, withdrawn: bool = True) -> str:
        row = self.rows["payment_intent"][intent]
        made = self._new(
            "dispute", payment_intent=intent, charge=row["latest_charge"], amount=row["amount"], livemode=False,
            currency=row["currency"], status=status, reason="fraudulent", balance_transactions=[],
        )  # fmt: skip
        if withdrawn:
            self.withdraw(made["id"], fee)
        return str(made["id"])

    def withdraw(self, dispute: str, fee: int = 1500) -> None:
        row = self.rows["dispute"][dispute]
        row["balance_transactions"].append(self._booked(-row["amount"], fee, row["currency"], "adjustment"))

    def decide(self, dispute: str, status: str) -> None:
        row = self.rows["dispute"][dispute]
        row["status"] = status
        if status == "won" and row["balance_transactions"]:
            row["balance_transactions"].append(self._booked(row["amount"], 0, row["currency"], "adjustment"))

    def payout(self, amount: int, *, status: str = "paid", currency: str = "eur") -> str:
        row = self._new("payout", amount=amount, currency=currency, status=status, livemode=False, failure_code=None)
        return str(row["id"])

    def endpoint(self, url: str, events: list[str]) -> dict[str, Any]:
        return self._new("webhook_endpoint", url=url, status="enabled", enabled_events=events)

    def refund_there(self, intent: str, amount: int) -> str:
        """Somebody refunds in the dashboard."""
        return str(self._refund({"payment_intent": intent, "amount": amount})["id"])

    # -- the API

    def answer(self, method: str, path: str, params: dict[str, Any]) -> Any:
        expand = tuple(params.pop("expand", []))
        noun, key, verb = _split(path)
        if verb:
            row = self._row(noun, key)
            acts = {("payment_intent", "cancel"): self._cancel, ("payment_method", "detach"): self._detach}
            acts[(noun, verb)](row)
            return self.shown(noun, key, expand)
        if method == "DELETE":
            self._row(noun, key)
            self.rows[noun][key] = {"id": key, "object": noun, "deleted": True}
            return self.rows[noun][key]
        if method == "GET" and key:
            self._row(noun, key)
            return self.shown(noun, key, expand)
        if method == "GET":
            return self._listed(noun, params)
        makers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "customer": self._customer, "checkout.session": self._session, "payment_intent": self._intent,
            "refund": self._refund,
        }  # fmt: skip
        row = makers[noun](params)
        return self.shown(noun, row["id"], expand)

    def _listed(self, noun: str, params: dict[str, Any]) -> dict[str, Any]:
        limit, after = int(params.pop("limit", 10)), params.pop("starting_after", None)
        rows = [row for row in self.all(noun) if all(row.get(name) == value for name, value in params.items())][::-1]
        if after is not None:
            at = next(i for i, row in enumerate(rows) if row["id"] == after)
            rows = rows[at + 1 :]
        page = [self.shown(noun, row["id"]) for row in rows[:limit]]
        return {"object": "list", "data": page, "has_more": len(rows) > limit, "url": ""}

    def _row(self, noun: str, key: str) -> dict[str, Any]:
        row = self.rows.get(noun, {}).get(key)
        if row is None:
            raise Refused(404, code="resource_missing", param=noun)
        return row

    def _customer(self, wish: dict[str, Any]) -> dict[str, Any]:
        return self._new("customer", email=wish.get("email"), name=wish["name"], metadata=wish["metadata"])

    def _session(self, wish: dict[str, Any]) -> dict[str, Any]:
        if wish["mode"] == "setup":
            return self._setup(wish)
        (line,) = wish["line_items"]
        self._row("customer", wish["customer"])
        price, payment = line["price_data"], wish["payment_intent_data"]
        row = self._new(
            "checkout.session", customer=wish["customer"], client_reference_id=wish["client_reference_id"],
            status="open", payment_status="unpaid", mode="payment", amount_total=int(price["unit_amount"]),
            currency=price["currency"], metadata=wish.get("metadata", {}), payment_intent=None, livemode=False,
            success_url=wish["success_url"], cancel_url=wish["cancel_url"],
        )  # fmt: skip
        row["url"] = f"https://checkout.stripe.example/c/pay/{row['id']}"
        self._later[row["id"]] = payment
        return row

    def _setup(self, wish: dict[str, Any]) -> dict[str, Any]:
        self._row("customer", wish["customer"])
        row = self._new(
            "checkout.session", customer=wish["customer"], client_reference_id=wish["client_reference_id"],
            status="open", payment_status="no_payment_required", mode="setup", amount_total=None, livemode=False,
            currency=wish["currency"], metadata=wish["metadata"], payment_intent=None, setup_intent=None,
            success_url=wish["success_url"], cancel_url=wish["cancel_url"],
        )  # fmt: skip
        row["url"] = f"https://checkout.stripe.example/c/pay/{row['id']}"
        return row

    def _intent(self, wish: dict[str, Any]) -> dict[str, Any]:
        row = self._blank_intent(wish)
        if wish.get("confirm") != "true":
            return row
        self._row("customer", wish["customer"])
        method = self._row("payment_method", wish["payment_method"])
        if method["customer"] != wish["customer"]:
            raise Refused(400)
        card = self.cards[method["id"]]
        row["payment_method"] = method["id"]
        match card.off_session:
            case "succeeded":
                self._succeed(row, card)
            case "processing" | "requires_action":
                row["status"] = card.off_session
            case code:
                error = _declined("authentication_required" if code == "authentication" else code)
                row["status"], row["last_payment_error"] = "requires_payment_method", error
                raise Refused(402, **error, payment_intent=self.shown("payment_intent", row["id"]))
        return row

    def _cancel(self, row: dict[str, Any]) -> None:
        if row["status"] in ("succeeded", "canceled", "processing"):
            raise Refused(400, code="payment_intent_unexpected_state")
        row["status"] = "canceled"

    def _detach(self, row: dict[str, Any]) -> None:
        if not row.get("customer"):
            raise Refused(400)
        row["customer"] = None

    def _refund(self, wish: dict[str, Any]) -> dict[str, Any]:
        intent = self._row("payment_intent", wish["payment_intent"])
        charge = self.rows["charge"][intent["latest_charge"]]
        amount = int(wish["amount"])
        if amount > charge["amount"] - charge["amount_refunded"]:
            raise Refused(400, code="charge_already_refunded")
        charge["amount_refunded"] += amount
        return self._new(
            "refund", payment_intent=intent["id"], charge=charge["id"], amount=amount, currency=intent["currency"],
            status="succeeded", metadata=wish.get("metadata", {}), reason=wish.get("reason"),
        )  # fmt: skip

    # -- what happens inside

    @property
    def _later(self) -> dict[str, dict[str, Any]]:
        """What a page will pay with, once its payer begins."""
        return self.rows.setdefault("_later", {})

    def _intent_of(self, page: dict[str, Any]) -> dict[str, Any]:
        if page["payment_intent"] is None:
            wish = {"amount": page["amount_total"], "currency": page["currency"], "customer": page["customer"]}
            page["payment_intent"] = self._blank_intent({**wish, **self._later[page["id"]]})["id"]
        return self.rows["payment_intent"][page["payment_intent"]]

    def _blank_intent(self, wish: dict[str, Any]) -> dict[str, Any]:
        return self._new(
            "payment_intent", amount=int(wish["amount"]), amount_received=0, currency=wish["currency"],
            customer=wish.get("customer"), metadata=wish.get("metadata", {}), description=wish.get("description"),
            setup_future_usage=wish.get("setup_future_usage"), payment_method=None, latest_charge=None,
            last_payment_error=None, status="requires_payment_method", livemode=False,
        )  # fmt: skip

    def _succeed(self, intent: dict[str, Any], card: Card) -> None:
        booked = self._booked(intent["amount"], card.fee, intent["currency"], "charge")
        charge = self._new(
            "charge", payment_intent=intent["id"], amount=intent["amount"], amount_refunded=0, livemode=False,
            currency=intent["currency"], balance_transaction=booked["id"], status="succeeded",
        )  # fmt: skip
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"]}
        intent["last_payment_error"] = None

    def _booked(self, amount: int, fee: int, currency: str, kind: str) -> dict[str, Any]:
        return self._new("balance_transaction", amount=amount, fee=fee, net=amount - fee, currency=currency, type=kind)

    def _new(self, what: str, **values: Any) -> dict[str, Any]:
        self.made += 1
        key = f"{_PREFIX[what]}_{self.made:06d}"
        row = {"id": key, "object": what, **values}
        self.rows.setdefault(what, {})[key] = row
        return row

    def _expand(self, row: dict[str, Any], path: list[str]) -> None:
        name, *rest = path
        inner = row.get(name)
        if isinstance(inner, str):
            what = "charge" if name == "latest_charge" else name
            row[name] = inner = deepcopy(self.rows[what][inner])
        if isinstance(inner, dict) and rest:
            self._expand(inner, rest)


def _declined(code: str) -> dict[str, Any]:
    if code in ("authentication_required", "expired_card"):
        return {"type": "card_error", "code": code, "message": "Your card was declined."}
    return {"type": "card_error", "code": "card_declined", "decline_code": code, "message": "Your card was declined."}


def _split(path: str) -> tuple[str, str, str]:
    for name, noun in _PATHS.items():
        found = re.fullmatch(rf"/v1/{name}(?:/(\w+))?(?:/(\w+))?", path)
        if found:
            return noun, found[1] or "", found[2] or ""
    raise Refused(404, code="resource_missing", param=path)
