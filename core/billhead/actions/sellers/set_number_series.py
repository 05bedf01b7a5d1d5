"""How a seller's documents are numbered from now on. Numbers that were given stay, and none is given twice."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing._series import open_series
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.numbering import NumberFormat
from billhead.models.documents import Document
from billhead.models.sellers import NumberSeries, Seller

__all__ = ["KINDS", "SeriesSet", "preview_set_number_series", "set_number_series"]

KINDS = ("invoice", "credit_note", "proforma")


@dataclass(frozen=True, slots=True)
class SeriesSet:
    series_id: int
    next_text: str


def preview_set_number_series(pattern: str, prefix: str, fiscal_year: int, number: int, issued_on: date) -> str:
    """How the number will look. Raises InvalidInput, naming `format` or `prefix`."""
    return NumberFormat(pattern, prefix).text(number, fiscal_year, issued_on)


@verb("sellers.set_number_series", permission="sellers.write")
def set_number_series(
    tx: Tx, seller_id: int, kind: str, fiscal_year: int, pattern: str, prefix: str, next_number: int | None = None
) -> SeriesSet:
    """Write numbers of this kind and fiscal year so from now on. `next_number` only goes up, and only before the first
    number is given: for a seller who goes on from another system.

    Raises NotFound, InvalidInput, or Conflict: a number would look like one of another series.
    """
    seller = tx.session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    if kind not in KINDS:
        raise InvalidInput("kind", f"{kind!r} is not one of {', '.join(KINDS)}")
    if not 2000 <= fiscal_year <= 2199:
        raise InvalidInput("fiscal_year", f"{fiscal_year} is not a year that anybody bills in")
    written = NumberFormat(pattern, prefix)
    series = open_series(tx.session, seller_id, kind, fiscal_year)
    before = {"format": series.format, "prefix": series.prefix, "next_number": series.next_number}
    if next_number is not None and next_number != series.next_number:
        _begin_at(series, next_number)
    today = clock.today_in(seller.zone)
    _refuse_alike(tx, series, written, today)
    series.format, series.prefix = pattern, prefix
    after = {"format": pattern, "prefix": prefix, "next_number": series.next_number}
    details = {"kind": kind, "fiscal_year": fiscal_year, "before": before, "after": after}
    note(tx, f"seller:{seller_id}", **details)
    return SeriesSet(series.id, written.text(series.next_number, fiscal_year, today))


def _begin_at(series: NumberSeries, next_number: int) -> None:
    if series.next_number != series.first_number:
        raise Conflict(
            "numbers of this series were given already: it goes on without a gap", hint="it can change with a new year"
        )
    if not 1 <= next_number < 10**9:
        raise InvalidInput("next_number", f"must be from 1 to 999999999, got {next_number}")
    series.first_number = series.next_number = next_number


def _refuse_alike(tx: Tx, series: NumberSeries, written: NumberFormat, today: date) -> None:
    """Neither a number that was given, nor one that another series is going to give."""
    others = tx.session.scalars(
        select(NumberSeries).where(NumberSeries.seller_id == series.seller_id, NumberSeries.id != series.id)
    ).all()
    mine = written.text(10**8 + 1, series.fiscal_year, today)
    for other in others:
        theirs = NumberFormat(other.format, other.prefix).text(10**8 + 1, other.fiscal_year, today)
        if mine == theirs:
            raise Conflict(
                f"{other.kind} numbers of {other.fiscal_year} would look the same", hint="give one of them a prefix"
            )
    text = written.text(series.next_number, series.fiscal_year, today)
    given = select(func.count()).where(Document.seller_id == series.seller_id, Document.number_text == text)
    if tx.session.scalar(given):
        raise Conflict(f"{text} was given to a document already")
