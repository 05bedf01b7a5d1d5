"""A reseller renews a subscriber: credits are held, the lines run longer, and the panel's answer decides on both."""

from dataclasses import dataclass
from datetime import date

from billhead import clock
from billhead.actions.resellers._holds import Purchase, hold_and_extend, refuse_while_held
from billhead.actions.resellers._renewal_costs import renewal_costs
from billhead.actions.resellers._renewing_alone import tried
from billhead.actions.resellers._users import with_payer
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.periods import Period, Term, cycle_index, cycle_start
from billhead.domain.subscription import RUNNING, State
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription

__all__ = ["UserRenewed", "preview_renew_user", "renew_user"]


@dataclass(frozen=True, slots=True)
class UserRenewed:
    """`credits_minor` are held, in hundredths, until the line runs to `paid_through`, the first unpaid day, ISO."""

    subscription_id: int
    credits_minor: int
    paid_through: str


def preview_renew_user(tx: Tx, subscription_id: int) -> UserRenewed:
    """What `renew_user` would cost and until when it would run. Raises what it raises, but for too few credits."""
    _, _, bought = _planned(tx, subscription_id)
    return UserRenewed(subscription_id, bought.amount.minor, bought.period.end.isoformat())


@verb("resellers.renew_user")
def renew_user(tx: Tx, subscription_id: int) -> UserRenewed:
    """Add one term to a subscription that is paid with credits: from its end, or from today if that has passed.

    A trial becomes the plan. The price is that of the day when it was ordered, or the version of it that holds for
    existing subscriptions. If the panel can't do it, the credits
    and the dates go back. Raises NotFound, NotAllowed (suspended, not a reseller's matter) or Conflict (it has ended or
    is suspended, too few credits, or the purchase before is not settled yet).
    """
    subscription, reseller, bought = _planned(tx, subscription_id)
    subscription.zone = tx.session.get_one(Customer, subscription.customer_id).zone
    hold_and_extend(tx, reseller, subscription, bought)
    if alone := tx.session.get(CreditRenewal, subscription_id):
        tried(alone)  # whoever has renewed it: what kept it from being renewed by itself is over
    return UserRenewed(subscription_id, bought.amount.minor, bought.period.end.isoformat())


def _planned(tx: Tx, subscription_id: int) -> tuple[Subscription, Reseller, Purchase]:
    subscription, reseller = with_payer(tx, subscription_id)
    _check_renewable(subscription)
    refuse_while_held(tx, subscription)
    period, anchor = _next(subscription, tx.session.get_one(Customer, subscription.customer_id).zone)
    cost = renewal_costs(tx.session, {subscription_id: period.start})[subscription_id]
    more = {"term": subscription.term, "sold": cost.sold}
    return subscription, reseller, Purchase("renewal", cost.amount(), period, anchor, more)


def _check_renewable(subscription: Subscription) -> None:
    state = State(subscription.state)
    if subscription.service_ends_on is not None:
        raise Conflict(f"this subscription is canceled to {subscription.service_ends_on}", hint="order a new one")
    if state not in RUNNING and state is not State.EXPIRED:
        hint = "its first order is not settled yet" if state is State.PENDING else "enable it first"
        raise Conflict(f"this subscription is {state}: it can't be renewed now", hint=hint)


def _next(subscription: Subscription, zone: str) -> tuple[Period, date]:
    """The anchor stays where the periods go on without a gap, or the 31st would be forgotten; otherwise a new one."""
    today, term = clock.today_in(zone), Term.parse(subscription.term)
    start = max(today, subscription.paid_through or today)
    anchor = subscription.anchor
    if cycle_start(anchor, term, cycle_index(anchor, term, start)) != start:
        anchor = start
    return Period(start, cycle_start(anchor, term, cycle_index(anchor, term, start) + 1)), anchor
