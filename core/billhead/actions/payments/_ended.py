"""Whether what a document is for is over, so that money for it buys nothing any more."""

from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

__all__ = ["has_ended"]


def has_ended(tx: Tx, document: Document) -> bool:
    """Paid after all its subscriptions have ended: no term begins with it, and what debt had stopped was never watched.

    Who cancelled otherwise has had what the invoice is for, and pays it.
    """
    ids = subscriptions_of(tx.session, document.id)
    found = [tx.session.get_one(Subscription, subscription_id) for subscription_id in ids]
    return bool(found) and all(
        one.state == State.CANCELED and (document.kind == Kind.PROFORMA or one.suspended_for == SuspendedBy.DEBT)
        for one in found
    )
