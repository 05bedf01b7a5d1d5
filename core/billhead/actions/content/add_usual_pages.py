"""The pages that every shop has, as blank drafts: what stands in them only the operator and its lawyer know."""

from billhead.actions.content._usual import USUAL, usual_missing
from billhead.actions.content._versions import add_version
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.content import ContentPage, ContentText
from billhead.models.sellers import Seller

__all__ = ["add_usual_pages"]


@verb("content.add_usual_pages", permission="content.write")
def add_usual_pages(tx: Tx, seller_id: int) -> None:
    """Those that are missing; twice is as once."""
    tx.session.get_one(Seller, seller_id, with_for_update=True)
    missing = usual_missing(tx.session, seller_id)
    for slug in missing:
        page = ContentPage(seller_id=seller_id, slug=slug, position=10 * (1 + list(USUAL).index(slug)))
        tx.session.add(page)
        tx.session.flush()
        add_version(tx, ContentText(page_id=page.id, language="en", newest=0), USUAL[slug], "", "")
    note(tx, f"seller:{seller_id}", pages=missing)
