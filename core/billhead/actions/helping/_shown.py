"""Which help articles a shop shows, and in which language."""

from sqlalchemy import ColumnElement, exists, or_
from sqlalchemy.orm import Session, aliased

from billhead.actions.shops._sells import catalogue_of
from billhead.models.helping import HelpArticle

__all__ = ["read_in", "shown_in"]

_USUAL = "en"  # what is written in no other language


def shown_in(session: Session, seller_id: int) -> ColumnElement[bool]:
    """Its own, and in a reseller's shop what the operator has for all of them."""
    return _shown(HelpArticle, seller_id, catalogue_of(session, seller_id))


def read_in(session: Session, seller_id: int, language: str) -> ColumnElement[bool]:
    """What a shop shows to who reads a language: what is written in it, and the English articles of whose address there
    is none in it."""
    row, other = HelpArticle, aliased(HelpArticle)
    whose = catalogue_of(session, seller_id)
    translated = exists().where(_shown(other, seller_id, whose), other.language == language, other.slug == row.slug)
    return _shown(row, seller_id, whose) & or_(row.language == language, (row.language == _USUAL) & ~translated)


def _shown(row: type[HelpArticle], seller_id: int, whose: int) -> ColumnElement[bool]:
    return row.published & ((row.seller_id == seller_id) | (row.in_shops & (row.seller_id == whose)))
