"""Bill a subscription before its periods (in advance) or when they are over (in arrears), from its next period on."""

from dataclasses import dataclass, replace
from datetime import date

from billhead import clock
from billhead.actions.billing.next_document import Upcoming, next_document
from billhead.actions.rehearse import rehearse
from billhead.actions.shops._supplying import is_supplied, let_run
from billhead.actions.subscriptions._offers import subscription_to_end, withdraw_offers
from billhead.actions.subscriptions._scheduled import schedule, scheduled_of, take_back
from billhead.actions.subscriptions._state import live_services, record
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.subscription import RUNNING, State
from billhead.models.subscriptions import Subscription

__all__ = ["TIMINGS", "TimingPreview", "TimingSet", "preview_set_timing", "set_timing"]

TIMINGS = ("advance", "arrears")


@dataclass(frozen=True, slots=True)
class TimingSet:
    """`effective_on`: the first day that is billed in the new way, ISO; `state`: done, or scheduled for that day."""

    subscription_id: int
    state: str
    effective_on: str


@dataclass(frozen=True, slots=True)
class TimingPreview:
    """`upcoming` is the next document as it will be then."""

    state: str
    effective_on: date
    upcoming: Upcoming


def preview_set_timing(ctx: Context, subscription_id: int, timing: str) -> TimingPreview:
    """What `set_timing` would do. Raises what it raises."""

    def done(tx: Tx) -> TimingPreview:
        told = set_timing(tx, subscription_id, timing)
        on = date.fromisoformat(told.effective_on)
        return TimingPreview(told.state, on, next_document(tx.session, subscription_id))

    return rehearse(replace(ctx, idempotency_key=None), done)


@verb("subscriptions.set_timing", permission="subscriptions.write")
def set_timing(tx: Tx, subscription_id: int, timing: str) -> TimingSet:
    """Each day is billed once, whichever way it turns: what is billed stays.

    To arrears at once: the first period that is not billed yet is billed when it is over. Its lines run on, offers of a
    renewal are void, and the calendar bills it from then on, also what was renewed by hand. To advance when the period
    that runs is over and billed: the next one is billed as it begins. Until then it is taken back by the same verb.

    Raises NotFound, InvalidInput, or Conflict where it stands so, is not billed by days of the calendar, or is not
    running as it should.
    """
    if timing not in TIMINGS:
        raise InvalidInput("timing", f"{timing!r} is not one of {', '.join(TIMINGS)}")
    subscription = subscription_to_end(tx, subscription_id)
    if subscription.state == State.CANCELED:
        raise Conflict("this subscription is canceled already")
    planned = [row for row in scheduled_of(tx, subscription_id) if row.kind != "resume"]
    if timing == subscription.timing:
        waiting = [row for row in planned if row.kind == "timing"]
        if not waiting:
            raise Conflict("this subscription is billed so already")
        take_back(tx, subscription, waiting[0])
        on = subscription.billed_through or clock.today_in(subscription.zone)
        note(tx, f"subscription:{subscription_id}", timing=timing, planned=False)
        return TimingSet(subscription_id, "done", on.isoformat())
    _refuse_impossible(tx, subscription)
    if planned:
        raise Conflict("something else is planned for this subscription", hint="take it back first, or wait for it")
    note(tx, f"subscription:{subscription_id}", before=subscription.timing, after=timing)
    if timing == "arrears":
        return _in_arrears(tx, subscription)
    assert subscription.next_bill_on is not None, "what is billed in arrears has a day on which it is"
    row = schedule(tx, subscription, "timing", subscription.next_bill_on, {"timing": timing})
    return TimingSet(subscription_id, "scheduled", row.effective_on.isoformat())


def _refuse_impossible(tx: Tx, subscription: Subscription) -> None:
    if subscription.settlement != "invoice" or is_supplied(subscription):
        raise Conflict("a reseller pays for this subscription with credits", hint="they are paid before a term begins")
    if subscription.state not in RUNNING or subscription.state == State.TRIAL:
        raise Conflict(f"this subscription is {subscription.state}: its billing can't be changed now")
    if subscription.service_ends_on is not None or subscription.billing_ends_on is not None:
        raise Conflict("this subscription is about to end", hint="take the cancellation back first")
    if subscription.billed_through is None or any(line.in_review for line in live_services(tx, subscription)):
        raise Conflict("this subscription has not begun yet")


def _in_arrears(tx: Tx, subscription: Subscription) -> TimingSet:
    withdraw_offers(tx, subscription.id)
    today, on = clock.today_in(subscription.zone), subscription.billed_through
    assert on is not None, "it has begun"
    subscription.timing, subscription.collection = "arrears", "auto"
    look_again(tx, subscription, today)
    if subscription.next_bill_on is not None:
        let_run(tx, subscription, subscription.next_bill_on)
    record(tx, subscription, "billed_in_arrears", on)
    return TimingSet(subscription.id, "done", on.isoformat())
