"""What a change of plan takes from a reseller's credits: what it has from tomorrow on, less what was left of before.

It is the rule by which a reseller's own users are changed (`resellers.change_user`), to the same end: days of the new
plan by the price list of today, each at the rate of the term that it was bought for, and the unused days of what was
taken before counted towards them.
"""

from collections.abc import Callable, Sequence
from typing import Any

from billhead.actions.resellers._changed_parts import running_parts
from billhead.actions.resellers._prices import credit_prices, in_credits
from billhead.actions.resellers._rights import effective_rights
from billhead.actions.resellers._same_end import at_own_rates
from billhead.actions.resellers._unused import gives_back, set_off, tomorrow_of, unused
from billhead.actions.subscriptions._steps import Wanted
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Period
from billhead.models.catalogue import Plan
from billhead.models.credits import CreditHold
from billhead.models.documents import Document
from billhead.models.people import Customer, Reseller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription

__all__ = ["cost_of_change", "has_price"]


def cost_of_change(
    tx: Tx, reseller: Reseller, subscription: Subscription, row: ShopSupply, days: Period
) -> tuple[Money, dict[str, Any]]:
    """What it takes for these days, and what is kept with the hold. What is left over comes back as it would by ending
    it."""
    running = running_parts(tx, subscription, days.start)
    sold = [(part.plan_id, part.quantity) for part in sorted(running, key=lambda part: part.kind != "plan")]
    stretches = at_own_rates(tx, subscription, days, _prices(tx, reseller, subscription, sold))
    left = unused(tx, subscription)
    back = gives_back(tx, effective_rights(tx.session, reseller.id), subscription)
    due = set_off(Money(sum(one.worth_minor for one in stretches), CREDITS), left, gives_back=back)
    asked = _asked(tx, row) + sum(_sold(held, minor) for held, minor in left)
    told = {"sold": [[*one] for one in sold], "stretches": [one.stored() for one in stretches]}
    return due.pay, {**told, **due.told, "sold_minor": asked}


def has_price(tx: Tx, subscription: Subscription, parts: Sequence[Wanted]) -> bool:
    """Whether the days that are left of what a shop has sold can be had as these: credits are asked for each of them
    for the terms that the days were bought for."""
    start, until = tomorrow_of(subscription), subscription.paid_through
    if until is None or until <= start:
        return True
    reseller = tx.session.get_one(Reseller, subscription.payer_reseller_id)
    wanted = [(one.plan_id, one.quantity) for one in parts]
    try:
        at_own_rates(tx, subscription, Period(start, until), _prices(tx, reseller, subscription, wanted))
    except (NotFound, InvalidInput):
        return False
    return True


def _prices(
    tx: Tx, reseller: Reseller, subscription: Subscription, parts: Sequence[tuple[int, int]]
) -> Callable[[str], int]:
    """Of a whole term of all that it has, (plan, quantity), in hundredths. Raises NotFound or InvalidInput for a term
    that one of them has no price for."""
    customer = tx.session.get_one(Customer, subscription.customer_id)
    prices = credit_prices(tx.session, reseller, customer, {plan_id for plan_id, _ in parts})
    plans = [(tx.session.get_one(Plan, plan_id), quantity) for plan_id, quantity in parts]

    def price_of(term: str) -> int:
        return sum(
            in_credits(prices.of(plan, term).credit_minor, plan, term, quantity).minor for plan, quantity in plans
        )

    return price_of


def _asked(tx: Tx, row: ShopSupply) -> int:
    """What the shop's customer pays for it, without tax; below zero: gets back."""
    document = tx.session.get_one(Document, row.document_id)
    return -document.net_minor if document.kind == Kind.CREDIT_NOTE else document.net_minor


def _sold(held: CreditHold, left: Money) -> int:
    """Of what an earlier purchase was sold for, what its unused days were."""
    told = held.details
    return int(told.get("sold_minor", 0)) * left.minor // int(told.get("worth_minor", held.amount_minor))
