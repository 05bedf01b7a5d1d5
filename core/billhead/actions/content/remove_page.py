"""A page that nobody ever read is thrown away. One that was published is only taken back: people agreed to it."""

from sqlalchemy import delete, select

from billhead.actions.content._own import page_of_seller
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.content import ContentText, ContentVersion

__all__ = ["remove_page"]


@verb("content.remove_page", permission="content.write")
def remove_page(tx: Tx, seller_id: int, page_id: int) -> None:
    """Raises NotFound, or Conflict for a page that was published once."""
    page = page_of_seller(tx, seller_id, page_id)
    read = select(ContentVersion.number).where(
        ContentVersion.page_id == page_id, ContentVersion.published_at.is_not(None)
    )
    if tx.session.scalar(read.limit(1)) is not None:
        raise Conflict("this page was published: its versions are kept", hint="take it back, and hide it")
    note(tx, f"page:{page_id}", slug=page.slug)
    for table in (ContentText, ContentVersion):
        tx.session.execute(delete(table).where(table.page_id == page_id))
    tx.session.delete(page)
