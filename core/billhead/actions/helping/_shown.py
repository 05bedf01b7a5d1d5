"""Which help articles a shop shows."""

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from billhead.actions.shops._sells import catalogue_of
from billhead.models.helping import HelpArticle

__all__ = ["shown_in"]


def shown_in(session: Session, seller_id: int) -> ColumnElement[bool]:
    """Its own, and in a reseller's shop what the operator has for all of them."""
    row, whose = HelpArticle, catalogue_of(session, seller_id)
    return row.published & ((row.seller_id == seller_id) | (row.in_shops & (row.seller_id == whose)))
