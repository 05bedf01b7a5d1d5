"""The band of a run that has too few days to be compared with: what it bills of parts that were billed before.

Like with like: the list price of each part for a whole cycle, at the version at which it was billed last and at that of
now. So no part of a month, set-up, use, coupon, new subscription or months of an outage moves it, but a price that
existing subscriptions come to pay does. What was never billed has nothing to be compared with.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.billing._band import Unusual
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Rated
from billhead.bulk import among
from billhead.models.catalogue import Price
from billhead.models.documents import DocumentLine

__all__ = ["Alike", "alike", "prices_before", "unlike"]

_EACH = 10  # among fewer a price that is meant may be several times as high
_TIMES, _TIMES_OF_FEW = 3, 60


class Alike(NamedTuple):
    """Of one currency: what parts that were billed before cost now and did then; and on how many invoices."""

    now: int = 0
    before: int = 0
    invoices: int = 0


def prices_before(session: Session, rated: Sequence[Rated]) -> dict[int, int]:
    """By component: the price of one of it for a whole cycle, as it was billed last. In one query."""
    ids = [id for one in rated if one.kind == "invoice" for id in one.subscriptions()]
    line = DocumentLine
    last = (
        select(func.max(line.id))
        .where(among(line.subscription_id, ids, session), line.kind == "recurring")
        .where(line.period_start.is_not(None), line.revision >= 0)
        .group_by(line.component_id)
    )
    query = (
        select(line.component_id, Price.amount_minor).join(Price, Price.id == line.price_id).where(line.id.in_(last))
    )
    return {component_id: minor for component_id, minor in session.execute(query) if component_id is not None}


def alike(
    sums: Mapping[str, Alike], rated: Iterable[Rated], before: Mapping[int, int], catalogue: Catalogue
) -> dict[str, Alike]:
    """With what these invoices bill of parts that were billed before, each counted once."""
    found = dict(sums)
    for one in rated:
        parts = {
            line.component_id: line
            for line in one.lines
            if one.kind == "invoice" and line.kind == "recurring" and line.component_id in before
        }
        if not parts:
            continue
        known = found.get(one.currency, Alike())
        found[one.currency] = Alike(
            known.now
            + sum(catalogue.prices[line.price_id or 0].amount_minor * line.quantity for line in parts.values()),
            known.before + sum(before[line.component_id or 0] * line.quantity for line in parts.values()),
            known.invoices + 1,
        )
    return found


def unlike(sums: Mapping[str, Alike]) -> Unusual | None:
    """The first currency in which the same costs far more or less than before, if any. What cost nothing before is no
    measure."""
    for currency, one in sorted(sums.items()):
        if not one.before:
            continue
        many = one.invoices >= _EACH
        most = one.before * (_TIMES if many else _TIMES_OF_FEW)
        if one.now > most:
            return Unusual(currency, one.now // one.invoices, most // one.invoices, one.invoices)
        if many and one.now * _TIMES < one.before:
            return Unusual(currency, one.now // one.invoices, one.before // _TIMES // one.invoices, one.invoices)
    return None
