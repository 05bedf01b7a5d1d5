"""Nobody reads a page in one language any more; it stays as a draft."""

from billhead.actions.content._own import page_of_seller, text_of_page
from billhead.actions.verb import note, verb
from billhead.db import Tx

__all__ = ["unpublish_text"]


@verb("content.unpublish_text", permission="content.write")
def unpublish_text(tx: Tx, seller_id: int, page_id: int, language: str) -> None:
    """Twice is as once. Raises NotFound."""
    text = text_of_page(tx, page_of_seller(tx, seller_id, page_id), language)
    note(tx, f"page:{page_id}", language=language, was=text.shown)
    text.shown = None
