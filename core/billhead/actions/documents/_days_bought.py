"""What a document is worth has changed: so have the days that it pays for, where a plan adds the missing ones."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, select

from billhead.actions.billing._free_days import EXTENDED
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.scheduling import enqueue
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.proration import ProrationMode
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["let_days_come", "let_days_follow", "let_trusted_days_come"]


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
    if invoice.proforma_id is None:
        _come(tx, DocumentLine.document_id == invoice.id, Subscription.collection == "manual")


def let_trusted_days_come(tx: Tx, subscriptions: Collection[int]) -> None:
    """They have paid by hand, and are charged by themselves from now on: no days wait for a bill that is still open,
    or that is paid by what makes them so."""
    _come(tx, among(DocumentLine.subscription_id, subscriptions, tx.session))


def _come(tx: Tx, *which: ColumnElement[bool]) -> None:
    """To those of the lines whose plan adds days."""
    waited = (
        select(DocumentLine.subscription_id)
        .join(Subscription, Subscription.id == DocumentLine.subscription_id)
        .join(Plan, Plan.id == DocumentLine.plan_id)
        .where(Plan.proration == ProrationMode.EXTEND.value, *which)
    )
    for subscription_id in tx.session.scalars(waited.distinct().order_by(DocumentLine.subscription_id)):
        _follow(tx, subscription_id)


def _follow(tx: Tx, subscription_id: int | None) -> None:
    args = {"subscription_id": subscription_id}
    enqueue(tx, "subscriptions.follow_days", args, key=f"follow_days:{subscription_id}")
