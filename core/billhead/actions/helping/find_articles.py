"""Look for articles: all words must be in one; those that have them in their title come first. Bounded."""

from sqlalchemy import ColumnElement, case, select
from sqlalchemy.orm import Session

from billhead.actions.helping._words import words_in
from billhead.actions.shops._sells import catalogue_of
from billhead.models.helping import HelpArticle

__all__ = ["find_articles", "shown_in"]


def shown_in(session: Session, seller_id: int) -> ColumnElement[bool]:
    """Of articles: those that a shop shows, its own, and in a reseller's shop what the operator has for all of them."""
    row, whose = HelpArticle, catalogue_of(session, seller_id)
    return row.published & ((row.seller_id == seller_id) | (row.in_shops & (row.seller_id == whose)))


def find_articles(session: Session, seller_id: int, language: str, typed: str, *, most: int = 20) -> list[HelpArticle]:
    """Published ones in this language; of a shop without any in it, the English ones. Nothing for no words."""
    words = words_in(typed)
    if not words:
        return []
    row = HelpArticle
    in_title = sum((case((row.title_words.contains(word, autoescape=True), 1), else_=0) for word in words[1:]),
                   case((row.title_words.contains(words[0], autoescape=True), 1), else_=0))  # fmt: skip
    query = select(row).where(
        shown_in(session, seller_id),
        row.language.in_({language, "en"}),
        *(row.words.contains(word, autoescape=True) for word in words),
    )
    ranked = query.order_by((row.language == language).desc(), in_title.desc(), row.helped.desc(), row.id).limit(most)
    return list(session.scalars(ranked))
