"""Making a change of a subscription: its steps, the money, the lines, the history."""

from dataclasses import dataclass
from datetime import date

from billhead.actions.billing.rebill import rebill
from billhead.actions.events import emit
from billhead.actions.shops._supplying import ask_change, is_supplied
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
    """`state`: done, scheduled (for the end of the term), or offered (`document_id` is the proforma to be paid)."""

    subscription_id: int
    state: str
    effective_on: str
    document_id: int | None = None
    total_minor: int = 0


def make_change(tx: Tx, subscription: Subscription, steps: Steps, on: date, *, use_credit: bool = True) -> Changed:
    """Take the steps, bill the difference, and let the lines have it: of a shop, with its reseller's credits."""
    before, term = subscription.plan_id, subscription.term
    take_steps(tx, subscription, steps, on)
    if (subscription.plan_id, subscription.term) != (before, term):
        change_ends(tx, subscription, before, subscription.plan_id, on)
        look_again(tx, subscription, on)
    written = rebill(tx, subscription.id, use_credit=use_credit)
    tx.session.refresh(subscription)
    if not is_supplied(subscription):
        reshape(tx, subscription)
    elif written.document_id is not None:
        ask_change(tx, subscription, written.document_id, on)
    record(
        tx, subscription, "changed", on, plan_id=subscription.plan_id, before=before, document_id=written.document_id
    )
    data = {"subscription_id": subscription.id, "plan_id": subscription.plan_id, "document_id": written.document_id}
    emit(tx, "subscription.changed", f"subscription:{subscription.id}", data)
    return Changed(subscription.id, "done", on.isoformat(), written.document_id, written.total_minor)
