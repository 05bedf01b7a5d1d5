"""A statement of account as PDF: what was charged and paid between two days, with the balance before and after.

It is the ledger's own view of the customer: receivable and what is lent, less credit, so that the last balance is what
the books say.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from billhead.actions.documents._look import look_of
from billhead.actions.documents._paper import frame, party, title_of
from billhead.actions.documents._shown import customer_party, issuer_party
from billhead.actions.documents._typeset import typeset
from billhead.actions.ledger.post import CUSTOMER_ACCOUNTS
from billhead.domain.errors import InvalidInput
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.payments import Payment
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.wording import Wording, wording

__all__ = ["render_statement"]

_OWN = tuple(account.value for account in CUSTOMER_ACCOUNTS)
_KINDS = {
    "payment": "Payment",
    "refund": "Refund",
    "refund_failed": "Refund",
    "chargeback": "Chargeback",
    "chargeback_won": "Chargeback",
    "write_off": "Written off",
    "opening_balance": "Balance brought over",
    "bought": "Credit",
    "gifted": "Credit",
    "grant": "Credit",
    "expired": "Credit that ended",
}
_MOST = 2000


class Movement(NamedTuple):
    """`minor`: above zero the customer owes more, below zero less."""

    day: date
    what: str
    minor: int


def render_statement(session: Session, customer: Customer, start: date, end: date, *, language: str = "") -> bytes:
    """From the first day to the day before `end`, in the customer's currency.

    Raises InvalidInput when there is no day between them, or more happened than a statement holds.
    """
    if start >= end:
        raise InvalidInput("end", f"must be after {start}, got {end}")
    words = wording(language or customer.language)
    seller = session.get_one(Seller, customer.seller_id)
    look = look_of(session, seller.id)
    opening = _balance(session, customer, start)
    movements = list(_movements(session, customer, start, end, words))
    if len(movements) > _MOST:
        raise InvalidInput("start", f"more than {_MOST} things happened since {start}", hint="Choose a shorter time.")
    issuer, buyer = issuer_party(session, None, seller), customer_party(session, None, customer)
    facts = [(words.say("Period"), words.period(start, end)), (words.say("Customer number"), str(customer.id))]
    closing = opening + sum(one.minor for one in movements)
    currency = customer.currency
    data: dict[str, Any] = {
        **frame(issuer, words, words.say("Statement of account"), words.period(start, end), look.accent),
        "buyer": party(buyer, words, buyer=True),
        "buyer_label": words.say("For"),
        "facts": facts,
        "headline": {"amount": words.money(abs(closing), currency), "text": words.say(_meaning(closing))},
        "amounts_in": words.say("Amounts in %(currency)s", currency=currency),
        "columns": [
            {"label": words.say(label), "number": at > 0}
            for at, label in enumerate(("Description", "Date", "Charged", "Paid", "Balance"))
        ],
        "rows": list(_rows(opening, movements, start, currency, words)),
        "sums": [{"label": words.say("Balance"), "amount": words.money(closing, currency), "weight": "total"}],
        "tax_head": [],
        "taxes": [],
        "payments_label": "",
        "payments": [],
        "pay": None,
        "notes": [],
    }
    return typeset("document", data, look.logo, archivable=False)


def _meaning(balance: int) -> str:
    if not balance:
        return "nothing is owed"
    return "you owe" if balance > 0 else "in your favour"


def _own(customer: Customer) -> Any:
    account = LedgerAccount
    return and_(
        LedgerPosting.customer_id == customer.id,
        account.code.in_(_OWN),
        account.currency == customer.currency,
    )


def _balance(session: Session, customer: Customer, before: date) -> int:
    query = (
        select(func.coalesce(func.sum(LedgerPosting.signed()), 0))
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(_own(customer), LedgerEntry.day < before)
    )
    return int(session.scalar(query) or 0)


def _movements(session: Session, customer: Customer, start: date, end: date, words: Wording) -> Iterator[Movement]:
    """One per entry that changes the balance; credit that pays an invoice moves nothing between them."""
    moved = func.sum(LedgerPosting.signed())
    entries = session.execute(
        select(LedgerEntry.id, LedgerEntry.day, LedgerEntry.kind, moved.label("minor"))
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(_own(customer), LedgerEntry.day >= start, LedgerEntry.day < end)
        .group_by(LedgerEntry.id, LedgerEntry.day, LedgerEntry.kind)
        .having(moved != 0)
        .order_by(LedgerEntry.day, LedgerEntry.id)
        .limit(_MOST + 1)
    ).all()
    names = _names(session, customer, [entry.id for entry in entries], words)
    for entry in entries:
        kind = words.say(_KINDS.get(entry.kind, "Correction"))
        yield Movement(entry.day, names.get(entry.id, kind), int(entry.minor))


def _names(session: Session, customer: Customer, entries: Sequence[int], words: Wording) -> dict[int, str]:
    """What stands behind the entries: "Invoice 2026-000012", "Payment pi_3f…"."""
    if not entries:
        return {}
    first, last = min(entries), max(entries)
    documents = session.execute(
        select(Document.entry_id, Document.kind, Document.number_text).where(
            Document.customer_id == customer.id, Document.entry_id.between(first, last)
        )
    )
    payments = session.execute(
        select(Payment.entry_id, Payment.provider_ref).where(
            Payment.customer_id == customer.id, or_(Payment.entry_id.between(first, last))
        )
    )
    named = {entry_id: f"{title_of(kind, words)} {number}" for entry_id, kind, number in documents if entry_id}
    named |= {entry_id: f"{words.say('Payment')} {ref}" for entry_id, ref in payments if entry_id}
    return named


def _rows(
    opening: int, movements: Sequence[Movement], start: date, currency: str, words: Wording
) -> Iterator[dict[str, Any]]:
    balance = opening
    before = [words.day(start), "", "", words.number(balance, currency)]
    yield {"what": words.say("Balance before"), "period": "", "cells": before}
    for one in movements:
        balance += one.minor
        charged = words.number(one.minor, currency) if one.minor > 0 else ""
        paid = words.number(-one.minor, currency) if one.minor < 0 else ""
        cells = [words.day(one.day), charged, paid, words.number(balance, currency)]
        yield {"what": one.what, "period": "", "cells": cells}
