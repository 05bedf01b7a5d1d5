"""Every number of every series, counted: which are missing, and which were given without the series knowing."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.models.documents import Document
from billhead.models.sellers import NumberSeries, Seller

__all__ = ["Series", "series_counted"]

_SHOWN = 20


class Series(NamedTuple):
    """`given` numbers from `first` to `last` (below `first`: none yet); `missing` names the first of those not used."""

    seller: str
    kind: str
    fiscal_year: int
    first: int
    last: int
    given: int
    missing: tuple[int, ...]

    @property
    def sound(self) -> bool:
        return not self.missing and self.given == max(self.last - self.first + 1, 0)


def series_counted(session: Session) -> Iterator[Series]:
    """One per series of invoices and credit notes, by seller, kind and year. A reference of a proforma is no number."""
    rows = session.execute(
        select(NumberSeries, Seller.code)
        .join(Seller, Seller.id == NumberSeries.seller_id)
        .where(NumberSeries.kind != "proforma")
        .order_by(Seller.code, NumberSeries.kind, NumberSeries.fiscal_year)
    ).all()
    for series, seller in rows:
        mine = (
            Document.seller_id == series.seller_id,
            Document.kind == series.kind,
            Document.fiscal_year == series.fiscal_year,
            Document.number.is_not(None),
        )
        given = session.scalar(select(func.count()).select_from(Document).where(*mine)) or 0
        first, last = series.first_number, series.next_number - 1
        missing = _missing(session, mine, first, last) if given or last >= first else ()
        yield Series(seller, series.kind, series.fiscal_year, first, last, given, missing)


def _missing(session: Session, mine: tuple, first: int, last: int) -> tuple[int, ...]:
    """The first missing ones: where the number before is not there. The edges are looked at by themselves."""
    before = func.lag(Document.number, 1, first - 1).over(order_by=Document.number)
    listed = select(Document.number.label("number"), before.label("before")).where(*mine).subquery()
    query = select(listed.c.before, listed.c.number).where(listed.c.number != listed.c.before + 1)
    gaps = [(low + 1, high - 1) for low, high in session.execute(query.order_by(listed.c.number).limit(_SHOWN))]
    top = session.scalar(select(func.max(Document.number)).where(*mine)) or first - 1
    if top < last:
        gaps.append((top + 1, last))
    found: list[int] = []
    for low, high in gaps:
        found += range(low, min(high, low + _SHOWN) + 1)
    return tuple(found[:_SHOWN])
