"""What a price comes to for who has bought at it: perhaps a later version of it holds for them by now."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from billhead.models.catalogue import Price

__all__ = ["holding_minor"]


def holding_minor(on: date | ColumnElement[date]) -> ColumnElement[Any]:
    """Of Price, in a query: minor units of a period that begins on the day, as `Catalogue.price_at` has it."""
    later = aliased(Price)
    same = later.book_id == Price.book_id, later.plan_id == Price.plan_id, later.term == Price.term
    comes = later.version > Price.version, later.existing_from <= on, later.withdrawn_on.is_(None)
    latest = (
        select(later.amount_minor)
        .where(*same, *comes)
        .order_by(later.existing_from.desc(), later.version.desc())
        .limit(1)
        .correlate_except(later)
        .scalar_subquery()
    )
    return func.coalesce(latest, Price.amount_minor)
