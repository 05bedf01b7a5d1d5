"""Charges and refunds: how they begin, how they end, and what is told to whom."""

import secrets
import time
from typing import Any

from billhead_sandbox.cards import outcomes
from billhead_sandbox.cards.outcomes import FINAL, TestCard, Verdict
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def shown(charge: Row) -> dict[str, Any]:
    """A charge as the API and the callbacks tell it; amounts are minor units."""
    failure = {"class": charge["failure_class"], "code": charge["failure_code"]} if charge["failure_code"] else None
    last4 = charge["card_last4"]
    card = {"brand": charge["card_brand"], "last4": last4, "expires": "12/30"} if last4 else None
    page = f"{charge['base_url']}cards/checkout/{charge['session']}"
    return {
        "id": charge["id"],
        "session": charge["session"],
        "status": charge["status"],
        "amount": charge["amount"],
        "currency": charge["currency"],
        "reference": charge["reference"],
        "failure": failure,
        "token": charge["token"] if charge["off_session"] or charge["status"] == "succeeded" else None,
        "card": card,
        "refunded": charge["refunded"],
        "fee": charge["fee"],
        "action_url": page if charge["status"] == "requires_action" else None,
        "created": charge["created"],
    }


def begin(state: State, wish: Row, base_url: str) -> tuple[Row, Verdict]:
    """A charge without a token waits for its checkout page; with one it is tried at once."""
    token = wish["token"]
    charge: Row = {
        "id": new_id("ch"),
        "session": new_id("cs"),
        "base_url": base_url,
        "status": "requires_action",
        "created": int(time.time()),
        "off_session": int(token is not None),
        **wish,
    }
    state.store.insert("card_charges", charge)
    if token is None:
        tell(state, charge["id"], "charge.requires_action")
        return find(state, charge["id"]), outcomes.CHALLENGE
    verdict = _use_token(state, token)
    if verdict.status == "requires_action":
        state.store.update("card_charges", {"after_challenge": "succeeded"}, "id = ?", (charge["id"],))
        tell(state, charge["id"], "charge.requires_action")
    else:
        conclude(state, charge["id"], verdict)
    return find(state, charge["id"]), verdict


def saved(state: State, token: str) -> Row | None:
    """Test tokens need no saving: each is there when it is first named."""
    known = state.store.row("SELECT * FROM card_tokens WHERE token = ?", (token,))
    if known is None and outcomes.by_token(token, 0) is not outcomes.NO_SUCH_TOKEN:
        state.store.insert("card_tokens", {"token": token, "brand": "visa", "last4": "4242"})
        return saved(state, token)
    return known


def _use_token(state: State, token: str) -> Verdict:
    known = saved(state, token)
    if known is None or known["deleted"]:
        return outcomes.NO_SUCH_TOKEN
    state.store.run("UPDATE card_tokens SET uses = uses + 1 WHERE token = ?", (token,))
    return outcomes.by_token(token, known["uses"])


def find(state: State, charge_id: str) -> Row:
    """The charge by its id; KeyError if there is none. A checkout that nobody finished in time expires here."""
    charge = state.store.row("SELECT * FROM card_charges WHERE id = ?", (charge_id,))
    if charge is None:
        raise KeyError(charge_id)
    age = time.time() - charge["created"]
    if charge["status"] == "requires_action" and age > state.settings["cards"]["session_seconds"]:
        conclude(state, charge_id, Verdict("expired"))
        charge["status"] = "expired"
    return charge


def pay_with(state: State, charge: Row, card: TestCard, *, save: bool) -> Verdict:
    """The customer entered a card on the checkout page."""
    seen: Row = {"card_brand": "visa", "card_last4": card.number[-4:]}
    if save and card.token:
        seen["token"] = f"{card.token}_{secrets.token_hex(6)}"
        token = {"token": seen["token"], "brand": "visa", "last4": seen["card_last4"]}
        state.store.insert("card_tokens", token)
    if card.verdict.status == "requires_action":
        seen["after_challenge"] = "succeeded"
    state.store.update("card_charges", seen, "id = ?", (charge["id"],))
    if card.verdict.status != "requires_action":
        conclude(state, charge["id"], card.verdict)
    return card.verdict


def conclude(state: State, charge_id: str, verdict: Verdict) -> bool:
    """Move an open charge on; False if it had ended already. What is final never changes."""
    row: Row = {
        "status": verdict.status,
        "failure_class": verdict.failure_class,
        "failure_code": verdict.failure_code,
    }
    if verdict.status == "succeeded":
        row["fee"] = _fee(state, charge_id)
    open_still = "id = ? AND status IN ('requires_action', 'processing')"
    if not state.store.update("card_charges", row, open_still, (charge_id,)):
        return False
    tell(state, charge_id, f"charge.{verdict.status}")
    if verdict.status == "processing":
        state.courier.settle_later(charge_id, state.settings["cards"]["processing_ends"])
    return True


