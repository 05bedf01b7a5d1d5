"""Say afterwards what documents were worth whose rate nobody knew when they were issued. For reports alone.

The document itself keeps having no rate: what it shows never changes. What it was worth is filled in once, by the rate
of its own date, and stays. A credit note has the rate of its invoice's date, and takes back what that was filled in
with, also where another rate of that date has come since.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import aliased

from billhead.actions.rates._lookup import Pair, rates_on, worth_minor
from billhead.actions.verb import verb
from billhead.bulk import Bulk
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.money import Rounding, round_ratio
from billhead.models.documents import Document

__all__ = ["WorthFilled", "fill_worth"]

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class WorthFilled:
    """`missing`: documents whose day still has no rate. `resume_after`: where to go on, None at the end."""

    filled: int
    missing: int
    resume_after: int | None


@verb("rates.fill_worth", permission="rates.write")
def fill_worth(tx: Tx, after_id: int = 0) -> WorthFilled:
    """One batch of documents, in the order of their ids."""
    invoice = aliased(Document)
    corrects = and_(invoice.id == Document.corrects_id, Document.kind == Kind.CREDIT_NOTE.value)
    day = func.coalesce(invoice.issued_on, Document.issued_on).label("day")
    rows = tx.session.execute(
        select(
            Document.id,
            day,
            Document.currency,
            Document.base_currency,
            Document.total_minor,
            invoice.total_minor.label("of_minor"),
            invoice.base_minor.label("known_minor"),
        )
        .outerjoin(invoice, corrects)
        .where(Document.base_minor.is_(None), Document.id > after_id)
        .where(Document.base_currency != "", Document.issued_on.is_not(None))
        .order_by(Document.id)
        .limit(_BATCH)
    ).all()
    filled, others = list[tuple[int, int]](), list[Row[*tuple[Any, ...]]]()
    wanted: dict[date, set[Pair]] = {}
    for row in rows:
        if row.known_minor is not None and row.of_minor:
            filled.append((round_ratio(row.known_minor * row.total_minor, row.of_minor, Rounding.HALF_UP), row.id))
        else:
            others.append(row)
            wanted.setdefault(row.day, set()).add(Pair(row.currency, row.base_currency))
    rates = {day: rates_on(tx.session, day, pairs) for day, pairs in sorted(wanted.items())}
    for row in others:
        pair = Pair(row.currency, row.base_currency)
        rate = rates[row.day][pair]
        if rate is not None:
            filled.append((worth_minor(row.total_minor, pair, rate), row.id))
    Bulk(tx.session).update("document", {"base_minor": "bigint"}, filled)
    last = rows[-1].id if len(rows) == _BATCH else None
    return WorthFilled(len(filled), len(rows) - len(filled), last)
