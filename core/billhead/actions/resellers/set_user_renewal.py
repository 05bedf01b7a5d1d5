"""A reseller has a user renewed from its credits before the end, or no more."""

from billhead import clock
from billhead.actions.resellers._users import with_payer
from billhead.actions.subscriptions._state import record
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.resellers import CreditRenewal

__all__ = ["set_user_renewal"]


@verb("resellers.set_user_renewal")
def set_user_renewal(tx: Tx, subscription_id: int, on: bool) -> None:
    """With the credits of whoever pays now; who pays later decides anew. Raises NotFound, NotAllowed (suspended) or
    Conflict (it is not paid with credits)."""
    subscription, payer = with_payer(tx, subscription_id)
    row = tx.session.get(CreditRenewal, subscription_id)
    was = row is not None and row.reseller_id == payer.id
    note(tx, f"subscription:{subscription_id}", on=on)
    if on == was:
        return
    if row is not None:
        tx.session.delete(row)
        tx.session.flush()
    if on:
        told = {"subscription_id": subscription_id, "reseller_id": payer.id}
        tx.session.add(CreditRenewal(**told, created_at=clock.now()))
    kind = "renewal_on" if on else "renewal_off"
    record(tx, subscription, kind, clock.today_in(subscription.zone))
