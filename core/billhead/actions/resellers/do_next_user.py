"""The next of many users, in a transaction of its own: done, or refused with the reason."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.resellers._many_kinds import kind_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import BillheadError
from billhead.models.resellers import UserBulk, UserBulkItem

__all__ = ["DidNextUser", "do_next_user"]


@dataclass(frozen=True, slots=True)
class DidNextUser:
    bulk_id: int
    more: bool


@verb("resellers.do_next_user", permission="resellers.write")
def do_next_user(tx: Tx, bulk_id: int) -> DidNextUser:
    """It may be killed and run again at any moment: nothing is done twice."""
    note(tx, f"user_bulk:{bulk_id}")  # "bulk" are those of staff, which have the same numbers
    bulk = tx.session.get_one(UserBulk, bulk_id, with_for_update=True, populate_existing=True)
    item = tx.session.scalar(
        select(UserBulkItem)
        .where(UserBulkItem.bulk_id == bulk_id, UserBulkItem.state == "waiting")
        .order_by(UserBulkItem.id)
        .limit(1)
    )
    if item is None:
        if bulk.state == "running":
            bulk.state, bulk.finished_at = "done", clock.now()
        return DidNextUser(bulk_id, False)
    try:
        with tx.session.begin_nested():
            kind = kind_of(bulk.kind, bulk.term)
            credits_minor, paid_through = kind.act(Tx(_who_asked(bulk), tx.session), item.subscription_id)
    except BillheadError as refused:
        item.state, item.why = "refused", refused.message[:300]
        bulk.refused += 1
    else:
        item.state, item.credits_minor, item.paid_through = "done", credits_minor, paid_through
        bulk.done += 1
        bulk.credits_minor += credits_minor
    return DidNextUser(bulk_id, True)


def _who_asked(bulk: UserBulk) -> Context:
    scope = Scope(reseller_id=bulk.scope_reseller_id, everything=bulk.scope_reseller_id is None)
    return Context(bulk.actor, Role(bulk.role), scope, reason=f"{bulk.kind} many {bulk.id}")
