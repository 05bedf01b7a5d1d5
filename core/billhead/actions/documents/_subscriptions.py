"""Which subscriptions a document is about. Its lines say so: one document may bill several, and some bill none."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, not_, or_, select
from sqlalchemy.orm import Session

from billhead.bulk import among
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription

__all__ = ["about", "is_of_its_customer", "open_offers", "owed_of", "subscriptions_of"]


def subscriptions_of(session: Session, document_id: int) -> list[int]:
    """In the order of their ids, each once."""
    line = DocumentLine
    query = select(line.subscription_id).where(line.document_id == document_id, line.subscription_id.is_not(None))
    return [found for found in session.scalars(query.distinct().order_by(line.subscription_id)) if found is not None]


def about(subscription_id: int) -> ColumnElement[bool]:
    """A condition on Document: it has a line of this subscription that is its customer's matter."""
    line = DocumentLine
    return Document.id.in_(
        select(line.document_id).where(line.subscription_id == subscription_id, is_of_its_customer())
    )


def is_of_its_customer() -> ColumnElement[bool]:
    """A condition on DocumentLine: it is not over use by who had the subscription before, nor a late fee of theirs.
    That is theirs alone: who has it now is not stopped for it, nor asked to pay it first."""
    alone = or_(DocumentLine.kind.startswith("usage:"), DocumentLine.kind == "late_fee")
    theirs = select(Document.id).join(Subscription, Subscription.id == DocumentLine.subscription_id)
    others = theirs.where(Document.id == DocumentLine.document_id, Document.customer_id != Subscription.customer_id)
    return or_(not_(alone), not_(others.correlate(DocumentLine).exists()))


def owed_of(session: Session, subscription_id: int) -> bool:
    """Does an invoice with a line of it wait to be paid?"""
    owed = select(Document.id).where(about(subscription_id), Document.owed())
    return session.scalar(owed.limit(1)) is not None


def open_offers(session: Session, subscriptions: Iterable[int], *states: str) -> dict[int, int]:
    """The newest proforma in one of the states for each of the subscriptions that has any."""
    query = (
        select(DocumentLine.subscription_id, Document.id)
        .join(Document, Document.id == DocumentLine.document_id)
        .where(
            among(DocumentLine.subscription_id, subscriptions, session),
            Document.kind == "proforma",
            Document.state.in_(states),
        )
        .order_by(Document.id)
    )
    return {subscription: document for subscription, document in session.execute(query) if subscription is not None}
