"""What happens when nobody pays: the stages that a debt's age has reached, each once per document.

The clock is the due date of the oldest unpaid invoice of a subscription: paying it restarts the clock at the next.
Nobody is dunned on the day when the invoice was issued, and nothing is taken away while money may be on its way.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._stages import stages_of
from billhead.actions.subscriptions._state import move
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.suspend import suspend
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import OWED
from billhead.domain.dunning import StageAction, stages_reached
from billhead.domain.payment import BLOCKS_ANOTHER
from billhead.domain.subscription import Event, State, SuspendedBy
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import PaymentAttempt
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["Dunned", "dun"]

_BATCH = 500
_NOTICES = {StageAction.REMIND: "reminder", StageAction.WARN: "warning"}
_HARSH = {
    StageAction.SUSPEND: (State.ACTIVE, State.TRIAL, State.PAST_DUE),
    StageAction.TERMINATE: (State.ACTIVE, State.TRIAL, State.PAST_DUE, State.SUSPENDED, State.EXPIRED),
}
"""From which states a subscription is stopped or ended."""


@dataclass(frozen=True, slots=True)
class Dunned:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    suspended: int
    terminated: int
    next_after: int


@verb("payments.dun", permission="subscriptions.write")
def dun(tx: Tx, after_id: int = 0) -> Dunned:
    """One batch of subscriptions with an overdue invoice, by subscription id."""
    horizon = (clock.business_now() + timedelta(hours=14)).date()
    owed = [s.value for s in OWED]
    rows = tx.session.execute(
        select(DocumentLine.subscription_id, Document.due_on, Document.id)
        .join(Document, Document.id == DocumentLine.document_id)
        .where(
            Document.kind == "invoice",
            Document.state.in_(owed),
            Document.due_on <= horizon,
            DocumentLine.subscription_id > after_id,
        )
        .distinct()
        .order_by(DocumentLine.subscription_id, Document.due_on, Document.id)
        .limit(_BATCH)
    ).all()
    oldest: dict[int, int] = {}
    for subscription_id, _, document_id in rows:
        oldest.setdefault(subscription_id or 0, document_id)
    suspended = terminated = 0
    for subscription_id, document_id in oldest.items():
        subscription = tx.session.get_one(Subscription, subscription_id)
        document = tx.session.get_one(Document, document_id)
        done = _reach(tx, subscription, document, tx.session.get_one(Seller, document.seller_id))
        suspended += done is StageAction.SUSPEND
        terminated += done is StageAction.TERMINATE
    return Dunned(suspended, terminated, next_after=max(oldest) if len(rows) == _BATCH else 0)


def _reach(tx: Tx, subscription: Subscription, document: Document, seller: Seller) -> StageAction | None:
    """Send what is due and take the harshest step reached; returns the step that changed something."""
    today = clock.today_in(seller.zone)
    if document.issued_on is not None and document.issued_on >= today:
        return None
    changed: StageAction | None = None
    for stage in stages_reached(stages_of(seller), document.due_on, today):
        if stage.action in _NOTICES:
            key = f"dunning:{document.id}:{stage.action.value}"
            queue_notice(tx, subscription.customer_id, _NOTICES[stage.action], key, {"document_id": document.id})
            if subscription.state in (State.ACTIVE, State.TRIAL) and stage.after_days > 0:
                move(tx, subscription, Event.FALL_DUE, clock.today_in(subscription.zone), document_id=document.id)
        elif subscription.state in _HARSH[stage.action] and not _on_its_way(tx, document.id):
            if stage.action is StageAction.SUSPEND:
                suspend(tx, subscription.id, SuspendedBy.DEBT.value)
            else:
                cancel(tx, subscription.id, "immediate")
            changed = stage.action
    return changed


def _on_its_way(tx: Tx, document_id: int) -> bool:
    """A charge of which nobody knows yet that it failed: a bank debit takes days, a lost answer is looked up."""
    undecided = select(PaymentAttempt.id).where(
        PaymentAttempt.document_id == document_id, PaymentAttempt.state.in_([s.value for s in BLOCKS_ANOTHER])
    )
    return tx.session.scalar(undecided.limit(1)) is not None
