"""Coupons where a plan is changed within a cycle that they made cheaper: so many cycles are worth so many, no more."""

from datetime import UTC, date, datetime

import pytest
from april import on
from billing_shop import SYSTEM, open_shop
from coupon_shop import make, order, paid, standing

from billhead import clock
from billhead.actions.billing.next_document import next_document
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.coupons.redeem_coupon import redeem_coupon
from billhead.actions.documents.void_document import void_document
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.db import Tx, reading, writing
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        tv, _ = shop.plan("tv", 3000)
        shop.plan("gold", 6000)
        shop.price(tv, shop.books["EURFalse"], "1 year", 36500)
        yield shop


def running(shop, code):
    """November of `tv` was paid with the coupon; a card pays what comes."""
    subscription, proforma = order(shop, shop.customer(), code)
    paid(shop, proforma)
    shop.change(Subscription, subscription, collection="auto", next_bill_on=DEC)
    return subscription


def changed(shop, subscription, **wish):
    """What the change writes, as its preview said: (period, net, discount) of each line."""
    with reading() as session:
        before = preview_change(Tx(SYSTEM, session), ChangeWish(subscription, **wish))
    with writing(SYSTEM) as tx:
        done = change(tx, ChangeWish(subscription, **wish))
    assert done.total_minor == before.total_minor
    rows = shop.all(DocumentLine, DocumentLine.document_id == done.document_id)
    sign = 1 if done.total_minor >= 0 else -1
    return [(row.period_start, row.period_end, sign * row.net_minor, row.discount_minor) for row in rows]


def billed(shop, subscription):
    rows = shop.all(DocumentLine, DocumentLine.subscription_id == subscription, DocumentLine.kind == "recurring")
    return [(row.period_start, row.net_minor, row.discount_minor) for row in rows if row.period_start is not None]


def in_order():
    assert verify_billing().faults == []
    with reading() as session:
        return verify_ledger(session).faults == []


def test_a_coupon_for_one_cycle_is_not_given_again_when_the_term_begins_anew(shop):
    make(shop, "HALF", percent_ppm=500_000)
    subscription = running(shop, "HALF")
    sixteenth = date(2026, 11, 16)
    on(sixteenth)
    # 15 of 30 days of 15.00 come back. Of the new month the coupon has 15 days left: 30.00 off 60.00 for 15 of 30 days
    assert changed(shop, subscription, plan="gold", restart=True) == [
        (sixteenth, DEC, -750, 0),
        (sixteenth, date(2026, 12, 16), 4500, 1500),
    ]
    assert standing(shop, subscription) == [("used", 0, None, 3000)]
    on(date(2026, 12, 16))
    shop.run(date(2026, 12, 16))
    assert billed(shop, subscription)[-1] == (date(2026, 12, 16), 6000, 0)
    assert in_order()


def test_what_is_given_back_of_a_month_that_began_anew_is_what_it_cost(shop):
    make(shop, "HALF", percent_ppm=500_000)
    subscription = running(shop, "HALF")
    on(date(2026, 11, 16))
    changed(shop, subscription, plan="gold", restart=True)
    on(date(2026, 12, 6))
    # 10 of 30 days: 45.00 × 10/30 back, and 30.00 for as many: the days of the coupon are over
    assert [line[2:] for line in changed(shop, subscription, plan="tv", when="immediate")] == [(-1500, 0), (1000, 0)]
    assert in_order()


def test_three_cycles_are_worth_three_months_of_days_when_the_term_begins_anew(shop):
    make(shop, "THREE", percent_ppm=500_000, cycles=3)
    subscription = running(shop, "THREE")
    on(date(2026, 11, 16))
    changed(shop, subscription, plan="gold", restart=True)
    for month in (date(2026, 12, 16), date(2027, 1, 16), date(2027, 2, 16)):
        on(month)
        shop.run(month)
    # 15 days of the first were left: of the 31 from 16 January on, 60.00 × 15/31 at half the price
    assert billed(shop, subscription) == [
        (NOV, 1500, 1500),
        (date(2026, 11, 16), 3000, 3000),
        (date(2026, 12, 16), 3000, 3000),
        (date(2027, 1, 16), 4548, 1452),
        (date(2027, 2, 16), 6000, 0),
    ]
    assert in_order()


def test_a_fixed_amount_is_taken_off_so_many_cycles_when_one_begins_anew(shop):
    make(shop, "FIVE", "fixed", amount_minor=500, currency="EUR", cycles=2)
    make(shop, "ONE", "fixed", amount_minor=500, currency="EUR")
    twice, once = running(shop, "FIVE"), running(shop, "ONE")
    on(date(2026, 11, 16))
    assert changed(shop, twice, plan="gold", restart=True)[1][2:] == (5500, 500)
    assert changed(shop, once, plan="gold", restart=True)[1][2:] == (6000, 0)
    shop.run(date(2026, 12, 16))
    assert [billed(shop, one)[-1][1:] for one in (twice, once)] == [(6000, 0), (6000, 0)]


