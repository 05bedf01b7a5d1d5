"""What a subscription has used of one period: by day, and what that comes to by the tiers of its tariff."""

from datetime import date
from decimal import Decimal

from flask import request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.usage.usage_of_period import TierUsed, UsedOfMetric, usage_of_period
from billhead.charts import Chart, Series
from billhead.db import reading
from billhead.domain.typed_day import typed_day
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.formatting import money
from billhead.web.pages import page
from billhead.web.speaking import say

__all__: list[str] = []


@admin.get("/subscriptions/<int:key>/usage")
@allow("staff")
def usage_of_subscription(key: int) -> ResponseReturnValue:
    """Of the running period, or of the one that `?on=` lies in."""
    on = typed_day(request.args.get("on", ""))
    with reading() as session:
        row = found(session, Subscription, key, "subscription")
        customer, plan = session.get_one(Customer, row.customer_id), session.get_one(Plan, row.plan_id)
        period = usage_of_period(session, key, on)
    shown = [(one, _chart(one), _tiers(one)) for one in period.found]
    steps = [(label, _address(key, to)) for label, to in (
        (say("The period before"), period.earlier), (say("The period after"), period.later)
    ) if to is not None]  # fmt: skip
    return page(
        "admin/usage_period.html", subscription=row, customer=customer, plan=plan, period=period, shown=shown,
        steps=steps, on=on,
    )  # fmt: skip


def _address(key: int, on: date) -> str:
    return url_for("admin.usage_of_subscription", key=key, on=on.isoformat())


def _chart(one: UsedOfMetric) -> Chart:
    """Bars of whole numbers: a quantity with decimals is rounded there, and exact in the table of the days."""
    exact = [Decimal(of.used) for of in one.days]
    values = [int(used.to_integral_value()) for used in exact]
    title = say("%(name)s by day", name=one.name) if exact == values else say("%(name)s by day, rounded", name=one.name)
    told = say("%(used)s %(unit)s in all", used=one.used, unit=one.unit)
    return Chart(
        title,
        "bar",
        [of.day for of in one.days],
        [Series(one.unit or one.name, values)],
        description=told,
        place_title=say("Day"),
    )


def _tiers(one: UsedOfMetric) -> list[tuple[str, str, str]]:
    """(which units, what they cost, what they come to)."""
    currency = one.amount.currency
    rows = [(_units(tier, one.unit), tier.used, money(tier.amount.minor, currency)) for tier in one.tiers]
    if one.allowance != "0":
        rows.insert(0, (say("Included: up to %(quantity)s %(unit)s", quantity=one.allowance, unit=one.unit),
                        _least(one.used, one.allowance), money(0, currency)))  # fmt: skip
    if one.adjusted:
        label = say("At most so much a period") if one.adjusted.minor < 0 else say("At least so much a period")
        rows.append((label, "", money(one.adjusted.minor, currency)))
    return rows


def _least(used: str, allowance: str) -> str:
    return min(used, allowance, key=Decimal)


def _units(tier: TierUsed, unit: str) -> str:
    price = tier.price if tier.per == "1" else say("%(price)s for %(per)s", price=tier.price, per=tier.per)
    if tier.up_to is None:
        return say("%(price)s a unit", price=price) if tier.per == "1" else price
    return say("%(price)s up to %(most)s %(unit)s", price=price, most=tier.up_to, unit=unit)
