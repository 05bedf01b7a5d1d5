"""A plan is changed within a period of use: where both count a metric at the same tariff, nothing begins anew."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from metered_shop import billed, meter, metric, tell, used

from billhead import clock
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.usage.current_usage import current_usage
from billhead.db import reading, writing
from billhead.models.catalogue import Price
from billhead.models.documents import DocumentLine

NOVEMBER, DECEMBER, TENTH = date(2026, 11, 1), date(2026, 12, 1), date(2026, 11, 10)
THERE, AND_BACK = ("gold",), ("gold", "basic")


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, clock.business_time(datetime(2026, 11, 10, 12, tzinfo=UTC)):
        yield shop


def changes(shop, plans, pricing, *, proration="actual_days", **terms):
    """50 minutes on the 5th, other plans on the 10th, one after the other, and 50 minutes on the 15th."""
    minutes = metric(shop)
    sold = {code: shop.plan(code, 1000, proration=proration) for code in ("basic", "gold")}
    for plan in sold.values():
        meter(shop, plan, minutes, pricing, **terms)
    anna = shop.subscribe(shop.customer(), sold["basic"], anchor=NOVEMBER, due=DECEMBER)
    tell(used(anna, 50, "2026-11-05T12:00:00Z"), used(anna, 50, "2026-11-15T12:00:00Z"))
    for plan in plans:
        with writing(SYSTEM) as tx:
            change(tx, ChangeWish(anna, plan=plan, when="immediate"))
    return anna


def usage_lines(shop, subscription):
    return [line[1:4] for line in shop.lines(subscription) if line[0].startswith("usage")]


@pytest.mark.parametrize("plans", [(), THERE, AND_BACK])
def test_a_package_is_begun_once(shop, plans):
    anna = changes(shop, plans, "package", unit="1.00", per="100")
    shop.run(DECEMBER)
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 100)]  # 100 minutes are one package
    tell(used(anna, 10, "2026-11-04T12:00:00Z"), now=datetime(2026, 12, 5, tzinfo=UTC))
    shop.run(date(2027, 1, 1))
    # what comes late begins a second one, for 1.00 more
    assert billed(anna)[:2] == [(NOVEMBER, DECEMBER, 0, 2, 100, 100), (NOVEMBER, DECEMBER, 1, 3, 110, 100)]


def test_a_cap_holds_for_the_whole_period(shop):
    anna = changes(shop, THERE, "standard", unit="1.00", cap="20.00")
    shop.run(DECEMBER)
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 2000)]  # not 20.00 for each plan


@pytest.mark.parametrize(("plans", "proration"), [(THERE, "actual_days"), (AND_BACK, "none")])
def test_one_allowance_for_both(shop, plans, proration):
    anna = changes(shop, plans, "standard", unit="0.10", included="80", proration=proration)
    with reading() as session:
        (now,) = current_usage(session, [anna])[anna]
    assert (now.starts_on, now.ends_on, now.used, now.allowance) == (NOVEMBER, DECEMBER, "100", "80")
    shop.run(DECEMBER)
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 200)]  # 100 − 80 = 20 × 0.10


def test_two_alike_at_the_same_time_add_both(shop):
    minutes = metric(shop)
    tv = shop.plan("tv", 1000)
    more = [shop.plan(code, 200, proration="none") for code in ("more", "same")]
    meter(shop, tv, minutes, "standard", unit="0.10")
    for one in more:
        meter(shop, one, minutes, "allowance", included="30")
    anna = shop.subscribe(shop.customer(), tv, *more, anchor=NOVEMBER, due=DECEMBER)
    tell(used(anna, 100, "2026-11-05T12:00:00Z"))
    shop.run(DECEMBER)
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 400)]  # 100 − 2 × 30 = 40 × 0.10


@pytest.mark.parametrize(
    ("first", "then", "totals"),
    [
        ({}, {"tax_inclusive": True}, (600, 500)),  # 5.00 and the tax, then 5.00 with it
        ({"tax_inclusive": True}, {}, (500, 600)),
        ({}, {"tax_class": "book"}, (600, 600)),  # whatever the tax of that is
    ],
)
def test_what_is_taxed_otherwise_is_charged_by_itself(shop, first, then, totals):
    minutes = metric(shop)
    for code, taxed in (("basic", first), ("gold", then)):
        meter(shop, shop.plan(code, 0, **taxed), minutes, "standard", unit="0.10")
    basic = shop.all(Price)[0]
    anna = shop.subscribe(shop.customer(), (basic.plan_id, basic.id), anchor=NOVEMBER, due=DECEMBER)
    tell(used(anna, 50, "2026-11-05T12:00:00Z"), used(anna, 50, "2026-11-15T12:00:00Z"))
    with writing(SYSTEM) as tx:
        change(tx, ChangeWish(anna, plan="gold", when="immediate"))
    shop.run(DECEMBER)
    lines = shop.all(DocumentLine, DocumentLine.kind == "usage:minutes")
    assert [(line.period_start, line.net_minor + line.tax_minor) for line in lines] == [
        (NOVEMBER, totals[0]), (TENTH, totals[1]),
    ]  # fmt: skip
