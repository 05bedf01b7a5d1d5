"""A reseller renews a subscriber: credits are held, the lines run longer, and the panel's answer decides on both."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from billhead import clock
from billhead.actions.resellers._changed_parts import put_parts
from billhead.actions.resellers._holds import Purchase, hold_and_extend, purchase_open, purchases_open
from billhead.actions.resellers._prices import in_credits, told_part
from billhead.actions.resellers._renewal_costs import RenewalCost, renewal_costs
from billhead.actions.resellers._renewing_alone import tried
from billhead.actions.resellers._users import Paying, with_payers
from billhead.actions.resellers._wished_parts import ForTerm, parts_for_terms
from billhead.actions.subscriptions._sale import Sold
from billhead.actions.subscriptions._state import live_lines
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Period, Term, anchor_from, anchor_of_term, cycle_index, cycle_start
from billhead.domain.subscription import RUNNING, State
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription

__all__ = ["UserRenewed", "preview_renew_user", "preview_renew_users", "renew_user"]


@dataclass(frozen=True, slots=True)
class UserRenewed:
    """`credits_minor` are held, in hundredths, until the line runs to `paid_through`, the first unpaid day, ISO."""

    subscription_id: int
    credits_minor: int
    paid_through: str
    term: str


class _Planned(NamedTuple):
    """`parts`: those of another term, from the start of the period on; None where they go on as they are."""

    subscription: Subscription
    reseller: Reseller
    bought: Purchase
    term: str
    parts: tuple[Sold, ...] | None


def preview_renew_user(tx: Tx, subscription_id: int, term: str = "") -> UserRenewed:
    """What `renew_user` would cost and until when it would run. Raises what it raises, but for too few credits."""
    return _told(_planned(tx, subscription_id, term))


def preview_renew_users(
    tx: Tx, subscriptions: Collection[int], term: str = ""
) -> dict[int, UserRenewed | BillheadError]:
    """The same of many, in a few queries: of each what it would cost, or what would be raised."""
    planned = _planned_many(tx, subscriptions, term)
    return {key: one if isinstance(one, BillheadError) else _told(one) for key, one in planned.items()}


@verb("resellers.renew_user")
def renew_user(tx: Tx, subscription_id: int, term: str = "") -> UserRenewed:
    """Add one term to a subscription that is paid with credits: from its end, or from today if that has passed.

    A trial becomes the plan. The price is that of the day when it was ordered, or the version of it that holds for
    existing subscriptions. Another `term` than it has costs what that term costs now, and stays for the renewals after
    it; what was paid before runs to its end. If the panel can't do it, the credits and the dates go back, and the term.
    Raises NotFound, NotAllowed (suspended, not a reseller's matter), InvalidInput (no price for that term) or Conflict
    (it has ended or is suspended, too few credits, or the purchase before is not settled yet).
    """
    planned = _planned(tx, subscription_id, term)
    subscription, bought = planned.subscription, planned.bought
    subscription.zone = tx.session.get_one(Customer, subscription.customer_id).zone
    held = hold_and_extend(tx, planned.reseller, subscription, bought)
    if planned.parts is not None:
        before = put_parts(tx, subscription, planned.parts, planned.term, bought.period.start)
        held.details = {**held.details, "parts": before}
    if alone := tx.session.get(CreditRenewal, subscription_id):
        tried(alone)  # whoever has renewed it: what kept it from being renewed by itself is over
    return _told(planned)


def _told(planned: _Planned) -> UserRenewed:
    bought = planned.bought
    return UserRenewed(planned.subscription.id, bought.amount.minor, bought.period.end.isoformat(), planned.term)


def _planned(tx: Tx, subscription_id: int, term: str) -> _Planned:
    planned = _planned_many(tx, [subscription_id], term)[subscription_id]
    if isinstance(planned, BillheadError):
        raise planned
    return planned


def _planned_many(tx: Tx, subscriptions: Collection[int], term: str) -> dict[int, _Planned | BillheadError]:
    asked = str(Term.parse(term)) if term else ""
    payers = with_payers(tx, subscriptions)
    lines = live_lines(tx, sorted(key for key, one in payers.items() if isinstance(one, Paying)))
    waiting = purchases_open(tx, lines)
    found: dict[int, _Planned | BillheadError] = {}
    going: dict[int, tuple[Paying, str, Period, date]] = {}
    for key, one in payers.items():
        try:
            if not isinstance(one, Paying):
                raise one
            _check_renewable(one.subscription)
            if key in waiting:
                raise purchase_open()
            wanted = asked or one.subscription.term
            going[key] = (one, wanted, *_next(one.subscription, wanted, one.customer.zone))
        except BillheadError as refused:
            found[key] = refused
    as_before = {key: row[2].start for key, row in going.items() if row[1] == row[0].subscription.term}
    costs = renewal_costs(tx.session, as_before) if as_before else {}
    others = {key: ForTerm(row[0], row[1], row[2].start, lines[key]) for key, row in going.items() if key not in costs}
    parts = parts_for_terms(tx, others)
    for key, (one, wanted, period, anchor) in going.items():
        try:
            sold, amount, told = _priced(costs[key] if key in costs else parts[key], wanted)
            bought = Purchase("renewal", amount, period, anchor, {"term": wanted, "sold": told})
            found[key] = _Planned(one.subscription, one.reseller, bought, wanted, sold)
        except BillheadError as refused:
            found[key] = refused
    return found


_Told = list[list[int | str]]


def _priced(
    of: RenewalCost | tuple[Sold, ...] | BillheadError, term: str
) -> tuple[tuple[Sold, ...] | None, Money, _Told]:
    """(its parts where they change, what it takes, what that is the price of)."""
    if isinstance(of, BillheadError):
        raise of
    if isinstance(of, RenewalCost):
        return None, of.amount(), of.sold
    each = [in_credits(part.price.credit_minor, part.plan, term, part.quantity) for part in of]
    return of, sum(each, Money(0, CREDITS)), [told_part(part.plan.id, part.price, part.quantity) for part in of]


def _check_renewable(subscription: Subscription) -> None:
    state = State(subscription.state)
    if subscription.service_ends_on is not None:
        raise Conflict(f"this subscription is canceled to {subscription.service_ends_on}", hint="order a new one")
    if state not in RUNNING and state is not State.EXPIRED:
        hint = "its first order is not settled yet" if state is State.PENDING else "enable it first"
        raise Conflict(f"this subscription is {state}: it can't be renewed now", hint=hint)


def _next(subscription: Subscription, wanted: str, zone: str) -> tuple[Period, date]:
    """The anchor stays where the periods go on without a gap, or the 31st would be forgotten; otherwise a new one."""
    today, had, term = clock.today_in(zone), Term.parse(subscription.term), Term.parse(wanted)
    start = max(today, subscription.paid_through or today)
    anchor = subscription.anchor
    anchor = anchor_from(anchor, term, start) if term == had else anchor_of_term(anchor, had, term, start)
    return Period(start, cycle_start(anchor, term, cycle_index(anchor, term, start) + 1)), anchor