def test_the_days_to_the_next_bill_in_another_term_are_of_the_cycle_that_was_counted(shop):
    make(shop, "HALF", percent_ppm=500_000)
    subscription = running(shop, "HALF")
    on(date(2026, 11, 16))
    # 365.00 a year, half of it for the 15 days of November that are left; the year from December on is at its price
    assert [line[2:] for line in changed(shop, subscription, term="1 year", when="immediate")] == [
        (-750, 0),
        (750, 750),
    ]
    shop.run(DEC)
    assert billed(shop, subscription)[-1] == (DEC, 36500, 0)
    assert in_order()


def test_a_void_draft_leaves_what_was_left_of_the_cycle_that_began_anew(shop):
    make(shop, "THREE", percent_ppm=500_000, cycles=3)
    subscription = running(shop, "THREE")
    on(date(2026, 11, 16))
    changed(shop, subscription, plan="gold", restart=True)
    shop.change(Seller, shop.seller_id, draft_days=5)
    on(date(2026, 12, 16))
    shop.run(date(2026, 12, 16))
    (draft,) = shop.all(Document, Document.state == "draft")
    with writing(SYSTEM) as tx:
        void_document(tx, draft.id, reason="wrong")
    assert standing(shop, subscription) == [("active", 1, None, 4500)]
    for month in (date(2026, 12, 16), date(2027, 1, 16)):
        on(month)
        shop.run(month)
    assert billed(shop, subscription)[-2:] == [(date(2026, 12, 16), 3000, 3000), (date(2027, 1, 16), 4548, 1452)]


def test_a_change_that_a_coupon_gives_whole_stands_on_an_invoice_over_nothing(shop):
    make(shop, "ALL", percent_ppm=1_000_000)
    subscription = running(shop, "ALL")
    sixth = date(2026, 11, 6)
    on(sixth)
    # November was free: nothing of it comes back, and 25 of 30 days of 60.00 are given as well
    assert changed(shop, subscription, plan="gold") == [(sixth, DEC, 0, 5000)]
    assert in_order()
    on(DEC)
    shop.run(DEC)
    assert billed(shop, subscription)[-1] == (DEC, 6000, 0)
    assert in_order()


def test_days_that_a_coupon_gave_whole_are_not_charged_when_it_is_used_up(shop):
    """She paid November of tv, enters a code for one free month on the 10th, and has gold from the 16th on."""
    make(shop, "ALL", percent_ppm=1_000_000)
    subscription, proforma = order(shop, shop.customer())
    paid(shop, proforma)
    shop.change(Subscription, subscription, collection="auto", next_bill_on=DEC)
    on(date(2026, 11, 10))
    with writing(SYSTEM) as tx:
        redeem_coupon(tx, subscription, "ALL")
    on(date(2026, 11, 16))
    sixteenth = date(2026, 11, 16)
    assert changed(shop, subscription, plan="gold") == [(sixteenth, DEC, -1500, 0), (sixteenth, DEC, 0, 3000)]
    on(DEC)
    shop.run(DEC)
    assert billed(shop, subscription)[-1] == (DEC, 0, 6000)
    assert in_order()
    on(date(2026, 12, 16))
    # gold was free in December, and so is tv, for 16 of 31 days of 30.00; nothing of November is charged by now
    assert changed(shop, subscription, plan="tv", when="immediate") == [(date(2026, 12, 16), date(2027, 1, 1), 0, 1548)]
    assert in_order()


def next_period(shop, subscription, **wish):
    """(what the preview promises, what the run writes then), net of each."""
    with reading() as session:
        before = preview_change(Tx(SYSTEM, session), ChangeWish(subscription, **wish))
    with writing(SYSTEM) as tx:
        change(tx, ChangeWish(subscription, **wish))
    with reading() as session:
        document = next_document(session, subscription, before.renews_on).document
    return before.renewal_minor, sum(line.net_minor for line in document.lines)


@pytest.mark.parametrize(
    ("cycles", "upgraded", "back"), [(1, 6000, 3000), (2, 4500, 2250), (3, 4500, 2250), (None, 4500, 2250)]
)
def test_the_next_period_is_promised_at_what_the_coupon_leaves_of_it(shop, cycles, upgraded, back):
    """HELLO25 takes 25 % off: a cycle is left after November where it holds for two, none where it holds for one."""
    make(shop, "HELLO25", percent_ppm=250_000, cycles=cycles)
    subscription = running(shop, "HELLO25")
    on(date(2026, 11, 16))
    assert next_period(shop, subscription, plan="gold", when="immediate") == (upgraded, upgraded)
    assert next_period(shop, subscription, plan="tv", when="end_of_term") == (back, back)


def test_a_coupon_of_one_plan_gives_nothing_to_the_other(shop):
    make(shop, "TVONLY", percent_ppm=250_000, cycles=None, plans=("tv",))
    subscription = running(shop, "TVONLY")
    on(date(2026, 11, 16))
    assert next_period(shop, subscription, plan="gold", when="end_of_term") == (6000, 6000)
