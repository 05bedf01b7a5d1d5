"""Credit that was there at once and is not paid by its day is taken back."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.credits._lending import take_back
from billhead.actions.payments._attempts import undecided
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.credits import LentCredit
from billhead.models.documents import Document
from billhead.models.sellers import Seller

__all__ = ["LentTakenBack", "take_back_lent"]

_BATCH = 50


@dataclass(frozen=True, slots=True)
class LentTakenBack:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    orders: int
    next_after: int


@verb("credits.take_back_lent", permission="credits.write")
def take_back_lent(tx: Tx, after_id: int = 0) -> LentTakenBack:
    """One batch by order, from the day after it was due in the seller's zone. One whose payment is undecided is left
    until that is known. The order itself stays open: what comes for it later is credit, and pays what is owed."""
    rows = tx.session.execute(
        select(Document, Seller)
        .join(LentCredit, LentCredit.document_id == Document.id)
        .join(Seller, Seller.id == Document.seller_id)
        .where(LentCredit.state == "open", Document.due_on < clock.latest_today(), Document.id > after_id)
        .order_by(Document.id)
        .limit(_BATCH)
        .with_for_update(of=Document, skip_locked=True)
    ).all()
    taken = 0
    for order, seller in rows:
        if order.due_on is None or order.due_on >= clock.today_in(seller.zone) or undecided(tx, order.id):
            continue
        take_back(tx, order.id)
        taken += 1
    return LentTakenBack(taken, rows[-1][0].id if len(rows) == _BATCH else 0)
