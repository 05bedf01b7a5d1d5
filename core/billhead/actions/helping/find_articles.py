"""Look for articles: all words must be in one; those that have them in their title come first. Bounded."""

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from billhead.actions.helping._shown import read_in
from billhead.actions.helping._words import words_in
from billhead.models.helping import HelpArticle

__all__ = ["find_articles"]


def find_articles(session: Session, seller_id: int, language: str, typed: str, *, most: int = 20) -> list[HelpArticle]:
    """Published ones in this language, then English ones that it has none for. Nothing for no words."""
    words = words_in(typed)
    if not words:
        return []
    row = HelpArticle
    in_title = sum((case((row.title_words.contains(word, autoescape=True), 1), else_=0) for word in words[1:]),
                   case((row.title_words.contains(words[0], autoescape=True), 1), else_=0))  # fmt: skip
    query = select(row).where(
        read_in(session, seller_id, language),
        *(row.words.contains(word, autoescape=True) for word in words),
    )
    ranked = query.order_by((row.language == language).desc(), in_title.desc(), row.helped.desc(), row.id).limit(most)
    return list(session.scalars(ranked))
