"""What a document is worth has changed: so have the days that it pays for, where a plan adds the missing ones."""

from sqlalchemy import select

from billhead.actions.billing._free_days import EXTENDED
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.scheduling import enqueue
from billhead.bulk import among
from billhead.db import Tx
from billhead.models.subscriptions import FreeTime

__all__ = ["let_days_follow"]


def let_days_follow(tx: Tx, document_id: int) -> None:
    """Of subscriptions that changes have added days to, afterwards: whoever locks a document first must not wait for a
    subscription whose holder waits for the document."""
    tx.session.flush()
    about = subscriptions_of(tx.session, document_id)
    added = select(FreeTime.subscription_id).where(
        among(FreeTime.subscription_id, about, tx.session), FreeTime.why == EXTENDED
    )
    for subscription_id in tx.session.scalars(added.distinct().order_by(FreeTime.subscription_id)):
        args = {"subscription_id": subscription_id}
        enqueue(tx, "subscriptions.follow_days", args, key=f"follow_days:{subscription_id}")
