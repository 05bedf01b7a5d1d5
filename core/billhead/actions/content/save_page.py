"""Where a page stands: its address, in the menu or at the foot, and whether who orders has to agree to it."""

from dataclasses import dataclass

from sqlalchemy import func, select

from billhead.actions.content._own import page_of_seller
from billhead.actions.content._pages import MOST_PAGES, PLACES
from billhead.actions.helping._words import slug_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.content import ContentPage
from billhead.models.sellers import Seller

__all__ = ["PageEntry", "save_page"]


@dataclass(frozen=True, slots=True)
class PageEntry:
    slug: str
    place: str = "footer"
    position: int = 0
    must_agree: bool = False


@verb("content.save_page", permission="content.write")
def save_page(tx: Tx, seller_id: int, entry: PageEntry, page_id: int | None = None) -> int:
    """Its id. Raises NotFound, Conflict for too many, or InvalidInput naming the field."""
    tx.session.get_one(Seller, seller_id, with_for_update=True)  # an address is given once
    mine = select(ContentPage).where(ContentPage.seller_id == seller_id)
    row = page_of_seller(tx, seller_id, page_id) if page_id is not None else ContentPage(seller_id=seller_id)
    if page_id is None and (tx.session.scalar(select(func.count()).select_from(mine.subquery())) or 0) >= MOST_PAGES:
        raise Conflict(f"there are {MOST_PAGES} pages already", hint="remove one that was never published")
    slug = slug_of(entry.slug)
    if not slug:
        raise InvalidInput("slug", "write one of letters and digits")
    if entry.place not in PLACES:
        raise InvalidInput("place", f"must be one of {', '.join(PLACES)}")
    if not 0 <= entry.position <= 999:
        raise InvalidInput("position", "must be from 0 to 999")
    if entry.place == "front" and entry.must_agree:
        raise InvalidInput("must_agree", "nobody can agree to the front of the shop")
    others = mine.where(ContentPage.id != (page_id or 0))
    if tx.session.scalar(others.where(ContentPage.slug == slug)) is not None:
        raise InvalidInput("slug", f"{slug} is another page's")
    if entry.place == "front" and tx.session.scalar(others.where(ContentPage.place == "front")) is not None:
        raise InvalidInput("place", "another page is the front of the shop")
    row.slug, row.place, row.position, row.must_agree = slug, entry.place, entry.position, entry.must_agree
    tx.session.add(row)
    tx.session.flush()
    note(tx, f"page:{row.id}", slug=slug, place=entry.place, must_agree=entry.must_agree)
    return row.id
