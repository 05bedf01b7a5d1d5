"""What a change of plan takes from a reseller's credits: what it has from tomorrow on, less what was left of before.

It is the rule by which a reseller's own users are changed (`resellers.change_user`), to the same end: days of the new
plan by the price list of today, and the unused days of what was taken before counted towards them.
"""

from fractions import Fraction
from math import ceil
from typing import Any

from billhead.actions.billing._calendars import calendar_of
from billhead.actions.resellers._changed_parts import running_parts
from billhead.actions.resellers._prices import credit_prices, in_credits
from billhead.actions.resellers._rights import effective_rights
from billhead.actions.resellers._unused import gives_back, set_off, tomorrow_of, unused
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Period
from billhead.models.catalogue import Plan
from billhead.models.credits import CreditHold
from billhead.models.documents import Document
from billhead.models.people import Customer, Reseller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription

__all__ = ["cost_of_change"]


def cost_of_change(
    tx: Tx, reseller: Reseller, subscription: Subscription, row: ShopSupply, days: Period
) -> tuple[Money, dict[str, Any]]:
    """What it takes for these days, and what is kept with the hold. What is left over comes back as it would by ending
    it."""
    price, sold = _price(tx, reseller, subscription)
    left = unused(tx, subscription)
    back = gives_back(tx, effective_rights(tx.session, reseller.id), subscription)
    due = set_off(Money(ceil(price * _terms(tx, subscription, days)), CREDITS), left, gives_back=back)
    asked = _asked(tx, row) + sum(_sold(held, minor) for held, minor in left)
    return due.pay, {"sold": sold, **due.told, "sold_minor": asked}


def _price(tx: Tx, reseller: Reseller, subscription: Subscription) -> tuple[int, list[list[int]]]:
    """Of a whole term of all that it has, in hundredths."""
    parts = running_parts(tx, subscription, tomorrow_of(subscription))
    customer = tx.session.get_one(Customer, subscription.customer_id)
    prices = credit_prices(tx.session, reseller, customer, {part.plan_id for part in parts})
    total, term = 0, subscription.term
    for part in parts:
        plan = tx.session.get_one(Plan, part.plan_id)
        total += in_credits(prices.of(plan, term).credit_minor, plan, term, part.quantity).minor
    return total, [[part.plan_id, part.quantity] for part in parts]


def _terms(tx: Tx, subscription: Subscription, days: Period) -> Fraction:
    """How many terms the days are, each a part of the cycle in which it lies."""
    calendar, found, start = calendar_of(tx.session, subscription), Fraction(0), days.start
    while start < days.end:
        end = min(calendar.period_at(start).end, days.end)
        found += Fraction((end - start).days, calendar.cycle_at(start).days)
        start = end
    return found


def _asked(tx: Tx, row: ShopSupply) -> int:
    """What the shop's customer pays for it, without tax; below zero: gets back."""
    document = tx.session.get_one(Document, row.document_id)
    return -document.net_minor if document.kind == Kind.CREDIT_NOTE else document.net_minor


def _sold(held: CreditHold, left: Money) -> int:
    """Of what an earlier purchase was sold for, what its unused days were."""
    told = held.details
    return int(told.get("sold_minor", 0)) * left.minor // int(told.get("worth_minor", held.amount_minor))
