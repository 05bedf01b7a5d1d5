"""A reseller changes what a subscriber has: plan, term, connections, bouquets, for credits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from billhead import clock
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.resellers._changed_parts import put_parts
from billhead.actions.resellers._holds import Purchase, hold_and_extend, refuse_while_held
from billhead.actions.resellers._prices import in_credits, told_part
from billhead.actions.resellers._rights import effective_rights
from billhead.actions.resellers._same_end import at_own_rates
from billhead.actions.resellers._unused import SetOff, Stretch, gives_back, set_off, tomorrow_of, unused
from billhead.actions.resellers._users import with_payer
from billhead.actions.resellers._wished_parts import wished_parts
from billhead.actions.subscriptions._sale import AddOnOrder, Sold
from billhead.actions.subscriptions._shape import reshape
from billhead.actions.subscriptions._state import live_services
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Period, Term, cycle
from billhead.domain.subscription import RUNNING, State
from billhead.models.people import Reseller
from billhead.models.subscriptions import Subscription

__all__ = ["WAYS", "UserChange", "UserChangePreview", "UserChanged", "change_user", "preview_change_user"]

WAYS = ("keep_end", "new_term", "convert")
"""keep_end: the paid time ends as before, and the difference for its unused days is paid or returned, for each at the
rate of the term that it was bought for. new_term: a whole term begins, what is left of the old one is counted towards
it. convert: nothing is paid, what is left becomes days."""


@dataclass(frozen=True, slots=True)
class UserChange:
    """All that the subscription has afterwards. Empty plan and term, and addons None: as before."""

    plan: str = ""
    term: str = ""
    addons: tuple[AddOnOrder, ...] | None = None
    way: str = "keep_end"


@dataclass(frozen=True, slots=True)
class UserChangePreview:
    """Hundredths of a credit: what is left of the old purchases, what the new time costs, what is to be paid or comes
    back; `lapses_minor` does not, where the reseller's rights don't give unused days back. `paid_through` is the first
    unpaid day, ISO."""

    left_minor: int
    costs_minor: int
    pay_minor: int
    back_minor: int
    paid_through: str
    lapses_minor: int = 0


@dataclass(frozen=True, slots=True)
class UserChanged:
    """`pay_minor` is held until the lines have it; `back_minor` comes back then."""

    subscription_id: int
    pay_minor: int
    back_minor: int
    paid_through: str


class _Planned(NamedTuple):
    subscription: Subscription
    reseller: Reseller
    parts: tuple[Sold, ...]
    term: str
    today: date
    period: Period
    anchor: date
    stretches: tuple[Stretch, ...]
    due: SetOff


def preview_change_user(tx: Tx, subscription_id: int, wish: UserChange) -> UserChangePreview:
    """What `change_user` would cost, without doing it. Raises what it raises, but for too few credits."""
    plan = _planned(tx, subscription_id, wish)
    due, until = plan.due, plan.period.end.isoformat()
    return UserChangePreview(due.left.minor, due.costs.minor, due.pay.minor, due.back.minor, until, due.lapses.minor)


@verb("resellers.change_user")
def change_user(tx: Tx, subscription_id: int, wish: UserChange, pay: Money | None = None) -> UserChanged:
    """The lines have it with the next job; what is to be paid is held until they do, and everything is put back if the
    panel can't do it. What is left over comes back as it would by ending the subscription (`terminate_user`): only with
    those rights. A trial becomes what is chosen, with `new_term`. `pay`: what the preview has told, if any was seen.

    Raises NotFound, NotAllowed, InvalidInput (plan, add-ons, way) or Conflict (it does not run, a purchase is open, too
    few credits; "price_changed": it would be something else than `pay` now).
    """
    plan = _planned(tx, subscription_id, wish)
    subscription, due = plan.subscription, plan.due
    if pay is not None and pay != due.pay:
        raise Conflict("the price has changed since it was shown", code="price_changed")
    sold = [told_part(part.plan.id, part.price, part.quantity) for part in plan.parts]
    told = {"term": plan.term, "sold": sold, "stretches": [one.stored() for one in plan.stretches], **due.told}
    bought = Purchase("change", due.pay, plan.period, plan.anchor, told)
    held = hold_and_extend(tx, plan.reseller, subscription, bought)
    before = put_parts(tx, subscription, plan.parts, plan.term, plan.today)
    reshape(tx, subscription)
    held.details = {**held.details, "parts": before}
    for line in live_services(tx, subscription):  # also where its panel has nothing to do: that settles the hold
        queue_converge(tx, line.id, line.panel_id, ahead=True)
    return UserChanged(subscription.id, due.pay.minor, due.back.minor, plan.period.end.isoformat())


def _planned(tx: Tx, subscription_id: int, wish: UserChange) -> _Planned:
    if wish.way not in WAYS:
        raise InvalidInput("way", f"{wish.way!r} is not one of {', '.join(WAYS)}")
    subscription, reseller = with_payer(tx, subscription_id)
    _refuse(tx, subscription)
    today, tomorrow = clock.today_in(subscription.zone), tomorrow_of(subscription)
    term = wish.term or subscription.term
    whole_term = wish.way == "new_term"
    parts = wished_parts(tx, reseller, subscription, wish.plan, term, wish.addons, today, whole_term=whole_term)
    if term != subscription.term and not whole_term:
        raise InvalidInput("term", "another length begins anew", hint="choose a new term")
    left = unused(tx, subscription)
    paid = subscription.paid_through or today
    start = tomorrow if paid > today else today
    whole = cycle(start, Term.parse(term), 0)
    price = _price(parts, term)
    worth = sum(minor.minor for _, minor in left)
    anchor = start
    if whole_term:
        period = whole
        stretches = [Stretch.priced(period, price, term, whole.days)]
    elif wish.way == "convert":
        days = worth * whole.days // price if price else 0
        if days < 1:
            raise Conflict("what is left is worth less than a day of it", hint="begin a new term instead")
        period = Period(start, date.fromordinal(start.toordinal() + days))
        stretches = [Stretch.priced(period, price, term, whole.days)]
    else:
        if paid <= start or subscription.phase == "trial":
            raise Conflict("no paid day is left to change", hint="begin a new term instead")
        period, anchor = Period(start, paid), subscription.anchor

        def price_of(of: str) -> int:
            then = wished_parts(tx, reseller, subscription, wish.plan, of, wish.addons, today, whole_term=False)
            return _price(then, of)

        stretches = at_own_rates(tx, subscription, period, price_of)
    costs = sum(one.worth_minor for one in stretches)
    back = gives_back(tx, effective_rights(tx.session, reseller.id), subscription)
    due = set_off(Money(costs, CREDITS), left, gives_back=back)
    return _Planned(subscription, reseller, parts, term, today, period, anchor, tuple(stretches), due)


def _price(parts: Sequence[Sold], term: str) -> int:
    return sum(in_credits(part.price.credit_minor, part.plan, term, part.quantity).minor for part in parts)


def _refuse(tx: Tx, subscription: Subscription) -> None:
    if subscription.service_ends_on is not None:
        raise Conflict(f"this subscription is canceled to {subscription.service_ends_on}", hint="order a new one")
    if State(subscription.state) not in RUNNING:
        raise Conflict(f"a subscription that is {subscription.state} can't be changed", hint="renew or enable it first")
    refuse_while_held(tx, subscription)
