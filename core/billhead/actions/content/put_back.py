"""An older version of a page comes back, as a new one; shown at once where the page is."""

from billhead.actions.content._own import page_of_seller, text_of_page
from billhead.actions.content._versions import add_version, publish
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.content import ContentVersion

__all__ = ["put_back"]


@verb("content.put_back", permission="content.write")
def put_back(tx: Tx, seller_id: int, page_id: int, language: str, number: int) -> int:
    """The number that it has now. Raises NotFound, or Conflict for a blank one that everybody would read."""
    text = text_of_page(tx, page_of_seller(tx, seller_id, page_id), language)
    old = tx.session.get(ContentVersion, (page_id, language, number))
    if old is None:
        raise NotFound("version", number)
    if text.shown is not None and not old.body:
        raise Conflict("this version is empty", hint="take the page back first")
    if number != text.newest:
        add_version(tx, text, old.title, old.description, old.body)
    if text.shown is not None:
        publish(tx, text)
    note(tx, f"page:{page_id}", language=language, was=number, version=text.newest)
    return text.newest
