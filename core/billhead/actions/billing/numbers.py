"""Document numbers: gapless per seller, kind and fiscal year, taken in the transaction that uses them."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billhead.models.sellers import NumberSeries

__all__ = ["Numbers", "open_series", "take_numbers"]

_PREFIX = {"invoice": "", "credit_note": "CN-", "proforma": "PF-"}


class Numbers(NamedTuple):
    """`first` and as many after it as were asked for."""

    first: int
    fiscal_year: int
    format: str
    prefix: str

    def text(self, number: int, issued_on: date) -> str:
        year = self.fiscal_year
        return self.format.format(
            prefix=self.prefix, year=year, yy=f"{year % 100:02d}", month=f"{issued_on.month:02d}", number=number
        )


def take_numbers(session: Session, seller_id: int, kind: str, fiscal_year: int, count: int) -> Numbers:
    """Take the next `count` numbers of a series; whoever else wants some waits until this transaction ends.

    Take them as late as possible. A rollback gives them back. A new year goes on with the format of the last one.
    """
    series = NumberSeries
    key = (series.seller_id == seller_id, series.kind == kind, series.fiscal_year == fiscal_year)
    take = (
        update(series)
        .where(*key)
        .values(next_number=series.next_number + count)
        .returning(series.next_number, series.format, series.prefix)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(take).one_or_none()
    if row is None:
        _begin(session, seller_id, kind, fiscal_year)
        row = session.execute(take).one()
    after, pattern, prefix = row
    return Numbers(after - count, fiscal_year, pattern, prefix)


def open_series(session: Session, seller_id: int, kind: str, fiscal_year: int) -> NumberSeries:
    """The series, locked; begun if there is none yet."""
    _begin(session, seller_id, kind, fiscal_year)
    key = {"seller_id": seller_id, "kind": kind, "fiscal_year": fiscal_year}
    return session.scalars(select(NumberSeries).filter_by(**key).with_for_update()).one()


def _begin(session: Session, seller_id: int, kind: str, fiscal_year: int) -> None:
    series = NumberSeries
    latest = session.execute(
        select(series.format, series.prefix)
        .where(series.seller_id == seller_id, series.kind == kind)
        .order_by(series.fiscal_year.desc())
        .limit(1)
    ).one_or_none()
    pattern, prefix = latest or ("{prefix}{year}-{number:06d}", _PREFIX.get(kind, ""))
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"seller_id": seller_id, "kind": kind, "fiscal_year": fiscal_year, "format": pattern, "prefix": prefix}
    session.execute(insert(series).values(**row, next_number=1).on_conflict_do_nothing())
