"""Earn deferred revenue by the day: one entry per seller, currency and day, over all that was invoiced.

What a line has earned by the end of a day is a function of the line alone: its net amount times the days that have
passed, divided by its days, rounded towards zero; by its last day, all of it. Before the day on which its document was
issued it earns nothing, from the day on which that was voided on neither: so what is billed afterwards or credited is
earned, or given back, for all days before on the day of issue, and it is the same whenever this runs. A day's entry is
the sum over all lines less what was recognised before. So nothing is earned twice, a line's days sum to its net amount,
and what was written for a day that is booked already is made good in the next entry.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from billhead.actions.ledger.post import post
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.document import Kind, State
from billhead.domain.ledger import AccountCode, Side, credit, debit
from billhead.domain.money import Money
from billhead.domain.periods import local_date
from billhead.models.documents import Document, DocumentLine
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.sellers import Seller

__all__ = ["Recognised", "recognise"]

_KIND = "recognition"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Recognised:
    """`earned` by currency, in minor units; below zero where more was credited than earned."""

    entries: int
    earned: dict[str, int]


def recognise(ctx: Context, at: date | datetime) -> Recognised:
    """Recognise through a date, or through the last day that is over in each seller's zone at an instant.

    It owns its transactions, one per seller and day, and does nothing for days that are booked already.
    """
    with reading() as session:
        zones = session.execute(select(Seller.id, Seller.zone).order_by(Seller.id)).all()
    entries, earned = 0, dict[str, int]()
    for seller_id, zone in zones:
        through = local_date(at, zone) - _DAY if isinstance(at, datetime) else at
        with reading() as session:
            days = list(_missing(session, seller_id, through))
        for day in days:
            with reading() as session:
                amounts = _open_amounts(session, seller_id, day)
            if not amounts:
                continue
            with writing(ctx) as tx:
                for currency, minor in amounts.items():
                    key = f"{_KIND}:{seller_id}:{currency}:{day.isoformat()}"
                    if tx.session.scalar(select(LedgerEntry.id).where(LedgerEntry.key == key)) is not None:
                        continue
                    amount = Money(abs(minor), currency)
                    earns = debit(AccountCode.DEFERRED_REVENUE, amount), credit(AccountCode.REVENUE, amount)
                    returns = debit(AccountCode.REVENUE, amount), credit(AccountCode.DEFERRED_REVENUE, amount)
                    post(tx, seller_id, _KIND, day, key, earns if minor > 0 else returns)
                    entries += 1
                    earned[currency] = earned.get(currency, 0) + minor
    return Recognised(entries, earned)


def _missing(session: Session, seller_id: int, through: date) -> Iterator[date]:
    """The days from the last one that was booked, or from the first document."""
    last = session.scalar(
        select(func.max(LedgerEntry.day)).where(LedgerEntry.seller_id == seller_id, LedgerEntry.kind == _KIND)
    )
    first = session.scalar(
        select(func.min(Document.issued_on)).where(Document.seller_id == seller_id, Document.number.is_not(None))
    )
    day = last + _DAY if last is not None else first
    while day is not None and day <= through:
        yield day
        day += _DAY


def _open_amounts(session: Session, seller_id: int, day: date) -> dict[str, int]:
    """Currency → what is earned by the end of the day and not recognised yet; without those of zero."""
    line, sign = DocumentLine, case((Document.kind == Kind.CREDIT_NOTE, -1), else_=1)
    tomorrow = day + _DAY
    passed = _days(session, line.period_start, literal(tomorrow))
    # both databases divide whole numbers to whole numbers, rounding towards zero
    part = (line.net_minor * passed).op("/")(_days(session, line.period_start, line.period_end))
    earned = case(
        (line.period_start.is_(None), line.net_minor),
        (line.period_end <= tomorrow, line.net_minor),
        (line.period_start <= day, part),
        else_=0,
    )
    rows = session.execute(
        select(Document.currency, func.sum(sign * earned))
        .join(Document, Document.id == line.document_id)
        .outerjoin(LedgerEntry, and_(LedgerEntry.id == Document.closing_entry_id, Document.state == State.VOID))
        .where(
            Document.seller_id == seller_id,
            Document.number.is_not(None),
            Document.issued_on <= day,
            or_(Document.state != State.VOID, LedgerEntry.day > day),
        )
        .group_by(Document.currency)
    )
    booked = _booked(session, seller_id)
    amounts = {currency: int(total or 0) - booked.pop(currency, 0) for currency, total in rows}
    amounts.update((currency, -minor) for currency, minor in booked.items())  # everything of it was voided
    return {currency: minor for currency, minor in sorted(amounts.items()) if minor}


def _booked(session: Session, seller_id: int) -> dict[str, int]:
    signed = LedgerPosting.signed(Side.C)
    rows = session.execute(
        select(LedgerAccount.currency, func.sum(signed))
        .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(
            LedgerAccount.seller_id == seller_id,
            LedgerAccount.code == AccountCode.REVENUE.value,
            LedgerEntry.kind == _KIND,
        )
        .group_by(LedgerAccount.currency)
    )
    return {currency: int(total) for currency, total in rows}


def _days(session: Session, start: Any, end: Any) -> ColumnElement[int]:
    """Whole days between two dates, as the database counts them."""
    if session.get_bind().dialect.name == "sqlite":
        return cast(func.julianday(end) - func.julianday(start), Integer)
    return cast(end - start, Integer)
