"""An announcement in one more language; whoever reads another one is shown what it was first written in."""

from billhead.actions.support._writing import checked_text
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.helping import Announcement
from billhead.wording import LANGUAGES

__all__ = ["save_announcement_text"]


@verb("helping.save_announcement_text", permission="help.write")
def save_announcement_text(tx: Tx, seller_id: int, announcement_id: int, language: str, title: str, body: str) -> None:
    """Without title and text there is none in this language any more. Raises NotFound, or InvalidInput."""
    row = tx.session.get(Announcement, announcement_id, with_for_update=True)
    if row is None or row.seller_id != seller_id:
        raise NotFound("announcement", announcement_id)
    if language not in LANGUAGES:
        raise NotFound("language", language)
    texts = {code: text for code, text in row.texts.items() if code != language}
    if title.strip() or body.strip():
        texts[language] = {"title": checked_text("title", title, 150), "body": checked_text("body", body)}
    row.texts = texts
    note(tx, f"announcement:{row.id}", language=language)
