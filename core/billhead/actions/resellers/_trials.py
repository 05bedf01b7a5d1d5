"""How many trials a reseller may give a day: to its own users, and in its shop."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import and_, distinct, func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.resellers._prices import credit_prices
from billhead.actions.resellers._rights import effective_rights
from billhead.domain.counted import counted
from billhead.domain.errors import Conflict
from billhead.domain.subscription import State
from billhead.models.catalogue import Price
from billhead.models.credits import CreditHold
from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription, SubscriptionEvent

__all__ = ["check_trials_left", "day_of_trials", "days_of_trials", "trials_for_credits", "trials_left"]


def trials_left(session: Session, reseller: Reseller) -> int:
    return max(effective_rights(session, reseller.id).trials_per_day - _given(session, reseller), 0)


def check_trials_left(session: Session, reseller: Reseller) -> None:
    """Raises Conflict where there is none left today."""
    most = effective_rights(session, reseller.id).trials_per_day
    if _given(session, reseller) >= most:
        why = counted(
            most,
            f"{reseller.name} may give {most} trial a day, and has given it",
            f"{reseller.name} may give {most} trials a day, and has given them",
        )
        raise Conflict(why, code="trials_used", hint="try tomorrow")


def trials_for_credits(session: Session, reseller: Reseller) -> dict[tuple[int, str], Price]:
    """(plan, term) → the price that says how long its trial is and what it takes."""
    own = session.scalars(select(Customer).where(Customer.buys_for_reseller_id == reseller.id)).one()
    found = credit_prices(session, reseller, own)
    prices = {key: sold.price for key, sold in found.items()}
    return {key: one for key, one in prices.items() if one.trial_term and one.trial_credit_minor is not None}


def day_of_trials(session: Session, reseller: Reseller) -> date:
    return days_of_trials(session, [reseller.id])[reseller.id]


def days_of_trials(session: Session, resellers: Collection[int]) -> dict[int, date]:
    """By reseller: today by its own calendar, by which they are counted."""
    rows = session.execute(
        select(Reseller.id, func.coalesce(Customer.zone, Seller.zone))
        .join(Seller, Seller.id == Reseller.seller_id)
        .outerjoin(Customer, Customer.buys_for_reseller_id == Reseller.id)
        .where(Reseller.id.in_(resellers))
    )
    return {key: clock.today_in(zone) for key, zone in rows}


def _given(session: Session, reseller: Reseller) -> int:
    """A trial that never came to be is none; what was ordered in the shop counts before its credits are held."""
    session.flush()
    held = (
        select(CreditHold.id)
        .join(Service, Service.id == CreditHold.service_id)
        .where(Service.subscription_id == Subscription.id)
    )
    taken = held.where(CreditHold.reseller_id == reseller.id, CreditHold.state != "released").exists()
    # the credits of a subscription are held once, for all of its lines
    ordered = and_(
        ~held.exists(),
        Subscription.payer_reseller_id == reseller.id,
        Subscription.state != State.CANCELED.value,
    )
    given = session.scalar(
        select(func.count(distinct(Subscription.id)))
        .join(SubscriptionEvent, SubscriptionEvent.subscription_id == Subscription.id)
        .where(
            SubscriptionEvent.kind == "trial_given",
            SubscriptionEvent.effective_on == day_of_trials(session, reseller),
            or_(taken, ordered),
        )
    )
    return int(given or 0)