def _fee(state: State, charge_id: str) -> int:
    """The processor's share in minor units, rounded down."""
    amount: int = state.store.value("SELECT amount FROM card_charges WHERE id = ?", (charge_id,))
    points: int = state.settings["cards"]["fee_basis_points"]
    return amount * points // 10_000


def settle(state: State, subject: str, status: str) -> None:
    """What was processing ends now; called by the courier."""
    if subject.startswith("re_"):
        _end_refund(state, subject, status)
    else:
        conclude(state, subject, outcomes.OK if status == "succeeded" else outcomes.LATE_DECLINE)


def tell(state: State, charge_id: str, kind: str, data: Row | None = None) -> None:
    """Queue a callback about a charge, or about `data`, to the charge's callback address."""
    charge = state.store.row("SELECT * FROM card_charges WHERE id = ?", (charge_id,))
    if charge is None or not charge["callback_url"]:
        return
    body = {"id": new_id("evt"), "type": kind, "created": int(time.time()), "data": data or shown(charge)}
    final = kind.split(".")[1] in FINAL or kind.startswith("dispute.")
    state.courier.queue(charge_id, kind, charge["callback_url"], body, final=final)


def refund(state: State, charge: Row, amount: int, reference: str) -> Row:
    """Give back a part or all of a charge; the caller has checked that so much is left."""
    status = state.settings["cards"]["refund_status"]
    made: Row = {
        "id": new_id("re"),
        "charge": charge["id"],
        "amount": amount,
        "currency": charge["currency"],
        "reference": reference,
        "status": "processing",
        "created": int(time.time()),
    }
    state.store.insert("card_refunds", made)
    if status == "processing":
        state.courier.settle_later(made["id"], "succeeded")
        tell(state, charge["id"], "refund.processing", shown_refund(made))
    else:
        _end_refund(state, made["id"], status)
    return state.store.row("SELECT * FROM card_refunds WHERE id = ?", (made["id"],)) or made


def _end_refund(state: State, refund_id: str, status: str) -> None:
    row = {"status": status, "failure_code": "account_closed" if status == "failed" else None}
    if not state.store.update("card_refunds", row, "id = ? AND status = 'processing'", (refund_id,)):
        return
    made = state.store.row("SELECT * FROM card_refunds WHERE id = ?", (refund_id,))
    if made is None:
        return
    if status == "failed":
        release(state, made["charge"], made["amount"])
    tell(state, made["charge"], f"refund.{status}", shown_refund(made))


def bounce_refund(state: State, made: Row) -> Row:
    """A refund that had arrived comes back: the payer's account is closed."""
    row = {"status": "failed", "failure_code": "account_closed"}
    if state.store.update("card_refunds", row, "id = ? AND status = 'succeeded'", (made["id"],)):
        release(state, made["charge"], made["amount"])
        tell(state, made["charge"], "refund.failed", shown_refund({**made, **row}))
    return {**made, **row}


def dispute(state: State, charge: Row, status: str, amount: int, fee: int) -> Row:
    """The payer's bank takes a charge back (`opened`), and decides (`won` by the shop, or `lost`)."""
    known = state.store.row("SELECT * FROM card_disputes WHERE charge = ?", (charge["id"],))
    if known is None:
        known = {"id": new_id("dp"), "charge": charge["id"], "amount": amount, "fee": fee, "status": status,
                 "created": int(time.time())}  # fmt: skip
        state.store.insert("card_disputes", known)
    else:
        state.store.update("card_disputes", {"status": status}, "id = ?", (known["id"],))
    told = {**known, "status": status, "currency": charge["currency"], "reference": charge["reference"]}
    tell(state, charge["id"], f"dispute.{status}", told)
    return told


def reserve(state: State, charge_id: str, amount: int) -> bool:
    """Count `amount` as refunded if so much is left, in one statement: two refunds cannot share a cent."""
    sql = "UPDATE card_charges SET refunded = refunded + ? WHERE id = ? AND refunded + ? <= amount"
    return state.store.run(sql, (amount, charge_id, amount)) == 1


def release(state: State, charge_id: str, amount: int) -> None:
    state.store.run("UPDATE card_charges SET refunded = refunded - ? WHERE id = ?", (amount, charge_id))


def shown_refund(made: Row) -> dict[str, Any]:
    names = ("id", "charge", "amount", "currency", "reference", "status", "created")
    failed = made.get("failure_code")
    return {**{name: made[name] for name in names}, "failure": {"class": "hard", "code": failed} if failed else None}
