"""What renewals of a reseller's subscribers come to, for as many as are asked for in a few queries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from billhead import clock
from billhead.actions.resellers._holds import Purchase, purchase_open, purchases_open
from billhead.actions.resellers._prices import in_credits, told_part
from billhead.actions.resellers._renewal_costs import RenewalCost, renewal_costs
from billhead.actions.resellers._users import Paying, of_one, with_payers
from billhead.actions.resellers._wished_parts import ForTerm, parts_for_terms
from billhead.actions.subscriptions._sale import Sold
from billhead.actions.subscriptions._state import live_lines
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Period, Term, anchor_from, anchor_of_term, cycle_index, cycle_start
from billhead.domain.subscription import RUNNING, State
from billhead.models.people import Reseller
from billhead.models.subscriptions import Subscription

__all__ = ["PlannedRenewal", "UserRenewed", "planned_renewal", "planned_renewals", "renewed"]


@dataclass(frozen=True, slots=True)
class UserRenewed:
    """`credits_minor` are held, in hundredths, until the line runs to `paid_through`, the first unpaid day, ISO."""

    subscription_id: int
    credits_minor: int
    paid_through: str
    term: str


class PlannedRenewal(NamedTuple):
    """`parts`: those of another term, from the start of the period on; None where they go on as they are."""

    subscription: Subscription
    reseller: Reseller
    bought: Purchase
    term: str
    parts: tuple[Sold, ...] | None


def renewed(planned: PlannedRenewal) -> UserRenewed:
    bought = planned.bought
    return UserRenewed(planned.subscription.id, bought.amount.minor, bought.period.end.isoformat(), planned.term)


def planned_renewal(tx: Tx, subscription_id: int, term: str) -> PlannedRenewal:
    return of_one(planned_renewals(tx, [subscription_id], term), subscription_id)


def planned_renewals(tx: Tx, subscriptions: Collection[int], term: str) -> dict[int, PlannedRenewal | BillheadError]:
    """By subscription, in their order: what is to be done, or what it would raise. Locks them and who pays."""
    asked = str(Term.parse(term)) if term else ""
    payers = with_payers(tx, subscriptions)
    lines = live_lines(tx, sorted(key for key, one in payers.items() if isinstance(one, Paying)))
    waiting = purchases_open(tx, lines)
    found: dict[int, PlannedRenewal | BillheadError] = {}
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
            found[key] = PlannedRenewal(one.subscription, one.reseller, bought, wanted, sold)
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
