"""A plan that is changed from a day that lies before a hold: nobody pays for days of the hold, and none of them comes
back twice. With dates and cents.
"""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.rebill import NOTHING_WRITTEN, rebill
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.resume import resume
from billhead.db import Tx, reading, writing
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

APR, MAY = date(2026, 4, 1), date(2026, 5, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


@pytest.fixture
def gold(shop):
    """30.00 for April, paid from credit; on hold from the 11th to the 16th, whose five days came back."""
    shop.plan("free", 0)
    subscription = shop.subscribe(shop.customer(credit_minor=50_000), shop.plan("gold", 3000), due=APR)
    shop.run(APR)
    held(subscription, 11, 16)
    assert billed(shop, subscription) == 2500
    return subscription


def on(day, month=4):
    clock.move_business_clock(datetime(2026, month, day, 12, tzinfo=UTC))


def held(subscription, start, end, month=4):
    on(start, month)
    with writing(SYSTEM) as tx:
        hold(tx, subscription)
    on(end, month)
    with writing(SYSTEM) as tx:
        resume(tx, subscription)


def changes(subscription, plan, since):
    """What it comes to is what was shown, no proof finds a fault, and who asks again has nothing to write."""
    wish = ChangeWish(subscription, plan=plan, on=since)
    with reading() as session:
        before = preview_change(Tx(SYSTEM, session), wish)
    with writing(SYSTEM) as tx:
        done = change(tx, wish, before.seen)
    assert done.total_minor == before.total_minor
    assert verify_billing().faults == []
    with writing(SYSTEM) as tx:
        assert rebill(tx, subscription) == NOTHING_WRITTEN
    return done


def billed(shop, subscription):
    documents = shop.all(Document, Document.subscription_id == subscription)
    return sum(-one.net_minor if one.kind == "credit_note" else one.net_minor for one in documents)


def test_from_paid_to_free_and_back_to_paid_around_a_hold_of_the_free_plan(shop):
    """9.99 from 20 January; free from 3 March; on hold from the 24th to the 26th; on the 27th paid from the 8th."""
    shop.plan("free", 0)
    january = date(2026, 1, 20)
    clock.move_business_clock(datetime(2026, 1, 20, 12, tzinfo=UTC))
    subscription = shop.subscribe(shop.customer(card=False), shop.plan("basic", 999), due=january)
    shop.run(january)
    shop.run(date(2026, 2, 20))
    on(4, 3)
    changes(subscription, "free", date(2026, 3, 3))
    assert billed(shop, subscription) == 999 + 392  # 11 of 28 days
    shop.run(date(2026, 3, 20))
    held(subscription, 24, 26, month=3)
    on(27, 3)
    changes(subscription, "basic", date(2026, 3, 8))
    assert [line[1:4] for line in shop.lines(subscription)[-2:]] == [  # 29 of the 31 days: 9.35, not 9.99
        (date(2026, 3, 8), date(2026, 3, 24), 516),
        (date(2026, 3, 26), date(2026, 4, 8), 419),
    ]
    assert billed(shop, subscription) == 999 + 392 + 935
    assert shop.get(Subscription, subscription).billed_through == date(2026, 4, 8)


def test_days_of_a_hold_come_back_once_where_the_plan_costs_nothing_from_before_it(shop, gold):
    on(20)
    done = changes(gold, "free", date(2026, 4, 6))
    # of the 25.00 that are left five days of thirty stay; with tax 24.00 come back, and not the 6.00 of the hold again
    assert (billed(shop, gold), done.total_minor) == (500, -2400)
    shop.run(MAY)
    assert billed(shop, gold) == 500
    assert verify_billing().faults == []


def test_and_are_charged_to_nobody_where_it_costs_something_again(shop, gold):
    on(20)
    changes(gold, "free", date(2026, 4, 6))
    done = changes(gold, "gold", date(2026, 4, 8))
    # a month from the 8th, of which the five days of the hold stood still: 25 of 30 days
    assert (billed(shop, gold), done.total_minor) == (500 + 2500, 3000)
    on(8, 5)
    shop.run(date(2026, 5, 8))
    assert billed(shop, gold) == 500 + 2500 + 3000
    assert verify_billing().faults == []


def test_nor_where_it_begins_within_the_hold(shop, gold):
    on(20)
    changes(gold, "free", date(2026, 4, 6))
    changes(gold, "gold", date(2026, 4, 13))
    # a month from the 13th, of which three days stood still: 27 of 30 days
    assert billed(shop, gold) == 500 + 2700


def test_a_free_plan_from_within_a_hold_gives_back_what_comes_after_it_alone(shop, gold):
    on(20)
    done = changes(gold, "free", date(2026, 4, 13))
    # the days to the 11th cost ten of thirty; those of the hold have come back already
    assert (billed(shop, gold), done.total_minor) == (1000, -1800)


def test_another_paid_plan_from_before_a_hold_is_charged_without_its_days(shop, gold):
    shop.plan("top", 6000)
    on(20)
    changes(gold, "top", date(2026, 4, 6))
    # five days of gold, and of top the 25 that are left of April less the five of the hold
    assert billed(shop, gold) == 500 + 4000
    held(gold, 24, 27)
    changes(gold, "gold", date(2026, 4, 21))
    # top for the 10 days that it was watched to the 21st, gold for the 10 after it less the three of the second hold
    assert billed(shop, gold) == 500 + 2000 + 700


def test_from_the_first_day_of_a_cycle_the_days_around_a_hold_are_charged_once_and_nothing_comes_back(shop, gold):
    """The days of the hold were asked back again by whatever was done next: of 50.00 another 8.33."""
    shop.plan("top", 6000)
    on(20)
    changes(gold, "top", APR)
    # 25 of 30 days of 60.00, before and after the hold
    assert [line[1:4] for line in shop.lines(gold)[-2:]] == [
        (APR, date(2026, 4, 11), 2000),
        (date(2026, 4, 16), MAY, 3000),
    ]
    assert billed(shop, gold) == 5000
    held(gold, 21, 24)
    assert billed(shop, gold) == 4400
    assert verify_billing().faults == []


def test_a_period_of_which_any_day_costs_all_is_one_line_around_a_hold(shop):
    shop.plan("top", 6000, proration="none")
    subscription = shop.subscribe(
        shop.customer(credit_minor=50_000), shop.plan("gold", 3000, proration="none"), due=APR
    )
    shop.run(APR)
    held(subscription, 11, 16)
    on(20)
    changes(subscription, "top", APR)
    assert billed(shop, subscription) == 6000
