"""What a line by hand can be taxed as."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.models.catalogue import Plan

__all__ = ["USUAL_CLASS", "tax_classes"]

USUAL_CLASS = "tv"


def tax_classes(session: Session) -> list[str]:
    """The usual class first, then those of the products, of a shop's supplier too: a box that it sells may be ours. Any
    other word would be taxed at the standard rate, and nobody would see it."""
    return [USUAL_CLASS, *sorted({*session.scalars(select(Plan.tax_class).distinct())} - {USUAL_CLASS})]
