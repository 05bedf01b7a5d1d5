"""Remove a saved method: its token goes, and renewals that used it are offered by hand instead."""

from billhead.actions.payments._letting_go import let_go
from billhead.actions.payments._methods import visible_method
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.payments import GatewayAccount
from billhead.plugin_host import gateway_abilities

__all__ = ["forget_method"]


@verb("payments.forget_method")
def forget_method(tx: Tx, method_id: int) -> None:
    """The row stays for the payments made with it; what could be charged does not, here and, by a job, at its gateway.
    Raises NotFound."""
    method = visible_method(tx.session, tx.ctx, method_id)
    if gateway_abilities(tx.session.get_one(GatewayAccount, method.account_id).gateway).forget:
        method.detaching_token = method.token
        args, lane = {"method_id": method.id}, f"payment_method:{method.id}"
        enqueue(tx, "payments.detach_method", args, key=f"detach:{method.id}", lane=lane)
    let_go(tx, method)
    note(tx, f"customer:{method.customer_id}", method_id=method.id)
