"""A seller says a notice in words of its own, in one language, or goes back to the standard text."""

from billhead import clock
from billhead.actions.notifications._own_texts import check_text, check_there_is, digest_of, own_text
from billhead.actions.notifications._standard import WrittenText
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.notices import NoticeText
from billhead.models.sellers import Seller

__all__ = ["save_notice_text"]


@verb("notifications.save_text", permission="sellers.write")
def save_notice_text(tx: Tx, seller_id: int, kind: str, language: str, text: WrittenText | None) -> int | None:
    """None: the standard text. Returns the row's id, None where nothing changed.

    Raises NotFound, and InvalidInput naming the field: what can't be filled in is not kept.
    """
    check_there_is(kind, language)
    if tx.session.get(Seller, seller_id, with_for_update=True) is None:
        raise NotFound("seller", seller_id)
    if text is not None:
        text = WrittenText(*(part.replace("\r\n", "\n").strip() for part in (text.subject, text.body, text.short)))
        check_text(kind, text)
    if text == own_text(tx.session, seller_id, kind, language):
        return None
    row = NoticeText(seller_id=seller_id, kind=kind, language=language, actor=tx.ctx.actor, written_at=clock.now())
    if text is not None:
        row.subject, row.body, row.short = text.subject, text.body, text.short
        row.standard = digest_of(kind, language)
    tx.session.add(row)
    tx.session.flush()
    note(tx, f"seller:{seller_id}", kind=kind, language=language, standard=text is None)
    return row.id
