"""A customer's credit as the ledger tells it: what came, what was used, what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.credits._bonus import BONUS
from billhead.actions.credits._top_up import BOUGHT_AHEAD
from billhead.domain.credit import LotKind
from billhead.domain.ledger import AccountCode, Side
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.wording import marked

__all__ = ["Movement", "credit_history"]

_ACCOUNTS = (AccountCode.CREDIT_BOUGHT.value, AccountCode.CREDIT_GIFTED.value)
_WORDS = {
    "payment": marked("Paid too much"),
    "chargeback": marked("Taken back by your bank"),
    "chargeback_won": marked("Given back by your bank"),
    "credit_applied": "Used",
    "credit_gifted": "Given",
    "credit_taken": "Taken back",
    "credit_expired": "Expired",
    "credit_lent": marked("Topped up, to be paid"),
    "credit_lent_back": marked("Taken back, as it was not paid"),
    "refund": "Refunded",
}
_TOPPED_UP = "Topped up"


@dataclass(frozen=True, slots=True)
class Movement:
    """`minor` is below zero for what left; `document` is the number of what it paid, or why it was given."""

    day: date
    what: str
    about: str
    minor: int
    currency: str
    balance_minor: int


def credit_history(session: Session, customer_id: int) -> list[Movement]:
    """The oldest first, each with the balance of its currency after it."""
    signed = LedgerPosting.signed(Side.C)
    rows = session.execute(
        select(LedgerEntry.id, LedgerEntry.day, LedgerEntry.kind, LedgerEntry.key, signed, LedgerAccount.currency)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerPosting.customer_id == customer_id, LedgerAccount.code.in_(_ACCOUNTS))
        .order_by(LedgerEntry.id, LedgerPosting.leg)
    ).all()
    named = _named(session, [(row.kind, row.key) for row in rows])
    special = _topped_up(session, customer_id) | _bonuses(session, customer_id)
    balances: dict[str, int] = {}
    found = []
    for _, day, kind, key, minor, currency in rows:
        balances[currency] = balances.get(currency, 0) + minor
        what = special.get(key) or _WORDS.get(kind, kind.replace("_", " ").capitalize())
        about = "" if what == BONUS else named.get(key, "")
        found.append(Movement(day, what, about, minor, currency, balances[currency]))
    return found


def _named(session: Session, entries: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Entry key → the document that it paid, or what the credit was given for."""
    documents = {key: int(key.split(":")[1]) for kind, key in entries if kind == "credit_applied"}
    lots = {key: int(key.split(":")[1]) for kind, key in entries if kind in ("credit_gifted", "credit_expired")}
    numbers = _texts(session, Document.id, Document.number_text, set(documents.values()))
    reasons = _texts(session, CustomerCredit.id, CustomerCredit.reason, set(lots.values()))
    named = {key: numbers.get(document_id, "") for key, document_id in documents.items()}
    named.update((key, reasons.get(lot_id, "")) for key, lot_id in lots.items())
    return named


def _topped_up(session: Session, customer_id: int) -> dict[str, str]:
    """The keys of the payments that bought credit."""
    lots = select(CustomerCredit.payment_id).where(
        CustomerCredit.customer_id == customer_id, CustomerCredit.reason == BOUGHT_AHEAD
    )
    return {f"payment:{payment_id}": _TOPPED_UP for payment_id in session.scalars(lots)}


def _bonuses(session: Session, customer_id: int) -> dict[str, str]:
    """The keys of the gifts that came with them."""
    lots = select(CustomerCredit.id).where(
        CustomerCredit.customer_id == customer_id,
        CustomerCredit.kind == LotKind.GIFTED.value,
        CustomerCredit.order_id.is_not(None),
    )
    return {f"credit_gifted:{lot_id}": BONUS for lot_id in session.scalars(lots)}


def _texts(session: Session, key: Any, text: Any, ids: set[int]) -> dict[int, str]:
    return dict(session.execute(select(key, text).where(key.in_(ids))).all()) if ids else {}
