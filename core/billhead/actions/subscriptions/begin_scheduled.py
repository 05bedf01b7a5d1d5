"""What was planned for a day that has come: changes of plan reach the lines, holds begin and end."""

import logging
from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.fraud._case import held_by_review
from billhead.actions.jobs._set_aside import set_aside
from billhead.actions.subscriptions._beginning import begin
from billhead.actions.subscriptions._offers import subscription_to_end
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError
from billhead.models.subscriptions import Subscription, SubscriptionChange

__all__ = ["Begun", "begin_scheduled"]

log = logging.getLogger(__name__)

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Begun:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    begun: int
    next_after: int


@verb("subscriptions.begin_scheduled", permission="subscriptions.write")
def begin_scheduled(tx: Tx, after_id: int = 0, only: int | None = None) -> Begun:
    """One batch of what has come to its day, each in its customer's zone, by the change's id; or `only` that change.

    A change of what is still being checked waits: the time before it was not watched yet. One of a batch that can't
    begin is tried again in an hour, and by a job of its own, which staff see; of one alone, what is in the way is
    raised.
    """
    horizon = clock.latest_today()
    change = SubscriptionChange
    rows = tx.session.scalars(
        select(change)
        .join(Subscription, Subscription.id == change.subscription_id)
        .where(change.state == "scheduled", change.effective_on <= horizon)
        .where(change.id > after_id if only is None else change.id == only)
        .where((change.kind != "change") | ~held_by_review())
        .order_by(change.id)
        .limit(_BATCH)
    ).all()
    begun = sum(_begin(tx, row) if only is not None else _begin_apart(tx, row) for row in rows)
    return Begun(begun, next_after=rows[-1].id if len(rows) == _BATCH else 0)


def _begin_apart(tx: Tx, row: SubscriptionChange) -> bool:
    change_id, kind, subscription_id = row.id, row.kind, row.subscription_id
    try:
        with tx.session.begin_nested():
            begun = _begin(tx, row)
            tx.session.flush()
    except BillheadError as error:
        log.warning("%s of subscription %s can't begin: %s", kind, subscription_id, error)
        set_aside(tx, "subscriptions.begin_one", {"change_id": change_id})
        return False
    return begun


def _begin(tx: Tx, row: SubscriptionChange) -> bool:
    subscription = subscription_to_end(tx, row.subscription_id)
    tx.session.refresh(row)
    due = row.effective_on <= clock.today_in(subscription.zone) and row.state == "scheduled"
    return due and begin(tx, subscription, row)
