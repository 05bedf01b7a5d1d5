"""From a plan that costs nothing to one that does: a whole period begins that day. With dates and cents."""

from datetime import UTC, date, datetime

import pytest
from april import on
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change, preview_change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.resume import resume
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

APR, THIRTIETH = date(2026, 4, 1), date(2026, 4, 30)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def freemium(shop, **more):
    free = shop.plan("free", 0)
    shop.plan("gold", 3000), shop.plan("top", 6000)
    customer = shop.customer(credit_minor=50_000)
    subscription = shop.subscribe(customer, free, due=APR)
    shop.run(APR)
    shop.change(Subscription, subscription, **more)
    on(THIRTIETH)
    return customer, subscription


def changes(subscription, ctx=SYSTEM, **wish):
    wish = ChangeWish(subscription, **wish)
    with reading() as session:
        before = preview_change(Tx(ctx, session), wish)
    with writing(ctx) as tx:
        done = change(tx, wish, before.seen)
    assert done.total_minor == before.total_minor
    assert verify_billing().faults == []
    return before, done


def billed(shop, subscription):
    documents = shop.all(Document, Document.subscription_id == subscription, Document.kind != "proforma")
    return sum(-one.net_minor if one.kind == "credit_note" else one.net_minor for one in documents)


def test_who_upgrades_on_the_30th_pays_a_whole_period_and_the_next_bill_comes_after_it(shop):
    _, subscription = freemium(shop)
    seen, done = changes(subscription, plan="gold")
    assert (done.total_minor, seen.renews_on) == (3600, date(2026, 5, 30))
    assert shop.lines(subscription)[-1][:4] == ("recurring", THIRTIETH, date(2026, 5, 30), 3000)
    row = shop.get(Subscription, subscription)
    assert (row.anchor, row.billed_through, row.next_bill_on) == (THIRTIETH, date(2026, 5, 30), date(2026, 5, 30))
    changes(subscription, plan="top")
    assert billed(shop, subscription) == 6000
    changes(subscription, plan="free", when="immediate")
    assert billed(shop, subscription) == 0
    changes(subscription, plan="gold")
    assert billed(shop, subscription) == 3000


def test_a_paid_plan_that_is_taken_back_on_its_day_begins_no_period(shop):
    _, subscription = freemium(shop)
    changes(subscription, plan="gold")
    on(date(2026, 5, 10))
    changes(subscription, plan="free", when="immediate")
    changes(subscription, plan="gold")
    assert billed(shop, subscription) == 3000
    assert shop.get(Subscription, subscription).billed_through == date(2026, 5, 30)


def test_by_hand_the_proforma_is_over_a_whole_period_that_begins_when_it_is_paid(shop):
    customer, subscription = freemium(shop, collection="manual")
    ctx = Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))
    _, offered = changes(subscription, ctx, plan="gold")
    assert (offered.state, offered.total_minor) == ("offered", 3600)
    on(date(2026, 5, 2))
    with writing(SYSTEM) as tx:
        settle_proforma(tx, offered.document_id)
    row = shop.get(Subscription, subscription)
    assert (row.billed_through, row.anchor) == (date(2026, 6, 2), date(2026, 5, 2))
    assert billed(shop, subscription) == 3000
    assert verify_billing().faults == []


def test_days_that_were_given_of_what_cost_nothing_make_nothing_free(shop):
    _, subscription = freemium(shop)
    with writing(SYSTEM) as tx:
        give_days_to(tx, subscription, 30, "an outage")
    changes(subscription, plan="gold")
    row = shop.get(Subscription, subscription)
    assert (row.billed_through, row.paid_through) == (date(2026, 5, 30), date(2026, 5, 30))  # credit pays it at once
    assert billed(shop, subscription) == 3000


def test_a_hold_that_lies_in_the_period_that_begins_is_not_charged(shop):
    _, subscription = freemium(shop)
    with writing(SYSTEM) as tx:
        hold(tx, subscription)
    on(date(2026, 5, 6))
    with writing(SYSTEM) as tx:
        resume(tx, subscription)
    seen, done = changes(subscription, plan="gold", on=date(2026, 4, 20))
    # 30 days from the 20th cost 3000, six of them stood still: 2400, with tax 2880
    assert (done.total_minor, seen.renews_on) == (2880, date(2026, 5, 20))
    assert [line[:4] for line in shop.lines(subscription)[-2:]] == [
        ("recurring", date(2026, 4, 20), THIRTIETH, 1000),
        ("recurring", date(2026, 5, 6), date(2026, 5, 20), 1400),
    ]
    on(date(2026, 5, 20))
    shop.run(date(2026, 5, 20))
    assert billed(shop, subscription) == 5400


