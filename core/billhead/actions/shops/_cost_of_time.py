"""What a paid order of a shop takes from its reseller's credits, and for which days."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.actions.catalogue.prices_for import PriceList
from billhead.actions.payments._paid import is_kept
from billhead.actions.provisioning._desired import panel_view
from billhead.actions.resellers._prices import credit_prices, in_credits
from billhead.actions.resellers._unused import Stretch
from billhead.actions.shops._supplying import TIMED, share_of_term
from billhead.actions.shops._waited import Its
from billhead.actions.subscriptions._state import live_services
from billhead.db import Tx
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Period
from billhead.models.catalogue import Plan
from billhead.models.documents import DocumentLine
from billhead.models.panels import Panel
from billhead.models.people import Customer, Reseller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Expiry

__all__ = ["cost_of_time"]


def cost_of_time(
    tx: Tx, reseller: Reseller, subscription: Subscription, row: ShopSupply, its: Its
) -> tuple[Money, Period, dict[str, Any]]:
    """By the price list of today for who pays, for what is bought of it; which days that is; and what is kept with the
    hold: what it is sold for, as the shop's invoice says, without tax, and what its days cost."""
    left = _left(tx, subscription, its)
    days = Period(its.start if left == 1 else clock.today_in(subscription.zone), its.end)
    lines = tx.session.scalars(
        select(DocumentLine)
        .where(
            DocumentLine.document_id == row.document_id,
            DocumentLine.subscription_id == subscription.id,
            DocumentLine.kind.in_(TIMED),
            is_kept(),
        )
        .order_by(DocumentLine.position)
    ).all()
    customer = tx.session.get_one(Customer, subscription.customer_id)
    prices = credit_prices(tx.session, reseller, customer, {line.plan_id for line in lines if line.plan_id})
    each, sold = [], []
    for line in lines:
        plan = tx.session.get_one(Plan, line.plan_id)
        each.append(share_of_term(line, _asked_for(line, plan, subscription.term, prices).minor, left))
        sold.append([plan.id, line.quantity])
    trial = any(line.kind == "trial" for line in lines)
    term = lines[0].term or subscription.term
    stretches = [one.stored() for one in _stretches(lines, each, term, days, its.end - row.until)]
    told = {"sold": sold, "sold_minor": sum(line.net_minor for line in lines), "trial": trial, "stretches": stretches}
    return sum(each, Money(0, CREDITS)), days, told


def _stretches(
    lines: Sequence[DocumentLine], each: Sequence[Money], term: str, days: Period, later: timedelta
) -> Iterator[Stretch]:
    """What it takes, by the cycles that its days are of: had anew, a part of a cycle costs its part of a term. `later`:
    than its lines say."""
    worth, ends = Counter[Period](), dict[Period, date]()
    for line, amount in zip(lines, each, strict=True):
        assert line.period_start, "what is timed has a period"
        assert line.period_end, "what is timed has a period"
        cycle = Period(line.cycle_start or line.period_start, line.cycle_end or line.period_end)
        worth[cycle] += amount.minor
        ends[cycle] = max(ends.get(cycle, line.period_end), line.period_end)
    start, over = days.start, 0
    cycles = sorted(worth, key=lambda one: one.start)
    for cycle in cycles:
        end = days.end if cycle == cycles[-1] else min(ends[cycle] + later, days.end)
        over += worth[cycle]
        if start < end:  # else it was paid so late that none of its days is left
            yield Stretch(Period(start, end), over, term, cycle.days)
            start, over = end, 0


def _left(tx: Tx, subscription: Subscription, its: Its) -> Fraction:
    """Which share of its time is bought: what can still be watched, which is all unless it was paid late. A panel that
    sells time sells it whole."""
    today = clock.today_in(subscription.zone)
    if today <= its.start or its.overtaken:  # overtaken: its lines ran, by what came later
        return Fraction(1)
    if any(_is_sold_whole(tx, line) for line in live_services(tx, subscription)):
        return Fraction(1)
    return Fraction((its.end - today).days, (its.end - its.start).days)


def _is_sold_whole(tx: Tx, line: Service) -> bool:
    panel = tx.session.get_one(Panel, line.panel_id)
    return panel_view(tx.session, panel, bouquets=False).capabilities.expiry is Expiry.PURCHASED


def _asked_for(line: DocumentLine, plan: Plan, term: str, prices: PriceList) -> Money:
    """A line of a trial has the trial's own length; its price stands beside that of the term which follows."""
    if line.kind != "trial":
        return in_credits(prices.of(plan, line.term).credit_minor, plan, line.term)
    price = prices.of(plan, term)
    return in_credits(price.trial_credit_minor if price.trial_term else None, plan, "a trial")
