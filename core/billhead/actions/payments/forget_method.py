"""Remove a saved method: its token goes, and renewals that used it are offered by hand instead."""

from billhead.actions.payments._letting_go import let_go
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.payments import GatewayAccount, PaymentMethod
from billhead.plugin_host import gateway_abilities

__all__ = ["forget_method"]


@verb("payments.forget_method")
def forget_method(tx: Tx, method_id: int) -> None:
    """The row stays for the payments made with it; what could be charged does not, here and, by a job, at its gateway.
    Raises NotFound."""
    method = tx.session.get(PaymentMethod, method_id)
    scope = tx.ctx.scope
    if method is None or not method.token or not (scope.everything or scope.customer_id == method.customer_id):
        raise NotFound("payment method", method_id)
    if gateway_abilities(tx.session.get_one(GatewayAccount, method.account_id).gateway).forget:
        method.detaching_token = method.token
        args, lane = {"method_id": method.id}, f"payment_method:{method.id}"
        enqueue(tx, "payments.detach_method", args, key=f"detach:{method.id}", lane=lane)
    let_go(tx, method)
    audit(tx, "payments.method_forgotten", f"customer:{method.customer_id}", {"method_id": method.id})
