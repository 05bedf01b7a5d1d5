"""What a PayPal of our own keeps: orders, captures, refunds, disputes and saved accounts, as PayPal shows them."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["FEE", "Books", "Refused", "Wallet"]

FEE = 48
CENTS = {"HUF": 1, "JPY": 1, "TWD": 1}


class Refused(Exception):
    """PayPal says no."""

    def __init__(self, issue: str, status: int = 422, links: list[dict[str, Any]] | None = None) -> None:
        super().__init__(issue)
        self.status, self.issue, self.links = status, issue, links or []


@dataclass
class Wallet:
    """A payer's account: what happens when it is to pay. "COMPLETED", "PENDING", "DECLINED", or an issue."""

    email: str = "ada@example.org"
    account: str = "QYR5Z8XDVJNXQ"
    behaviour: str = "COMPLETED"
    reason: str = ""
    vaulted: bool = True  # False: PayPal saves it only after the payment


@dataclass
class Books:
    rows: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {kind: {} for kind in ("order", "capture", "refund", "dispute", "setup", "token")}
    )
    wallets: dict[str, Wallet] = field(default_factory=dict)
    payers: dict[str, Wallet] = field(default_factory=dict)  # by order
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)  # what was made first under a key
    asked_under: dict[str, str] = field(default_factory=dict)  # order → the reference that it was made with
    numbers: int = 0

    # -- what the tests do

    def all(self, kind: str) -> list[dict[str, Any]]:
        return list(self.rows[kind].values())

    def save(self, wallet: Wallet | None = None) -> str:
        """A payer's account that was saved earlier; its token."""
        token = self._name("8kk").lower()
        self.wallets[token] = wallet or Wallet()
        return token

    def agree(self, setup: str, wallet: Wallet | None = None) -> None:
        """The payer lets their account be saved without paying."""
        self.rows["setup"][setup]["status"] = "APPROVED"
        self.payers[setup] = wallet or Wallet()

    def approve(self, order: str, wallet: Wallet | None = None) -> str:
        """The payer says yes on PayPal's page."""
        row = self.rows["order"][order]
        row["status"] = "APPROVED"
        payer = self.payers[order] = wallet or Wallet()
        row["payment_source"] = {"paypal": {"email_address": payer.email, "account_id": payer.account}}
        return order

    def charges(self, reference: str) -> int:
        """How often money came in for orders that were made with this reference."""
        mine = {order for order, asked in self.asked_under.items() if asked == reference}
        paid = [one for one in self.all("capture") if one["status"] not in ("DECLINED", "FAILED")]
        return sum(_order(one) in mine for one in paid)

    def order_of(self, reference: str) -> dict[str, Any]:
        return next(self.rows["order"][one] for one, asked in self.asked_under.items() if asked == reference)

    def settle(self, capture: str, status: str = "COMPLETED") -> None:
        """A pending capture is decided."""
        row = self.rows["capture"][capture]
        row["status"] = status
        row.pop("status_details", None)
        if status == "COMPLETED":
            row["seller_receivable_breakdown"] = _receivable(row["amount"])

    def refund_there(self, capture: str, value: str) -> str:
        """Somebody refunds in PayPal's own pages."""
        paid = self.rows["capture"][capture]
        amount = {"value": value, "currency_code": paid["amount"]["currency_code"]}
        return self._refunded(capture, {"amount": amount, "custom_id": paid.get("custom_id")})["id"]

    def dispute(self, capture: str, **about: Any) -> str:
        paid, name = self.rows["capture"][capture], self._name("PP-D-")
        row = {
            "dispute_id": name,
            "disputed_transactions": [{"seller_transaction_id": capture}],
            "reason": "UNAUTHORISED",
            "status": "UNDER_REVIEW",
            "dispute_amount": dict(paid["amount"]),
            "dispute_life_cycle_stage": "CHARGEBACK",
        }
        self.rows["dispute"][name] = row | about
        return name

    # -- what is asked of it

    def create_setup(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        if key not in self.keys:
            name = self._name("5C9")
            links = [
                {"rel": "approve", "href": f"https://paypal.example/agreements/approve?approval_session_id={name}"}
            ]
            self.rows["setup"][name] = {"id": name, "status": "PAYER_ACTION_REQUIRED", "links": links}
            self.keys[key] = ("setup", name)
        return self._row("setup", self.keys[key][1])

    def exchange_setup(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        setup = body["payment_source"]["token"]["id"]
        if key not in self.keys:
            row = self._row("setup", setup)
            if row["status"] != "APPROVED":
                raise Refused("TOKEN_ALREADY_USED" if row["status"] == "VAULTED" else "TOKEN_NOT_APPROVED")
            row["status"], payer = "VAULTED", self.payers[setup]
            token = self.save(payer)
            wallet = {"email_address": payer.email, "account_id": payer.account}
            self.rows["token"][token] = {"id": token, "payment_source": {"paypal": wallet}}
            self.keys[key] = ("token", token)
        return self._row("token", self.keys[key][1])

    def token_with(self, token: str) -> dict[str, Any]:
        payer = self.wallets.get(token)
        if payer is None:
            raise Refused("RESOURCE_NOT_FOUND", 404)
        wallet = {"email_address": payer.email, "account_id": payer.account}
        return {"id": token, "payment_source": {"paypal": wallet}}

    def drop_token(self, token: str) -> dict[str, Any]:
        if self.wallets.pop(token, None) is None:
            raise Refused("RESOURCE_NOT_FOUND", 404)
        return {}

    def create_order(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        source = body.get("payment_source", {}).get("paypal", {})
        if key in self.keys:
            return self.shown("order", self.keys[key][1])
        unit = body["purchase_units"][0]
        invoice = unit.get("invoice_id")
        if invoice and any(one.get("invoice_id") == invoice for one in self.all("capture")):
            raise Refused("DUPLICATE_INVOICE_ID")
        wallet = self.wallets.get(source["vault_id"]) if "vault_id" in source else None
        if "vault_id" in source and wallet is None:
            raise Refused("TOKEN_ID_NOT_FOUND")
        if wallet is not None and wallet.behaviour not in ("COMPLETED", "PENDING", "DECLINED", "WANTS_PAYER"):
            raise Refused(wallet.behaviour)
        name = self._name("5O1")
        status = "PAYER_ACTION_REQUIRED" if source else "CREATED"
        kept = {"attributes": source["attributes"]} if "attributes" in source else {}
        row = {"id": name, "intent": body["intent"], "status": status, "purchase_units": [dict(unit)], "_wallet": kept}
        self.rows["order"][name], self.asked_under[name] = row, unit["custom_id"]
        self.keys[key] = ("order", name)
        if wallet is not None and wallet.behaviour != "WANTS_PAYER":
            self.payers[name] = wallet
            self._captured(name)
        return self.shown("order", name)

    def capture_order(self, order: str, key: str) -> dict[str, Any]:
        row = self._row("order", order)
        if key in self.keys:
            return self.shown("order", order)
        if row["status"] == "COMPLETED":
            raise Refused("ORDER_ALREADY_CAPTURED")
        if row["status"] != "APPROVED":
            raise Refused("ORDER_NOT_APPROVED")
        payer = self.payers[order]
        if payer.behaviour not in ("COMPLETED", "PENDING", "DECLINED"):
            again = [{"rel": "redirect", "href": f"https://www.paypal.example/checkoutnow?token={order}"}]
            raise Refused(payer.behaviour, links=again if payer.behaviour == "INSTRUMENT_DECLINED" else [])
        self._captured(order)
        self.keys[key] = ("order", order)
        return self.shown("order", order)

    def refund(self, capture: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        if key in self.keys:
            return self.rows["refund"][self.keys[key][1]]
        made = self._refunded(capture, body)
        self.keys[key] = ("refund", made["id"])
        return made

    def show(self, kind: str, name: str) -> dict[str, Any]:
        self._row(kind, name)
        return self.shown(kind, name)

    def disputes_about(self, capture: str) -> dict[str, Any]:
        rows = [
            one for one in self.all("dispute") if one["disputed_transactions"][0]["seller_transaction_id"] == capture
        ]
        return {"items": [{"dispute_id": one["dispute_id"], "status": one["status"]} for one in rows]}

    def shown(self, kind: str, name: str) -> dict[str, Any]:
        """An object as it is now; an order with its captures and refunds."""
        row = {field: one for field, one in self.rows[kind][name].items() if not field.startswith("_")}
        if kind != "order":
            return row
        page = f"https://www.paypal.example/checkoutnow?token={name}"
        row["links"] = [{"rel": "payer-action", "href": page, "method": "GET"}] if row["status"] != "COMPLETED" else []
        mine = [one["id"] for one in self.all("capture") if _order(one) == name]
        captures = [{f: one for f, one in self.rows["capture"][c].items() if f != "supplementary_data"} for c in mine]
        refunds = [one for one in self.all("refund") if _up(one) in mine]
        if captures:
            paid: dict[str, Any] = {"captures": captures} | ({"refunds": refunds} if refunds else {})
            row["purchase_units"] = [{**row["purchase_units"][0], "payments": paid}]
        return row

    def _captured(self, order: str) -> None:
        row, payer, name = self.rows["order"][order], self.payers[order], self._name("3C6")
        unit = row["purchase_units"][0]
        made: dict[str, Any] = {
            "id": name,
            "status": payer.behaviour,
            "final_capture": True,
            "supplementary_data": {"related_ids": {"order_id": order}},
        }
        made |= {one: unit[one] for one in ("amount", "custom_id", "invoice_id") if one in unit}
        if payer.behaviour == "COMPLETED" and "amount" in unit:
            made["seller_receivable_breakdown"] = _receivable(unit["amount"])
        if payer.reason:
            made["status_details"] = {"reason": payer.reason}
        self.rows["capture"][name], row["status"] = made, "COMPLETED"
        wallet = {**row["_wallet"], "email_address": payer.email, "account_id": payer.account}
        if "vault" in wallet.get("attributes", {}):
            token = self.save(Wallet(payer.email, payer.account))
            vault = {"id": token, "status": "VAULTED"} if payer.vaulted else {"status": "APPROVED"}
            wallet["attributes"] = {"vault": vault}
        row["payment_source"] = {"paypal": wallet}

    def _refunded(self, capture: str, body: dict[str, Any]) -> dict[str, Any]:
        paid = self._row("capture", capture)
        before = sum(_units(one["amount"]) for one in self.all("refund") if _up(one) == capture)
        if before >= _units(paid["amount"]):
            raise Refused("CAPTURE_FULLY_REFUNDED")
        if before + _units(body["amount"]) > _units(paid["amount"]):
            raise Refused("REFUND_AMOUNT_EXCEEDED")
        name = self._name("1JU")
        up = {"rel": "up", "href": f"https://api-m.paypal.com/v2/payments/captures/{capture}", "method": "GET"}
        made = {"id": name, "status": "COMPLETED", "amount": body["amount"], "links": [up]}
        made |= {one: body[one] for one in ("custom_id", "invoice_id") if body.get(one)}
        self.rows["refund"][name] = made
        paid["status"] = (
            "REFUNDED" if before + _units(body["amount"]) == _units(paid["amount"]) else "PARTIALLY_REFUNDED"
        )
        return made

    def _row(self, kind: str, name: str) -> dict[str, Any]:
        if name not in self.rows[kind]:
            raise Refused("INVALID_RESOURCE_ID", 404)
        return self.rows[kind][name]

    def _name(self, start: str) -> str:
        self.numbers += 1
        return f"{start}{self.numbers:014d}"


def _order(capture: dict[str, Any]) -> str:
    return capture["supplementary_data"]["related_ids"]["order_id"]


def _up(refund: dict[str, Any]) -> str:
    return refund["links"][0]["href"].rpartition("/")[2]


def _units(amount: dict[str, str]) -> int:
    return round(float(amount["value"]) * CENTS.get(amount["currency_code"], 100))


def _receivable(amount: dict[str, str]) -> dict[str, Any]:
    currency = amount["currency_code"]
    fee = f"0.{FEE}" if currency not in CENTS else str(FEE)
    return {"gross_amount": dict(amount), "paypal_fee": {"currency_code": currency, "value": fee}}
