"""Take back what was asked for and has not happened yet: a cancellation, a planned change, a planned hold."""

from dataclasses import dataclass, replace

from billhead import clock
from billhead.actions.billing.rebill import rebill
from billhead.actions.events import emit
from billhead.actions.rehearse import rehearse
from billhead.actions.subscriptions._beginning import begin_changes
from billhead.actions.subscriptions._going_on import go_on
from billhead.actions.subscriptions._offers import subscription_to_end, withdraw_offers
from billhead.actions.subscriptions._open_invoices import owed_on
from billhead.actions.subscriptions._scheduled import last_cancel, may_undo, take_back, wished_of
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, NotAllowed
from billhead.domain.subscription import State

__all__ = ["Kept", "keep", "preview_keep"]


@dataclass(frozen=True, slots=True)
class Kept:
    """`document_id`: what had been given back for days that are used now after all is charged again; below zero
    something comes back. `owed_minor` is open on its invoices then, after credit; `paid_through` ISO."""

    subscription_id: int
    document_id: int | None = None
    total_minor: int = 0
    currency: str = ""
    owed_minor: int = 0
    paid_through: str = ""

    @property
    def seen(self) -> str:
        """What is agreed to: another one, and it costs something else, or is paid to another day."""
        return f"{self.paid_through}|{self.currency}|{self.total_minor}|{self.owed_minor}"


def preview_keep(ctx: Context, subscription_id: int) -> Kept:
    """What `keep` would do: it is done, and rolled back. Raises what it raises."""
    return rehearse(replace(ctx, idempotency_key=None), lambda tx: keep(tx, subscription_id))


@verb("subscriptions.keep")
def keep(tx: Tx, subscription_id: int, *, seen: str = "") -> Kept:
    """Go on as before; the end that a plan has by itself stays. Customers don't undo what staff have canceled; the
    reseller whose credits pay for it does. `seen` is that of the preview that was shown, if any was.

    Raises NotAllowed, or Conflict when there is nothing to take back, the service has ended already, or
    ("price_changed") it would come to something else than was shown.
    """
    subscription = subscription_to_end(tx, subscription_id)
    if subscription.state == State.CANCELED:
        raise Conflict("this subscription has ended", hint="order it anew")
    begin_changes(tx, subscription)
    planned = wished_of(tx, subscription.id, "change", "hold")
    canceled = last_cancel(tx, subscription.id)
    if canceled is None and not planned:
        raise Conflict("nothing is planned that could be taken back")
    today = clock.today_in(subscription.zone)
    if any(row.kind == "change" for row in planned):
        withdraw_offers(tx, subscription.id)  # the renewal that is offered is that of the plan which does not come
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
    owed, through = owed_on(tx.session, subscription.id), subscription.paid_through
    told = Kept(
        subscription.id,
        written.document_id,
        written.total_minor,
        subscription.currency,
        owed,
        through.isoformat() if through else "",
    )
    if seen and told.seen != seen:
        raise Conflict("the price has changed since it was shown", code="price_changed")
    return told
