"""Which drafts have come to their day, in their seller's zone."""

from sqlalchemy import select

from billhead import clock
from billhead.db import Tx
from billhead.domain.document import State
from billhead.models.documents import Document
from billhead.models.sellers import Seller

__all__ = ["due_drafts"]


def due_drafts(tx: Tx, after_id: int, limit: int) -> list[Document]:
    """So many at most, by id, locked; those that somebody else works on are passed over."""
    today = {zone: clock.today_in(zone) for zone in tx.session.scalars(select(Seller.zone).distinct())}
    due: list[Document] = []
    while len(due) < limit:
        found = tx.session.execute(
            select(Document, Seller.zone)
            .join(Seller, Seller.id == Document.seller_id)
            .where(
                Document.state == State.DRAFT.value,
                Document.finalise_on <= clock.latest_today(),
                Document.id > after_id,
            )
            .order_by(Document.id)
            .limit(limit - len(due))
            .with_for_update(of=Document, skip_locked=True)
        ).all()
        due += [one for one, zone in found if one.finalise_on is not None and one.finalise_on <= today[zone]]
        if not found:
            break
        after_id = found[-1][0].id
    return due
