"""The next of many renewals, in a transaction of its own: renewed, or refused with the reason."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import BillheadError
from billhead.models.resellers import BulkRenewal, BulkRenewalItem

__all__ = ["RenewedNext", "renew_next"]


@dataclass(frozen=True, slots=True)
class RenewedNext:
    bulk_id: int
    more: bool


@verb("resellers.renew_next", permission="resellers.write")
def renew_next(tx: Tx, bulk_id: int) -> RenewedNext:
    """It may be killed and run again at any moment: what was renewed is not renewed twice."""
    bulk = tx.session.get_one(BulkRenewal, bulk_id, with_for_update=True, populate_existing=True)
    item = tx.session.scalar(
        select(BulkRenewalItem)
        .where(BulkRenewalItem.bulk_id == bulk_id, BulkRenewalItem.state == "waiting")
        .order_by(BulkRenewalItem.id)
        .limit(1)
    )
    if item is None:
        if bulk.state == "running":
            bulk.state, bulk.finished_at = "done", clock.now()
        return RenewedNext(bulk_id, False)
    try:
        with tx.session.begin_nested():
            renewed = renew_user(Tx(_who_asked(bulk), tx.session), item.subscription_id)
    except BillheadError as refused:
        item.state, item.why = "refused", refused.message[:300]
        bulk.refused += 1
    else:
        item.state, item.credits_minor, item.paid_through = "renewed", renewed.credits_minor, renewed.paid_through
        bulk.renewed += 1
        bulk.credits_minor += renewed.credits_minor
    return RenewedNext(bulk_id, True)


def _who_asked(bulk: BulkRenewal) -> Context:
    scope = Scope(reseller_id=bulk.scope_reseller_id, everything=bulk.scope_reseller_id is None)
    return Context(bulk.actor, Role(bulk.role), scope, reason=f"renewals {bulk.id}")
