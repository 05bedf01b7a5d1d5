"""When the billing run has to look at a subscription again, by how it stands."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._draft import lead_time
from billhead.domain.periods import Term, cycle_index, cycle_start
from billhead.models.subscriptions import Subscription

__all__ = ["next_bill_day"]


def next_bill_day(session: Session, subscription: Subscription, today: date) -> date | None:
    """In advance the day from which nothing is billed, or as much earlier as the plan wants it; in arrears the end of
    the cycle that runs; for what is renewed by hand so much earlier that there is time to pay. None where billing has
    ended, or has not begun."""
    billed, ends_on = subscription.billed_through, subscription.billing_ends_on
    if billed is None:
        return subscription.phase_ends_on
    if ends_on is not None and billed >= ends_on:
        return None
    if subscription.timing == "arrears":
        term = Term.parse(subscription.term)
        end = cycle_start(subscription.anchor, term, cycle_index(subscription.anchor, term, billed) + 1)
        return end if ends_on is None else min(end, ends_on)
    day = billed - _lead(session, subscription)
    return max(day, today) if subscription.collection == "manual" else day


def _lead(session: Session, subscription: Subscription) -> timedelta:
    catalogue = Catalogue()
    catalogue.need(session, sellers={subscription.seller_id}, plans={subscription.plan_id})
    manual = subscription.collection == "manual"
    otherwise = catalogue.sellers[subscription.seller_id].lead_days if manual else 0
    if subscription.phase == "trial" and not manual:
        return timedelta(0)
    return lead_time(catalogue.plans[subscription.plan_id], subscription.term, otherwise)
