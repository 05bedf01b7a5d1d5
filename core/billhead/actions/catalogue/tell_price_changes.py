"""Tell customers what they will pay, some days before; and, where it was taken back, that it stays as it is."""

from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import STANDING
from billhead.models.catalogue import Price, Reprice
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["PriceChangesTold", "tell_price_changes"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class PriceChangesTold:
    """How many notices were queued; `more` while there is somebody left to be told now."""

    told: int
    more: bool


@verb("catalogue.tell_price_changes", permission="catalogue.write")
def tell_price_changes(tx: Tx) -> PriceChangesTold:
    """One batch of one price change. Nobody is told twice of the same."""
    today = clock.latest_today()
    waiting = Reprice.state.in_(["planned", "telling"]) & (Reprice.tell_on <= today) & (Reprice.existing_from > today)
    row = tx.session.scalar(
        select(Reprice)
        .where(waiting | (Reprice.state == "recalling"))
        .order_by(Reprice.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return PriceChangesTold(0, more=False)
    if row.state == "recalling":
        return _recall(tx, row)
    found = _next(tx.session, row)
    for subscription_id, customer_id in found:
        data = {"subscription_id": subscription_id, "reprice_id": row.id}
        if queue_notice(tx, customer_id, "price_change", f"price_change:{row.id}:{subscription_id}", data) is not None:
            row.told += 1
    row.state = "telling" if len(found) == _BATCH else "told"
    row.cursor = found[-1][0] if found else row.cursor
    return PriceChangesTold(len(found), more=True)


def _recall(tx: Tx, row: Reprice) -> PriceChangesTold:
    """From the last that was told back to the first."""
    found = _next(tx.session, row, back=True)
    for subscription_id, customer_id in found:
        data = {"subscription_id": subscription_id, "reprice_id": row.id}
        queue_notice(tx, customer_id, "price_stays", f"price_stays:{row.id}:{subscription_id}", data)
    if len(found) < _BATCH:
        row.state = "withdrawn"
    else:
        row.cursor = found[-1][0] - 1
    return PriceChangesTold(len(found), more=True)


def _next(session: Session, row: Reprice, *, back: bool = False) -> list[tuple[int, int]]:
    """(subscription, customer) of the next who had one of the prices before it changed."""
    old, new, part = aliased(Price), aliased(Price), SubscriptionComponent
    older = (
        select(old.id)
        .join(new, and_(new.book_id == old.book_id, new.plan_id == old.plan_id, new.term == old.term))
        .where(new.reprice_id == row.id, old.version < new.version)
    )
    whose = select(part.subscription_id).where(part.price_id.in_(older), part.ends_on.is_(None))
    ahead = Subscription.id <= row.cursor if back else Subscription.id > row.cursor
    query = (
        select(Subscription.id, Subscription.customer_id)
        .where(
            Subscription.id.in_(whose),
            ahead,
            Subscription.settlement == "invoice",
            Subscription.state.in_([state.value for state in STANDING]),
        )
        .order_by(Subscription.id.desc() if back else Subscription.id)
        .limit(_BATCH)
    )
    return [(key, customer) for key, customer in session.execute(query)]
