"""What a document is worth has changed: so have the days that it pays for, where a plan adds the missing ones."""

from sqlalchemy import select

from billhead.actions.billing._free_days import EXTENDED
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.scheduling import enqueue
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.proration import ProrationMode
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["let_days_come", "let_days_follow"]


def let_days_follow(tx: Tx, document_id: int) -> None:
    """Of subscriptions that changes have added days to, afterwards: whoever locks a document first must not wait for a
    subscription whose holder waits for the document."""
    tx.session.flush()
    about = subscriptions_of(tx.session, document_id)
    added = select(FreeTime.subscription_id).where(
        among(FreeTime.subscription_id, about, tx.session), FreeTime.why == EXTENDED
    )
    for subscription_id in tx.session.scalars(added.distinct().order_by(FreeTime.subscription_id)):
        _follow(tx, subscription_id)


def let_days_come(tx: Tx, invoice: Document) -> None:
    """With a change that staff have made for who pays by hand: it is paid only now. A renewal adds none."""
    if invoice.proforma_id is not None:
        return
    waited = (
        select(DocumentLine.subscription_id)
        .join(Subscription, Subscription.id == DocumentLine.subscription_id)
        .join(Plan, Plan.id == DocumentLine.plan_id)
        .where(
            DocumentLine.document_id == invoice.id,
            Subscription.collection == "manual",
            Plan.proration == ProrationMode.EXTEND.value,
        )
    )
    for subscription_id in tx.session.scalars(waited.distinct().order_by(DocumentLine.subscription_id)):
        _follow(tx, subscription_id)


def _follow(tx: Tx, subscription_id: int | None) -> None:
    args = {"subscription_id": subscription_id}
    enqueue(tx, "subscriptions.follow_days", args, key=f"follow_days:{subscription_id}")
