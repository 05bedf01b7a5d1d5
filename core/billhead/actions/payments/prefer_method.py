"""Choose which saved method pays renewals from now on."""

from sqlalchemy import select

from billhead.actions.payments._methods import put_first, visible_method
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.subscriptions import Subscription

__all__ = ["prefer_method"]


@verb("payments.prefer_method")
def prefer_method(tx: Tx, method_id: int) -> None:
    """The method becomes the first of its customer, also for subscriptions that were paid by another one.

    Raises NotFound (not theirs, or removed) or Conflict (it was declined for good).
    """
    method = visible_method(tx.session, tx.ctx, method_id)
    if not method.usable:
        raise Conflict(f"{method.label} was declined for good", hint="pay with another card and keep that one")
    put_first(tx, method)
    charged = select(Subscription).where(
        Subscription.customer_id == method.customer_id, Subscription.payment_method_id.is_not(None)
    )
    for subscription in tx.session.scalars(charged):
        subscription.payment_method_id = method.id
        subscription.version += 1
    note(tx, f"customer:{method.customer_id}", method_id=method.id)
