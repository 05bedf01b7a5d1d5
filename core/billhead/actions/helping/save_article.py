"""A help article: made or changed, shown to everybody once it is published."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.helping._words import searched, slug_of
from billhead.actions.support._writing import checked_text
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.helping import HelpArticle
from billhead.wording import LANGUAGES

__all__ = ["ArticleEntry", "save_article"]

_LONGEST = 60_000


@dataclass(frozen=True, slots=True)
class ArticleEntry:
    """`body` is Markdown; HTML in it is shown as it is typed. `slug` empty: made of the title. `in_shops`: it also
    stands in the shops of resellers."""

    title: str
    category: str
    language: str
    body: str
    published: bool = False
    slug: str = ""
    in_shops: bool = False


@verb("helping.save_article", permission="help.write")
def save_article(tx: Tx, seller_id: int, entry: ArticleEntry, article_id: int | None = None) -> int:
    """Its id. Raises NotFound, or InvalidInput naming the field; an address is given once per language."""
    row = tx.session.get(HelpArticle, article_id) if article_id is not None else HelpArticle(seller_id=seller_id)
    if row is None or row.seller_id != seller_id:
        raise NotFound("article", article_id)
    if entry.language not in LANGUAGES:
        raise InvalidInput("language", f"must be one of {', '.join(LANGUAGES)}")
    title, category = checked_text("title", entry.title, 150), checked_text("category", entry.category, 60)
    body = checked_text("body", entry.body, _LONGEST)
    slug = slug_of(entry.slug or title)
    if not slug:
        raise InvalidInput("slug", "write one of letters and digits: the title has none")
    same = select(HelpArticle.id).where(
        HelpArticle.seller_id == seller_id,
        HelpArticle.language == entry.language,
        HelpArticle.slug == slug,
        HelpArticle.id != (article_id or 0),
    )
    if tx.session.scalar(same) is not None:
        raise InvalidInput("slug", f"{slug} is another article's in {entry.language}")
    row.title, row.category, row.language, row.body, row.slug = title, category, entry.language, body, slug
    row.published, row.in_shops, row.changed_at = entry.published, entry.in_shops, clock.business_now()
    row.title_words = searched(title)
    row.words = f"{row.title_words} {searched(category)} {searched(body)}"
    tx.session.add(row)
    tx.session.flush()
    note(tx, f"article:{row.id}", title=title, language=entry.language, published=entry.published)
    return row.id
