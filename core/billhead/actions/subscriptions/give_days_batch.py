"""One batch of a gift of days, within a transaction of its own."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.subscriptions._gift_scope import GiftScope, ids_in
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.verb import verb
from billhead.bulk import among
from billhead.db import Tx
from billhead.models.subscriptions import DayGift, FreeTime

__all__ = ["BatchGiven", "give_days_batch"]

_BATCH = 100


@dataclass(frozen=True, slots=True)
class BatchGiven:
    gift_id: int
    given: int
    more: bool


@verb("subscriptions.give_days_batch", permission="subscriptions.write")
def give_days_batch(tx: Tx, gift_id: int) -> BatchGiven:
    """Give to the next subscriptions. Whoever has the days of this gift already gets no more, so it may run again."""
    gift = tx.session.get_one(DayGift, gift_id, with_for_update=True)
    if gift.state != "running":
        return BatchGiven(gift_id, 0, False)
    scope = GiftScope(gift.panel_id, gift.bouquet_id, gift.plan_id)
    ids = ids_in(tx.session, scope, gift.cursor, _BATCH)
    had = set(
        tx.session.scalars(
            select(FreeTime.subscription_id).where(
                FreeTime.gift_id == gift_id, among(FreeTime.subscription_id, ids, tx.session)
            )
        )
    )
    new = [subscription_id for subscription_id in ids if subscription_id not in had]
    for subscription_id in new:
        give_days_to(tx, subscription_id, gift.days, gift.reason, gift.id)
    given = len(new)
    gift.given += given
    if len(ids) < _BATCH:
        gift.state, gift.finished_at = "done", clock.now()
    else:
        gift.cursor = ids[-1]
    return BatchGiven(gift_id, given, gift.state == "running")
