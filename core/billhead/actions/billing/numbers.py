"""Document numbers: gapless per seller, kind and fiscal year, taken in the transaction that uses them."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from billhead.actions.billing._series import begin_series
from billhead.models.sellers import NumberSeries

__all__ = ["Numbers", "take_numbers"]


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
        begin_series(session, seller_id, kind, fiscal_year)
        row = session.execute(take).one()
    after, pattern, prefix = row
    return Numbers(after - count, fiscal_year, pattern, prefix)
