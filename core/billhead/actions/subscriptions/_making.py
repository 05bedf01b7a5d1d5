"""Making a change of a subscription: its steps, the money, the lines, the history."""

from dataclasses import dataclass
from datetime import date

from billhead.actions.billing.rebill import rebill
from billhead.actions.events import emit
from billhead.actions.shops._supplying import ask_change, is_supplied
from billhead.actions.subscriptions._extending import cut_days, end_with_period, ends_of, extend, runs_until
from billhead.actions.subscriptions._free_time import give_time
from billhead.actions.subscriptions._own_ends import change_ends
from billhead.actions.subscriptions._shape import reshape
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._steps import Steps
from billhead.actions.subscriptions._taking_steps import look_again, take_steps
from billhead.db import Tx
from billhead.models.subscriptions import Subscription

__all__ = ["Changed", "make_change"]


@dataclass(frozen=True, slots=True)
class Changed:
    """`state`: done, scheduled (for the end of the term), or offered (`document_id` is the proforma to be paid).
    `days`: so many more are there at the end of what is paid, below zero: fewer; then `runs_until` is the first day
    after them, ISO."""

    subscription_id: int
    state: str
    effective_on: str
    document_id: int | None = None
    total_minor: int = 0
    days: int = 0
    runs_until: str = ""


def make_change(tx: Tx, subscription: Subscription, steps: Steps, on: date, *, paid_now: bool = False) -> Changed:
    """Take the steps, bill the difference, add the days that a plan adds instead of giving back, and let the lines have
    it: of a shop, with its reseller's credits. `paid_now`: the money for it is there."""
    before, term, ends = subscription.plan_id, subscription.term, ends_of(tx, subscription)
    given = cut_days(tx, subscription, on) if steps.begins else []
    take_steps(tx, subscription, steps, on)
    if (subscription.plan_id, subscription.term) != (before, term):
        change_ends(tx, subscription, before, subscription.plan_id, on)
        look_again(tx, subscription, on)
    written = rebill(tx, subscription.id, use_credit=not paid_now, begins=steps.begins)
    tx.session.refresh(subscription)
    if steps.begins:
        end_with_period(tx, subscription)
    days = extend(tx, subscription, ends, paid_now=paid_now)
    for gift_id, count in [] if steps.was_free else given:  # those of what cost nothing are worth nothing
        give_time(tx, subscription, count, on, gift_id)
    until = runs_until(subscription).isoformat() if days else ""
    if not is_supplied(subscription):
        reshape(tx, subscription)
    elif written.document_id is not None:
        ask_change(tx, subscription, written.document_id, on)
    told = {"days": days, "until": until} if days else {}
    facts = {"plan_id": subscription.plan_id, "before": before, "document_id": written.document_id, **told}
    record(tx, subscription, "changed", on, **facts)
    data = {"subscription_id": subscription.id, "plan_id": subscription.plan_id, "document_id": written.document_id}
    emit(tx, "subscription.changed", f"subscription:{subscription.id}", {**data, **told})
    return Changed(subscription.id, "done", on.isoformat(), written.document_id, written.total_minor, days, until)
