"""Take back what was asked for and has not happened yet: a cancellation, a planned change, a planned hold."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.billing.rebill import rebill
from billhead.actions.events import emit
from billhead.actions.subscriptions._beginning import begin_changes
from billhead.actions.subscriptions._going_on import go_on
from billhead.actions.subscriptions._scheduled import last_cancel, may_undo, take_back, wished_of
from billhead.actions.subscriptions._state import record, visible_subscription
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotAllowed
from billhead.domain.subscription import State

__all__ = ["Kept", "keep"]


@dataclass(frozen=True, slots=True)
class Kept:
    """`document_id`: what had been given back for days that are used now after all is charged again."""

    subscription_id: int
    document_id: int | None = None
    total_minor: int = 0


@verb("subscriptions.keep")
def keep(tx: Tx, subscription_id: int) -> Kept:
    """Go on as before; the end that a plan has by itself stays. Customers don't undo what staff have canceled; the
    reseller whose credits pay for it does.

    Raises NotAllowed, or Conflict when there is nothing to take back, or the service has ended already.
    """
    subscription = visible_subscription(tx, subscription_id)
    if subscription.state == State.CANCELED:
        raise Conflict("this subscription has ended", hint="order it anew")
    begin_changes(tx, subscription)
    planned = wished_of(tx, subscription.id, "change", "hold")
    canceled = last_cancel(tx, subscription.id)
    if canceled is None and not planned:
        raise Conflict("nothing is planned that could be taken back")
    today = clock.today_in(subscription.zone)
    for row in planned:
        take_back(tx, subscription, row)
    if canceled is not None:
        if not may_undo(tx, subscription, canceled):
            raise NotAllowed("this subscription was canceled for you: only staff can take that back")
        go_on(tx, subscription, canceled)
    look_again(tx, subscription, today)
    record(tx, subscription, "kept", today)
    written = rebill(tx, subscription.id)
    tx.session.refresh(subscription)
    emit(tx, "subscription.kept", f"subscription:{subscription.id}", {"subscription_id": subscription.id})
    return Kept(subscription.id, written.document_id, written.total_minor)
