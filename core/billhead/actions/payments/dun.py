"""What happens when nobody pays: the stages that a debt's age has reached, each once per document.

The clock is the due date of the oldest unpaid invoice of a subscription: paying it restarts the clock at the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.subscriptions._state import move
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.suspend import suspend
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import OWED
from billhead.domain.dunning import DEFAULT_STAGES, Stage, StageAction, stages_reached
from billhead.domain.subscription import Event, State, SuspendedBy
from billhead.models.documents import Document
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["Dunned", "dun"]

_BATCH = 500
_NOTICES = {StageAction.REMIND: "reminder", StageAction.WARN: "warning"}


@dataclass(frozen=True, slots=True)
class Dunned:
    """`last_id` is where the next batch goes on; 0 when all were looked at."""

    suspended: int
    terminated: int
    last_id: int


@verb("payments.dun", permission="subscriptions.write")
def dun(tx: Tx, after_id: int = 0) -> Dunned:
    """One batch of subscriptions with an overdue invoice, by subscription id."""
    horizon = (clock.business_now() + timedelta(hours=14)).date()
    owed = [s.value for s in OWED]
    rows = tx.session.execute(
        select(Document.subscription_id, Document.id, Document.due_on, Document.seller_id)
        .where(
            Document.kind == "invoice",
            Document.state.in_(owed),
            Document.due_on <= horizon,
            Document.subscription_id > after_id,
        )
        .order_by(Document.subscription_id, Document.due_on, Document.id)
        .limit(_BATCH)
    ).all()
    oldest: dict[int, tuple[int, date, int]] = {}
    for subscription_id, document_id, due_on, seller_id in rows:
        oldest.setdefault(subscription_id, (document_id, due_on, seller_id))
    suspended = terminated = 0
    for subscription_id, (document_id, due_on, seller_id) in oldest.items():
        done = _reach(tx, subscription_id, document_id, due_on, tx.session.get_one(Seller, seller_id))
        suspended += done is StageAction.SUSPEND
        terminated += done is StageAction.TERMINATE
    return Dunned(suspended, terminated, last_id=max(oldest) if len(rows) == _BATCH else 0)


def _stages(seller: Seller) -> Sequence[Stage]:
    if not seller.dunning_stages:
        return DEFAULT_STAGES
    return tuple(Stage(int(days), StageAction(action)) for days, action in seller.dunning_stages)


def _reach(tx: Tx, subscription_id: int, document_id: int, due_on: date, seller: Seller) -> StageAction | None:
    """Send what is due and take the harshest step reached; returns the step that changed something."""
    subscription = tx.session.get_one(Subscription, subscription_id)
    changed: StageAction | None = None
    for stage in stages_reached(_stages(seller), due_on, clock.today_in(seller.zone)):
        if stage.action in _NOTICES:
            key = f"dunning:{document_id}:{stage.action.value}"
            queue_notice(tx, subscription.customer_id, _NOTICES[stage.action], key, {"document_id": document_id})
            if subscription.state in (State.ACTIVE, State.TRIAL) and stage.after_days > 0:
                move(tx, subscription, Event.FALL_DUE, clock.today_in(subscription.zone), document_id=document_id)
        elif stage.action is StageAction.SUSPEND and subscription.state in (
            State.ACTIVE, State.TRIAL, State.PAST_DUE,
        ):  # fmt: skip
            suspend(tx, subscription_id, SuspendedBy.DEBT.value)
            changed = stage.action
        elif stage.action is StageAction.TERMINATE and subscription.state != State.CANCELED:
            cancel(tx, subscription_id, "immediate")
            changed = stage.action
    return changed
