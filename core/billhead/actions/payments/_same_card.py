"""A card was saved that somebody else has saved before: staff learn it."""

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.events import emit
from billhead.actions.payments._card_marks import same_person
from billhead.actions.subscriptions._state import record
from billhead.db import Tx
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Service, Subscription

__all__ = ["tell_same_card"]


def tell_same_card(tx: Tx, customer_id: int, document_id: int) -> dict[int, int]:
    """Tell whose card it is too, and in the history of a trial, that one of them has had it.

    The payer had no card with us when they ordered, so the rule that refuses a second trial could not see it.
    Returns subscription id → the other customer, of trials that are repeated.
    """
    repeated: dict[int, int] = {}
    others = [one for one in same_person(tx.session, customer_id) if one != customer_id]
    if not others:
        return repeated
    data = {"customer_id": customer_id, "other_customer_ids": others, "document_id": document_id}
    emit(tx, "customer.same_card", f"customer:{customer_id}", data)
    for subscription_id in subscriptions_of(tx.session, document_id):
        subscription = tx.session.get_one(Subscription, subscription_id)
        plan = tx.session.get_one(Plan, subscription.plan_id)
        if subscription.phase != "trial" or not plan.details.get("once_per_customer"):
            continue
        was_one = or_(Subscription.state != State.CANCELED.value, Service.observed_at.is_not(None))
        had = (
            select(Subscription.customer_id)
            .join(Service, Service.subscription_id == Subscription.id)
            .where(Subscription.customer_id.in_(others), Subscription.plan_id == plan.id, was_one)
            .limit(1)
        )
        other = tx.session.scalar(had)
        if other is not None:
            repeated[subscription.id] = other
            record(tx, subscription, "trial_repeated", clock.today_in(subscription.zone), other_customer_id=other)
    return repeated
