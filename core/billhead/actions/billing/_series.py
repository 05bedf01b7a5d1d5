"""A series of document numbers begins: with its first number, or when staff set how it is written."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billhead.models.sellers import NumberSeries

__all__ = ["begin_series", "open_series"]

_PREFIX = {"invoice": "", "credit_note": "CN-", "proforma": "PF-"}


def open_series(session: Session, seller_id: int, kind: str, fiscal_year: int) -> NumberSeries:
    """The series, locked; begun if there is none yet."""
    begin_series(session, seller_id, kind, fiscal_year)
    key = {"seller_id": seller_id, "kind": kind, "fiscal_year": fiscal_year}
    return session.scalars(select(NumberSeries).filter_by(**key).with_for_update()).one()


def begin_series(session: Session, seller_id: int, kind: str, fiscal_year: int) -> None:
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
