"""A draft comes to nothing: what it was for is as if it had never been billed."""

from billhead import clock
from billhead.actions.billing._coupons import give_back_used
from billhead.actions.documents._changeable import lines_of
from billhead.actions.entitlements._waiting_again import is_once, wait_again
from billhead.actions.subscriptions._state import record
from billhead.actions.usage._taking_back import USAGE, take_back_usage
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.subscription import RUNNING
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription

__all__ = ["release"]


def release(tx: Tx, document: Document) -> None:
    """Give the periods of a draft back: their keys, and the days up to which their subscriptions are billed.

    The next run bills them anew, from what is true then. Raises Conflict when a later period is billed already.
    """
    billed: dict[int, list[DocumentLine]] = {}
    for line in lines_of(tx, document.id):
        if line.corrects_line_id is not None:
            raise Conflict("it gives back what was billed before, and can't be void", hint="change its other lines")
        if line.subscription_id is not None:
            billed.setdefault(line.subscription_id, []).append(line)
    for subscription_id, lines in sorted(billed.items()):
        take_back_usage(tx, [line for line in lines if line.kind.startswith(USAGE)])
        wait_again(tx, [line for line in lines if is_once(line)])
        timed = [one for one in lines if not one.kind.startswith(USAGE) and not is_once(one)]
        _set_back(tx, document, subscription_id, timed)
        for line in lines:
            line.revision = -line.id  # a key that no period has


def _set_back(tx: Tx, document: Document, subscription_id: int, lines: list[DocumentLine]) -> None:
    periods = [
        (line.period_start, line.period_end)
        for line in lines
        if line.period_start is not None and line.period_end is not None
    ]
    if not periods:
        return
    start, end = min(start for start, _ in periods), max(end for _, end in periods)
    subscription = tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if subscription.billed_through != end:
        raise Conflict(
            f"subscription {subscription_id} is billed to {subscription.billed_through} already, this draft ends {end}",
            hint="void the later one first",
        )
    today = clock.today_in(subscription.zone)
    subscription.billed_through = None if start <= subscription.started_on else start
    if subscription.state in RUNNING and subscription.settlement == "invoice":
        subscription.next_bill_on = min(start, today)
    subscription.version += 1
    give_back_used(tx.session, document.id, subscription_id, periods)
    record(tx, subscription, "draft_void", today, document_id=document.id, billed_through=start.isoformat())
