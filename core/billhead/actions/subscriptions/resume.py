"""End a hold: the lines run again, and billing goes on from today."""

from dataclasses import dataclass, replace
from datetime import date

from billhead import clock
from billhead.actions.billing.rebill import rebill
from billhead.actions.events import emit
from billhead.actions.rehearse import rehearse
from billhead.actions.subscriptions._extending import ends_of, extend
from billhead.actions.subscriptions._free_time import give_time, lengthen, open_hold
from billhead.actions.subscriptions._holding import may_end_from, too_short
from billhead.actions.subscriptions._offers import subscription_to_end
from billhead.actions.subscriptions._open_invoices import owed_on
from billhead.actions.subscriptions._scheduled import drop_scheduled, last_cancel
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._stopping import start_again
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["Resumed", "preview_resume", "resume"]


@dataclass(frozen=True, slots=True)
class Resumed:
    """`document_id` is the invoice over the rest of the period, if a hold that was credited ends within it.
    `owed_minor` is open on the subscription's invoices then, after credit."""

    subscription_id: int
    paid_through: str
    document_id: int | None = None
    total_minor: int = 0
    currency: str = ""
    owed_minor: int = 0

    @property
    def seen(self) -> str:
        """What is agreed to: another one, and it costs something else, or is paid to another day."""
        return f"{self.paid_through}|{self.currency}|{self.total_minor}|{self.owed_minor}"


def preview_resume(ctx: Context, subscription_id: int) -> Resumed:
    """What `resume` would do: it is done, and rolled back. Raises what it raises."""
    return rehearse(replace(ctx, idempotency_key=None), lambda tx: resume(tx, subscription_id))


@verb("subscriptions.resume")
def resume(tx: Tx, subscription_id: int, *, seen: str = "") -> Resumed:
    """End the hold today. What was credited of the running period is charged for the days that are left of it, usually
    from that credit; what was kept is added. No period that lay within the hold is billed (pitfall 15). `seen` is that
    of the preview that was shown, if any was.

    Raises Conflict for a subscription that its customer has not put on hold, to customers whose plan wants a longer
    one, and ("price_changed") where it would come to something else than was shown.
    """
    subscription = subscription_to_end(tx, subscription_id)
    if subscription.state != State.SUSPENDED or subscription.suspended_for != SuspendedBy.CUSTOMER:
        raise Conflict("this subscription is not on hold")
    today = clock.today_in(subscription.zone)
    pause = open_hold(tx, subscription)
    if not tx.ctx.may("subscriptions.write"):
        _refuse_too_short(tx, subscription, pause, today)
    start_again(tx, subscription)
    drop_scheduled(tx, subscription.id, "resume")
    if pause is not None and pause.why == "kept":
        _add_kept(tx, subscription, pause, today)
    elif pause is not None:
        pause.ends_on = max(min(pause.ends_on or today, today), pause.starts_on)
    by_calendar = subscription.collection != "manual" and subscription.timing == "advance"
    if by_calendar and (subscription.billed_through or today) < today:
        subscription.billed_through = today
    look_again(tx, subscription, today)
    written = rebill(tx, subscription.id)
    tx.session.refresh(subscription)
    extend(tx, subscription, ends_of(tx, subscription))
    record(tx, subscription, "resumed", today, document_id=written.document_id)
    data = {"subscription_id": subscription.id, "document_id": written.document_id}
    emit(tx, "subscription.resumed", f"subscription:{subscription.id}", data)
    through = subscription.paid_through.isoformat() if subscription.paid_through else ""
    owed = owed_on(tx.session, subscription.id)
    told = Resumed(subscription.id, through, written.document_id, written.total_minor, subscription.currency, owed)
    if seen and told.seen != seen:
        raise Conflict("the price has changed since it was shown", code="price_changed")
    return told


def _refuse_too_short(tx: Tx, subscription: Subscription, pause: FreeTime | None, today: date) -> None:
    opens = may_end_from(tx, subscription)
    if pause is not None and opens is not None and today < opens:
        raise Conflict(too_short((opens - pause.starts_on).days))


def _add_kept(tx: Tx, subscription: Subscription, pause: FreeTime, today: date) -> None:
    """The days of paid time that the hold took come after it. The row itself tells how long the hold was."""
    paid = subscription.paid_through
    pause.ends_on = max(today, pause.starts_on)
    if paid is None or paid <= pause.starts_on:
        return
    kept = (pause.ends_on - pause.starts_on).days
    # what is left of the paid time counts from today, whether its old end has passed or not
    gone = max((today - paid).days, 0)
    if kept <= gone:
        return
    canceled = last_cancel(tx, subscription.id) if subscription.service_ends_on is not None else None
    if canceled is not None and canceled["policy"] != "end_of_term":
        lengthen(tx, subscription, kept - gone, today)  # it ends on its day
        return
    if canceled is not None:  # when the paid time is over, which is known now
        subscription.service_ends_on = paid
    give_time(tx, subscription, kept - gone, today)
