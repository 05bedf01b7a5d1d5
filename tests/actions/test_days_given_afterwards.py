"""Days that are given to who pays afterwards: their next bill leaves so many out, and nothing runs longer."""

from datetime import UTC, date, datetime

import pytest
from april import do, on
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.next_document import next_document
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.bulk.ask_bulk import BulkWish, ask_bulk
from billhead.actions.bulk.do_next import do_next
from billhead.actions.bulk.undo_bulk import undo_bulk
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.give_days import GiftScope, give_days, preview_give_days
from billhead.actions.subscriptions.give_days_batch import give_days_batch
from billhead.actions.subscriptions.set_timing import set_timing
from billhead.db import Tx, reading
from billhead.models.subscriptions import DayGift, FreeTime, Service, Subscription, SubscriptionEvent

APR, MAY, JUN, JUL = (date(2026, month, 1) for month in range(4, 8))


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def hotel(shop, minor=3000):
    """30.00 a month, billed when it is over."""
    customer = shop.customer(credit_minor=50_000)
    return shop.subscribe(customer, shop.plan("tv", minor), due=APR, timing="arrears", next_bill_on=MAY)


def months(shop, *days):
    for day in days:
        on(day)
        for _ in range(2):
            shop.run(day)
            do(begin_scheduled)
    with reading() as session:
        assert verify_ledger(session).faults == []
    assert verify_billing().faults == []


def billed(shop, subscription):
    return [line[1:4] for line in shop.lines(subscription)]


def test_three_days_after_an_outage_leave_the_next_bill_and_nothing_else_moves(shop):
    subscription, scope = hotel(shop), GiftScope(panel_id=shop.panel_id)
    before = shop.get(Subscription, subscription), shop.all(Service)[0].desired_expires_at
    on(date(2026, 4, 10))
    with reading() as session:
        shown = preview_give_days(Tx(SYSTEM, session), scope, 3)
    assert (shown.subscriptions, shown.afterwards, shown.left_out) == (1, 1, {})
    gift = do(give_days, scope, 3, "The night of 9 April").gift_id
    for _ in range(2):
        do(give_days_batch, gift)
    assert shop.get(DayGift, gift).given == 1
    (told,) = shop.all(SubscriptionEvent, SubscriptionEvent.kind == "days_given")
    assert told.details == {"days": 3, "why": "The night of 9 April"}
    after = shop.get(Subscription, subscription)
    assert (after.paid_through, after.next_bill_on, after.anchor) == (before[0].paid_through, MAY, APR)
    assert shop.all(Service)[0].desired_expires_at == before[1]
    with reading() as session:
        assert next_document(session, subscription).document.total == 3240
    months(shop, MAY, JUN)
    # 27 days of 30
    assert billed(shop, subscription) == [(date(2026, 4, 4), MAY, 2700), (MAY, JUN, 3000)]


def test_given_twice_they_are_more_and_may_go_on_into_the_next_period(shop):
    subscription = hotel(shop)
    on(date(2026, 4, 10))
    for days in (20, 15):
        do(give_days_to, subscription, days, "an outage")
    assert [(row.why, row.starts_on, row.ends_on) for row in shop.all(FreeTime)] == [
        ("spared", APR, date(2026, 4, 21)), ("spared", date(2026, 4, 21), date(2026, 5, 6)),
    ]  # fmt: skip
    months(shop, MAY, JUN)
    # nothing of April; 26 days of 31: 25.16
    assert billed(shop, subscription) == [(date(2026, 5, 6), JUN, 2516)]


def test_who_leaves_pays_for_the_other_days(shop):
    subscription = hotel(shop)
    on(date(2026, 4, 10))
    do(give_days_to, subscription, 3, "an outage")
    on(date(2026, 4, 16))
    do(cancel, subscription, "immediate")
    months(shop, MAY)
    assert billed(shop, subscription) == [(date(2026, 4, 4), date(2026, 4, 16), 1200)]


def test_billing_in_advance_waits_until_they_have_left_a_bill(shop):
    subscription = hotel(shop)
    on(date(2026, 4, 10))
    do(give_days_to, subscription, 33, "a bad month")
    do(set_timing, subscription, "advance")
    months(shop, MAY)
    assert shop.get(Subscription, subscription).timing == "arrears"
    months(shop, JUN)
    assert shop.get(Subscription, subscription).timing == "advance"
    assert billed(shop, subscription) == [(date(2026, 5, 4), JUN, 2710), (JUN, JUL, 3000)]  # 28 days of 31


def test_a_bulk_action_takes_them_back_before_the_bill_and_the_line_runs_on(shop):
    subscription = hotel(shop)
    (line,) = shop.all(Service)
    on(date(2026, 4, 10))
    wish = BulkWish(shop.seller_id, "extend", {"days": 3})
    bulk = do(ask_bulk, wish, [subscription], "an outage").bulk_id
    do(do_next, bulk)
    assert [row.why for row in shop.all(FreeTime)] == ["spared"]
    do(undo_bulk, bulk)
    do(do_next, bulk)
    assert shop.all(FreeTime) == []
    assert shop.get(Service, line.id).desired_expires_at == line.desired_expires_at
    months(shop, MAY)
    assert billed(shop, subscription) == [(APR, MAY, 3000)]
