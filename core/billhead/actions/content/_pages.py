"""What everybody reads: the page of an address in the reader's language, else in another that it has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from billhead.models.content import ContentPage, ContentText, ContentVersion

__all__ = [
    "MOST_PAGES",
    "PLACES",
    "Link",
    "ShownPage",
    "best_language",
    "page_links",
    "pages_to_agree",
    "shown_front",
    "shown_page",
]

PLACES = {
    "menu": "in the menu",
    "footer": "at the foot of every page",
    "hidden": "nowhere: only who has the address",
    "front": "the front of the shop",
}
MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class Link:
    page_id: int
    place: str
    slug: str
    title: str
    language: str


@dataclass(frozen=True, slots=True)
class ShownPage:
    """`languages`: all in which it can be read."""

    page: ContentPage
    version: ContentVersion
    languages: Sequence[str]


def best_language(has: Iterable[str], wanted: str) -> str:
    """The reader's own, else English, else whichever comes first."""
    found = sorted(has)
    return wanted if wanted in found else "en" if "en" in found else found[0]


def page_links(session: Session, seller_id: int, language: str) -> list[Link]:
    """Of the menu and the foot, in their order; one statement."""
    rows = session.execute(
        _shown(seller_id)
        .where(ContentPage.place.in_(("menu", "footer")))
        .order_by(ContentPage.position, ContentPage.id)
        .with_only_columns(ContentPage, ContentVersion.language, ContentVersion.title)
    )
    titles: dict[int, dict[str, str]] = {}
    pages: dict[int, ContentPage] = {}
    for page, written_in, title in rows:
        pages[page.id] = page
        titles.setdefault(page.id, {})[written_in] = title
    best = {key: best_language(of, language) for key, of in titles.items()}
    return [Link(key, page.place, page.slug, titles[key][best[key]], best[key]) for key, page in pages.items()]


def shown_page(session: Session, seller_id: int, slug: str, language: str) -> ShownPage | None:
    """None where nothing is published there."""
    return _best(session, _shown(seller_id).where(ContentPage.slug == slug), language)


def shown_front(session: Session, seller_id: int, language: str) -> ShownPage | None:
    return _best(session, _shown(seller_id).where(ContentPage.place == "front"), language)


def pages_to_agree(session: Session, seller_id: int, language: str) -> list[ShownPage]:
    """In their order, those that who orders has to agree to; one statement."""
    order = (ContentPage.position, ContentPage.id)
    by_page: dict[int, dict[str, ContentVersion]] = {}
    pages: dict[int, ContentPage] = {}
    for page, version in session.execute(_shown(seller_id).where(ContentPage.must_agree).order_by(*order)):
        pages[page.id] = page
        by_page.setdefault(page.id, {})[version.language] = version
    return [ShownPage(pages[key], of[best_language(of, language)], sorted(of)) for key, of in by_page.items()]


def _best(session: Session, query: Select[ContentPage, ContentVersion], language: str) -> ShownPage | None:
    rows = session.execute(query).all()
    if not rows:
        return None
    page, versions = rows[0][0], {version.language: version for _, version in rows}
    return ShownPage(page, versions[best_language(versions, language)], sorted(versions))


def _shown(seller_id: int) -> Select[ContentPage, ContentVersion]:
    """What is published, a row for each page and language."""
    version_shown = and_(
        ContentVersion.page_id == ContentText.page_id,
        ContentVersion.language == ContentText.language,
        ContentVersion.number == ContentText.shown,
    )
    return (
        select(ContentPage, ContentVersion)
        .join(ContentText, ContentText.page_id == ContentPage.id)
        .join(ContentVersion, version_shown)
        .where(ContentPage.seller_id == seller_id)
    )
