"""Renew a user whose automatic renewal is due: as its payer would, or nothing, with the reason."""

from dataclasses import dataclass, replace

from billhead.actions.resellers._renewing_alone import SHORT, is_due, tried
from billhead.actions.resellers._tree import is_stopped
from billhead.actions.resellers._users import with_payer
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict
from billhead.models.people import Customer
from billhead.models.resellers import CreditRenewal

__all__ = ["RenewedByItself", "renew_by_itself"]


@dataclass(frozen=True, slots=True)
class RenewedByItself:
    """`why` not; "" where it was renewed, or was not due any more."""

    subscription_id: int
    credits_minor: int
    why: str


@verb("resellers.renew_by_itself", permission="resellers.write")
def renew_by_itself(tx: Tx, subscription_id: int) -> RenewedByItself:
    """In a transaction of its own. It may be killed and run again at any moment: what was renewed is due no more. A
    suspended reseller's users run out."""
    subscription, payer = with_payer(tx, subscription_id)  # locked first: the payer may be turning it off right now
    row = tx.session.get(CreditRenewal, subscription_id)
    zone = tx.session.get_one(Customer, subscription.customer_id).zone
    wanted = row is not None and row.reseller_id == payer.id
    if row is None or not wanted or not is_due(subscription.paid_through, zone):
        return RenewedByItself(subscription_id, 0, "")
    asking = Tx(replace(tx.ctx, reason="automatic renewal"), tx.session)
    try:
        with tx.session.begin_nested():
            if is_stopped(tx.session, payer):
                raise Conflict(f"{payer.name} is suspended: nothing is sold or passed on", code="reseller_suspended")
            renewed = renew_user(asking, subscription_id)
    except BillheadError as refused:
        tried(row, SHORT if refused.code == "credits_short" else refused.message[:300])
        return RenewedByItself(subscription_id, 0, row.why)
    return RenewedByItself(subscription_id, renewed.credits_minor, "")
