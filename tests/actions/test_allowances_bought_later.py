"""A further allowance that is bought within a period of use: it counts for the use of that period, before and after."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from metered_shop import billed, meter, metric, tell, used

from billhead import clock
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.actions.usage.current_usage import current_usage
from billhead.db import reading, writing

NOVEMBER, DECEMBER, SIXTEENTH = date(2026, 11, 1), date(2026, 12, 1), date(2026, 11, 16)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, clock.business_time(datetime(2026, 11, 16, 12, tzinfo=UTC)):
        yield shop


def watching(shop, pricing="standard", *, details=None, proration="actual_days", **terms):
    """Somebody with 300 minutes for November, who buys 100 more, or what is left of them, on the 16th."""
    tv = shop.plan("tv", 1000)
    more = shop.plan("more", 200, kind="bouquet", details={"plans": ["tv"]}, proration=proration)
    minutes = metric(shop)
    meter(shop, tv, minutes, pricing, **terms)
    meter(shop, more, minutes, "allowance", included="100")
    return shop.subscribe(shop.customer(), tv, anchor=NOVEMBER, due=DECEMBER)


def buys_more(subscription):
    with writing(SYSTEM) as tx:
        change(tx, ChangeWish(subscription, addons=(AddOnOrder("more"),)))


def usage_lines(shop, subscription):
    return [line[1:4] for line in shop.lines(subscription) if line[0].startswith("usage")]


def test_it_adds_to_the_allowance_of_the_running_period(shop):
    anna = watching(shop, unit="0.01", included="300")
    tell(used(anna, 320, "2026-11-10T12:00:00Z"), used(anna, 60, "2026-11-20T12:00:00Z"))
    buys_more(anna)
    with reading() as session:
        (now,) = current_usage(session, [anna])[anna]
    # 15 of 30 days of 100
    assert (now.starts_on, now.ends_on, now.used, now.allowance) == (NOVEMBER, DECEMBER, "380", "350")
    shop.run(DECEMBER)
    # 380 − 350 = 30 × 0.01
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 30)]
    assert billed(anna) == [(NOVEMBER, DECEMBER, 0, 2, 380, 30)]


def test_what_prorates_nothing_adds_all_of_it_once(shop):
    anna = watching(shop, unit="0.01", included="300", proration="none")
    tell(used(anna, 380, "2026-11-10T12:00:00Z"))
    buys_more(anna)
    shop.run(DECEMBER)
    assert usage_lines(shop, anna) == []


def test_tiers_are_not_begun_again(shop):
    tiers = [{"up_to": "100", "unit": "0.03"}, {"unit": "0.01"}]
    anna = watching(shop, "graduated", tiers=tiers, included="0")
    tell(used(anna, 200, "2026-11-10T12:00:00Z"), used(anna, 250, "2026-11-20T12:00:00Z"))
    buys_more(anna)
    shop.run(DECEMBER)
    # 450 − 50 = 400: 100 × 0.03 and 300 × 0.01
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 600)]


def test_a_minimum_is_one_for_the_period(shop):
    anna = watching(shop, unit="0.01", included="300", minimum="5")
    buys_more(anna)
    shop.run(DECEMBER)
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 500)]


def test_what_is_given_up_within_the_period_has_added_its_days(shop):
    anna = watching(shop, unit="0.01", included="300")
    buys_more(anna)
    clock.move_business_clock(datetime(2026, 11, 22, 12, tzinfo=UTC))
    with writing(SYSTEM) as tx:
        change(tx, ChangeWish(anna, addons=(), when="immediate"))
    tell(used(anna, 400, "2026-11-10T12:00:00Z"))
    shop.run(DECEMBER)
    # six of 30 days: 20; 400 − 320 = 80 × 0.01
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 80)]
