"""The next of many subscriptions, in short transactions: done, or left out with the reason; forwards or backwards."""

from dataclasses import dataclass, replace

from sqlalchemy import select

from billhead import clock
from billhead.actions.bulk._kinds import KINDS
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError
from billhead.models.bulk import BulkAction, BulkItem

__all__ = ["DidNext", "do_next"]

_BATCH = 20


@dataclass(frozen=True, slots=True)
class DidNext:
    bulk_id: int
    more: bool


@verb("bulk.do_next", permission="subscriptions.write")
def do_next(tx: Tx, bulk_id: int) -> DidNext:
    """It may be killed and run again at any moment: what was done stands with its item, in one transaction."""
    bulk = tx.session.get_one(BulkAction, bulk_id, with_for_update=True, populate_existing=True)
    if bulk.state == "queued":
        bulk.state = "running"
    if bulk.state not in ("running", "undoing"):
        return DidNext(bulk_id, False)
    wanted = "waiting" if bulk.state == "running" else "done"
    items = tx.session.scalars(
        select(BulkItem)
        .where(BulkItem.bulk_id == bulk_id, BulkItem.state == wanted)
        .order_by(BulkItem.id)
        .limit(_BATCH)
    ).all()
    by_staff = Tx(replace(tx.ctx, actor=bulk.asked_by, reason=bulk.reason, idempotency_key=None), tx.session)
    for item in items:
        _one(by_staff, bulk, item)
    if len(items) < _BATCH:
        bulk.state = "done" if bulk.state == "running" else "undone"
        bulk.finished_at = clock.now()
    return DidNext(bulk_id, len(items) == _BATCH)


def _one(tx: Tx, bulk: BulkAction, item: BulkItem) -> None:
    """One that fails costs nothing but itself."""
    kind, back = KINDS[bulk.kind], bulk.state == "undoing"
    try:
        with tx.session.begin_nested():
            if not back:
                item.before = kind.act(tx, bulk, item.subscription_id)
            elif kind.undo is not None:
                kind.undo(tx, bulk, item)
    except BillheadError as refused:
        item.state, item.said = "stays" if back else "failed", refused.message[:300]
        bulk.failed += not back
        return
    item.state, item.said = ("undone", "taken back") if back else ("done", kind.done)
    bulk.done += not back
    bulk.undone += back