def test_where_a_day_of_a_period_costs_all_of_it_it_is_charged_once_around_a_hold(shop):
    free = shop.plan("free", 0, proration="extend")
    shop.plan("gold", 3000, proration="extend")
    shop.plan("screen", 300, kind="connection", proration="extend", details={"plans": ["gold"]})
    subscription = shop.subscribe(shop.customer(credit_minor=50_000), free, due=APR)
    shop.run(APR)
    on(THIRTIETH)
    with writing(SYSTEM) as tx:
        hold(tx, subscription)
    on(date(2026, 5, 6))
    with writing(SYSTEM) as tx:
        resume(tx, subscription)
    changes(subscription, plan="gold", on=date(2026, 4, 20))
    assert billed(shop, subscription) == 3000
    changes(subscription, addons=(AddOnOrder("screen", 1),))
    assert billed(shop, subscription) == 3300


def test_a_period_that_begins_before_a_hold_adds_no_days_for_it(shop):
    gold = shop.plan("gold", 3000)
    shop.plan("top", 6000)
    subscription = shop.subscribe(shop.customer(credit_minor=50_000), gold, due=APR)
    shop.run(APR)
    on(date(2026, 4, 10))
    with writing(SYSTEM) as tx:
        give_days_to(tx, subscription, 5, "an outage")
        hold(tx, subscription)
    on(date(2026, 4, 12))
    with writing(SYSTEM) as tx:
        resume(tx, subscription)
    seen, _ = changes(subscription, plan="top", on=date(2026, 4, 6), restart=True)
    assert seen.renews_on == date(2026, 5, 11)  # a month from the 6th, and the five days that were given
    assert billed(shop, subscription) == 500 + 5600  # five days of gold; 28 of 30 days of top
    assert shop.get(Subscription, subscription).billed_through == date(2026, 5, 11)


def with_screens(shop):
    shop.plan("screen", 300, kind="connection", details={"plans": ["free", "gold"], "max_units": 5})
    _, subscription = freemium(shop)
    on(date(2026, 5, 11))
    shop.run(date(2026, 5, 11))
    return subscription


def test_what_else_is_changed_on_the_day_changes_nothing_of_the_period_that_begins(shop):
    subscription = with_screens(shop)
    screens = (AddOnOrder("screen", 2),)
    changes(subscription, addons=screens)
    changes(subscription, plan="gold", addons=screens)
    assert billed(shop, subscription) == 3600  # as if both had come at once: a month of gold, and of two screens
    assert shop.get(Subscription, subscription).billed_through == date(2026, 6, 11)


def test_what_cost_something_until_the_day_begins_no_period_whether_it_is_dropped_first_or_with_the_change(shop):
    subscription = with_screens(shop)
    changes(subscription, addons=(AddOnOrder("screen", 2),))
    on(date(2026, 5, 12))
    changes(subscription, addons=(), when="immediate")
    changes(subscription, plan="gold", when="immediate")
    assert billed(shop, subscription) == 19 + 1935  # a day of 31 of two screens, twenty of gold
    assert shop.get(Subscription, subscription).billed_through == date(2026, 6, 1)


def test_what_stays_through_a_period_that_begins_anew_is_charged_once(shop):
    gold = shop.plan("gold", 3000)
    shop.plan("top", 6000)
    screen = shop.plan("screen", 300, kind="connection", details={"plans": ["gold", "top"]})
    subscription = shop.subscribe(shop.customer(credit_minor=50_000), gold, screen, due=APR)
    shop.run(APR)
    on(date(2026, 4, 11))
    changes(subscription, plan="top", restart=True)
    assert billed(shop, subscription) == 1000 + 100 + 6000 + 300  # ten days of thirty, and a month from the 11th
    with writing(SYSTEM) as tx:
        hold(tx, subscription)
    on(date(2026, 4, 14))
    with writing(SYSTEM) as tx:
        resume(tx, subscription)
    assert billed(shop, subscription) == 1000 + 100 + 5400 + 270
    assert verify_billing().faults == []


def test_what_came_on_the_day_before_the_period_began_is_worth_no_days(shop):
    free = shop.plan("free", 0, proration="extend")
    shop.plan("gold", 3000, proration="extend")
    shop.plan("screen", 300, kind="connection", proration="extend", details={"plans": ["free", "gold"], "max_units": 5})
    subscription = shop.subscribe(shop.customer(credit_minor=50_000), free, due=APR)
    shop.run(APR)
    on(date(2026, 4, 16))
    screens = (AddOnOrder("screen", 2),)
    assert changes(subscription, addons=screens)[1].days == 15  # the half of April that they were not had in
    changes(subscription, plan="gold", addons=screens)
    assert billed(shop, subscription) == 3600
    assert shop.get(Subscription, subscription).billed_through == date(2026, 5, 16)
