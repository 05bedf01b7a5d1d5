"""A page of this seller, for who changes it; of another it is not there."""

from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.content import ContentPage, ContentText

__all__ = ["page_of_seller", "text_of_page"]


def page_of_seller(tx: Tx, seller_id: int, page_id: int) -> ContentPage:
    """Locked: two who save at once take turns. Raises NotFound."""
    row = tx.session.get(ContentPage, page_id, with_for_update=True)
    if row is None or row.seller_id != seller_id:
        raise NotFound("page", page_id)
    return row


def text_of_page(tx: Tx, page: ContentPage, language: str) -> ContentText:
    row = tx.session.get(ContentText, (page.id, language))
    if row is None:
        raise NotFound("page", f"{page.slug} in {language}")
    return row
