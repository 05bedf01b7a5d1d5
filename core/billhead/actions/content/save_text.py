"""A page in one language: written or changed, kept as a draft or shown to everybody."""

from dataclasses import dataclass

from billhead.actions.content._own import page_of_seller
from billhead.actions.content._versions import add_version, publish
from billhead.actions.support._writing import checked_text
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.content import ContentText, ContentVersion
from billhead.wording import LANGUAGES

__all__ = ["TextEntry", "save_text"]

_LONGEST = 60_000


@dataclass(frozen=True, slots=True)
class TextEntry:
    """`body` is Markdown, where HTML stays as it is typed. `began_with`: the version that was changed, 0 for none."""

    language: str
    title: str
    description: str = ""
    body: str = ""
    began_with: int | None = None


@verb("content.save_text", permission="content.write")
def save_text(tx: Tx, seller_id: int, page_id: int, entry: TextEntry, *, published: bool) -> int:
    """The version that it is now; nothing changed makes no new one. What was shown stays until the draft is published.

    Raises NotFound, InvalidInput naming the field, or Conflict where somebody has saved meanwhile.
    """
    page = page_of_seller(tx, seller_id, page_id)
    if entry.language not in LANGUAGES:
        raise InvalidInput("language", f"must be one of {', '.join(LANGUAGES)}")
    title = checked_text("title", entry.title, 150)
    description = checked_text("description", entry.description, 300) if entry.description.strip() else ""
    body = checked_text("body", entry.body, _LONGEST) if entry.body.strip() else ""
    if published and not body:
        raise InvalidInput("body", "write it before you publish it")
    text = tx.session.get(ContentText, (page_id, entry.language))
    text = text or ContentText(page_id=page_id, language=entry.language, newest=0)
    if entry.began_with is not None and entry.began_with != text.newest:
        raise Conflict("somebody has saved this page meanwhile", hint="look at the newest version, and write anew")
    newest = tx.session.get(ContentVersion, (page_id, entry.language, text.newest))
    if newest is None or (newest.title, newest.description, newest.body) != (title, description, body):
        newest = add_version(tx, text, title, description, body)
    if published:
        publish(tx, text)
    note(tx, f"page:{page.id}", language=entry.language, version=newest.number, published=published)
    return newest.number
