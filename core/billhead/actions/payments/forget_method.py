"""Remove a saved method: its token goes, and renewals that used it are offered by hand instead."""

from sqlalchemy import select

from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.payments import PaymentMethod
from billhead.models.subscriptions import Subscription

__all__ = ["forget_method"]


@verb("payments.forget_method")
def forget_method(tx: Tx, method_id: int) -> None:
    """The row stays for the payments made with it; what could be charged does not. Raises NotFound."""
    method = tx.session.get(PaymentMethod, method_id)
    scope = tx.ctx.scope
    if method is None or not method.token or not (scope.everything or scope.customer_id == method.customer_id):
        raise NotFound("payment method", method_id)
    method.token, method.usable, method.is_default = "", False, False
    for subscription in tx.session.scalars(select(Subscription).where(Subscription.payment_method_id == method.id)):
        subscription.payment_method_id, subscription.collection = None, "manual"
        subscription.version += 1
    audit(tx, "payments.method_forgotten", f"customer:{method.customer_id}", {"method_id": method.id})
