"""Whether a reseller's new users are renewed from its credits by themselves; and, where it says so, those there are."""

from dataclasses import dataclass

from sqlalchemy import delete, func, insert, literal, select

from billhead import clock
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.verb import note, verb
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription

__all__ = ["RenewalsSet", "set_renewals"]


@dataclass(frozen=True, slots=True)
class RenewalsSet:
    """`users`: how many of those there are were turned on or off."""

    reseller_id: int
    users: int


@verb("resellers.set_renewals")
def set_renewals(tx: Tx, reseller_id: int, on: bool, present: bool = False) -> RenewalsSet:
    """For what this reseller pays alone, not for those below it. Raises NotFound or NotAllowed (suspended)."""
    (reseller,) = lock_resellers(tx, reseller_id)
    reseller.renews_users = on
    note(tx, f"reseller:{reseller_id}", on=on, present=present)
    if not present:
        return RenewalsSet(reseller_id, 0)
    mine = (
        Subscription.payer_reseller_id == reseller_id,
        Subscription.settlement == "credits",
        Subscription.state != "canceled",
        Subscription.service_ends_on.is_(None),
    )
    # in two statements, as both databases know them: what a former payer has turned on is theirs no more
    theirs = CreditRenewal.subscription_id.in_(select(Subscription.id).where(*mine))
    gone = rows_changed(tx.session, delete(CreditRenewal).where(theirs))
    if not on:
        return RenewalsSet(reseller_id, gone)
    columns = ["subscription_id", "reseller_id", "why", "created_at"]
    now = literal(clock.now(), CreditRenewal.__table__.c.created_at.type)
    rows = select(Subscription.id, literal(reseller_id), literal(""), now).where(*mine)
    tx.session.execute(insert(CreditRenewal).from_select(columns, rows))
    turned = select(func.count()).where(CreditRenewal.reseller_id == reseller_id, theirs)
    return RenewalsSet(reseller_id, int(tx.session.scalar(turned) or 0))
