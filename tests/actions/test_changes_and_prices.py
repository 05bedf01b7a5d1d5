"""What a change does to prices that have a newer version by then, and to plans that end by themselves."""

from datetime import UTC, date, datetime

import pytest
from april import billed, do, on, paying
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.catalogue.add_price import NewPrice, Tag, add_price
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change, preview_change
from billhead.actions.subscriptions.keep import keep
from billhead.db import Tx, reading
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription, SubscriptionComponent

APR, MAY, JUN = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop
        with reading() as session:
            assert verify_ledger(session).faults == []
        assert verify_billing().faults == []


def ends(shop, subscription):
    row = shop.get(Subscription, subscription)
    return row.service_ends_on, row.billing_ends_on


def dearer(shop, sold, minor):
    """For new customers only."""
    do(add_price, NewPrice(shop.books["EURFalse"], sold[0], "1 month", Tag(minor)))


def test_who_tries_another_plan_and_comes_back_on_the_same_day_pays_as_before(shop):
    basic, gold = shop.plan("basic", 1000), shop.plan("gold", 3000)
    customer, subscription = paying(shop, basic)
    dearer(shop, basic, 1900)
    on(date(2026, 4, 11))
    do(change, ChangeWish(subscription, plan="gold", when="immediate"))
    assert billed(shop, customer) == 333 + 2000
    with reading() as session:
        back = preview_change(Tx(SYSTEM, session), ChangeWish(subscription, plan="basic", when="immediate"))
    assert (back.net_minor, back.renewal_minor) == (667 - 2000, 1000)
    do(change, ChangeWish(subscription, plan="basic", when="immediate"))
    assert billed(shop, customer) == 1000
    shop.run(MAY)
    assert billed(shop, customer) == 2000, "the new price is for new customers"
    assert gold


def test_who_comes_back_on_a_later_day_pays_what_it_costs_then(shop):
    basic = shop.plan("basic", 1000)
    shop.plan("gold", 3000)
    customer, subscription = paying(shop, basic)
    dearer(shop, basic, 1900)
    on(date(2026, 4, 11))
    do(change, ChangeWish(subscription, plan="gold", when="immediate"))
    on(date(2026, 4, 21))
    do(change, ChangeWish(subscription, plan="basic", when="immediate"))
    assert billed(shop, customer) == 333 + 1000 + 633


def test_screens_that_are_given_up_and_taken_back_on_the_same_day_cost_as_before(shop):
    basic = shop.plan("basic", 1000)
    screen = shop.plan("screen", 300, kind="connection", details={"plans": ["basic"], "max_units": 5})
    customer, subscription = paying(shop, basic, screen)
    dearer(shop, screen, 600)
    on(date(2026, 4, 16))
    do(change, ChangeWish(subscription, addons=(), when="immediate"))
    assert billed(shop, customer) == 1000 + 150
    do(change, ChangeWish(subscription, addons=(AddOnOrder("screen", 1),), when="immediate"))
    assert billed(shop, customer) == 1300
    shop.run(MAY)
    assert billed(shop, customer) == 2600


def test_a_fixed_term_that_is_taken_back_on_its_day_ends_as_it_did(shop):
    intro, basic = shop.plan("intro", 500), shop.plan("basic", 1000)
    shop.change(Plan, intro[0], fixed_term="2 months", then_plan_id=basic[0])
    customer, subscription = paying(shop, basic)
    do(change, ChangeWish(subscription, plan="intro", when="immediate"))
    on(date(2026, 4, 21))
    do(change, ChangeWish(subscription, plan="basic", when="immediate"))
    do(change, ChangeWish(subscription, plan="intro", when="immediate"))
    parts = [(part.plan_id, part.starts_on, part.ends_on) for part in shop.all(SubscriptionComponent)]
    assert (intro[0], APR, JUN) in parts, "two months from its first day"
    assert [part for part in parts if part[1] == JUN] == [(basic[0], JUN, None)]
    assert billed(shop, customer) == 500


def test_nobody_has_a_season_for_longer_by_canceling_it(shop):
    season = shop.plan("season", 3000)
    shop.change(Plan, season[0], season_ends_on=date(2026, 5, 11))
    basic = shop.plan("basic", 1000)
    customer, subscription = paying(shop, basic)
    do(change, ChangeWish(subscription, plan="season", when="immediate"))
    on(MAY)
    shop.run(MAY)
    assert billed(shop, customer) == 3000 + 968
    later = {"on": date(2026, 5, 21), "money": "credit"}
    do(cancel, subscription, "on_date", **later)
    assert ends(shop, subscription) == (date(2026, 5, 11), date(2026, 5, 11))
    do(cancel, subscription, "on_date", on=date(2026, 5, 6), money="credit")
    assert billed(shop, customer) == 3000 + 484
    do(cancel, subscription, "on_date", **later)
    assert ends(shop, subscription) == (date(2026, 5, 11), date(2026, 5, 11))
    assert billed(shop, customer) == 3000 + 968
    do(keep, subscription)
    assert ends(shop, subscription) == (date(2026, 5, 11), date(2026, 5, 11))


def test_a_screen_for_ten_cents_that_is_given_up_on_the_last_day_is_no_fault(shop):
    """29 of 30 days cost 9.67 cents: as much as the month."""
    basic = shop.plan("basic", 1000)
    screen = shop.plan("screen", 10, kind="connection", details={"plans": ["basic"], "max_units": 5})
    customer, subscription = paying(shop, basic, screen)
    on(date(2026, 4, 30))
    do(change, ChangeWish(subscription, addons=(), when="immediate"))
    assert billed(shop, customer) == 1010
    assert verify_billing().faults == []
    on(MAY)
    shop.run(MAY)
    assert billed(shop, customer) == 2010
