"""Holds, cancellations and what is taken back, in stories with dates and cents."""

from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.hold import hold, preview_hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.set_billing_day import set_billing_day
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotAllowed
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.subscriptions import FreeTime, Service, Subscription

APR, MAY, JUN, JUL = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


def on(day, hour=12):
    clock.move_business_clock(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def do(verb, *args, ctx=SYSTEM, **named):
    with writing(ctx) as tx:
        return verb(tx, *args, **named)


def seen(verb, *args, ctx=SYSTEM, **named):
    with reading() as session:
        return verb(Tx(ctx, session), *args, **named)


def customer_of(customer):
    return Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))


def in_order():
    with reading() as session:
        return verify_ledger(session).faults == []


def paying(shop, *plans, credit_minor=12_000, **more):
    """Somebody whose April is paid from credit."""
    customer = shop.customer(credit_minor=credit_minor)
    subscription = shop.subscribe(customer, *plans, due=APR, **more)
    shop.run(APR)
    return customer, subscription


def credit(shop):
    return sum(row.remaining_minor for row in shop.all(CustomerCredit))


def billed(shop, subscription):
    documents = shop.all(Document, Document.subscription_id == subscription)
    return sum(-one.net_minor if one.kind == "credit_note" else one.net_minor for one in documents)


def test_a_hold_credits_the_days_and_a_resume_in_the_period_charges_the_rest(shop):
    _, subscription = paying(shop, shop.plan("tv", 3000))
    on(date(2026, 4, 11))
    before = seen(preview_hold, subscription)
    held = do(hold, subscription)
    # 30.00 × 20/30 = 20.00 and 4.00 of tax
    assert (before.credit_minor, held.credit_minor, credit(shop)) == (2400, 2400, 12_000 - 3600 + 2400)
    after = shop.get(Subscription, subscription)
    assert (after.state, after.suspended_for) == ("suspended", "customer")
    assert [line.desired_blocked for line in shop.all(Service)] == [True]
    on(date(2026, 4, 21))
    back = do(resume, subscription)
    assert back.total_minor == 1200  # 30.00 × 10/30 and tax, from the credit
    assert shop.get(Subscription, subscription).state == "active"
    assert [line.desired_blocked for line in shop.all(Service)] == [False]
    assert credit(shop) == 12_000 - 3600 + 2400 - 1200
    shop.run(MAY)
    assert shop.lines(subscription)[-1] == ("recurring", MAY, JUN, 3000, 600)
    assert in_order()


def test_pitfall_15_no_back_invoices_after_five_months_on_hold(shop):
    _, subscription = paying(shop, shop.plan("tv", 3000))
    on(date(2026, 4, 11))
    do(hold, subscription)
    for month in range(5, 10):
        shop.run(date(2026, month, 1))
    on(date(2026, 9, 11))
    do(resume, subscription)
    # April's first ten days, and the twenty that are left of September
    assert billed(shop, subscription) == 1000 + 2000
    assert shop.get(Subscription, subscription).next_bill_on == date(2026, 10, 1)
    assert in_order()


def test_a_prepaid_hold_keeps_the_days(shop):
    _, subscription = paying(shop, shop.plan("tv", 3000))
    shop.change(Subscription, subscription, collection="manual")
    on(date(2026, 4, 11))
    do(hold, subscription)
    on(date(2026, 4, 16))
    do(resume, subscription)
    after = shop.get(Subscription, subscription)
    assert (after.paid_through, after.billed_through) == (date(2026, 5, 6), date(2026, 5, 6))
    on(date(2026, 4, 26))
    do(hold, subscription)
    on(date(2026, 5, 20))  # ten paid days were left when it began
    do(resume, subscription)
    assert shop.get(Subscription, subscription).paid_through == date(2026, 5, 30)
    assert billed(shop, subscription) == 3000
    (line,) = shop.all(Service)
    assert line.desired_expires_at == datetime(2026, 6, 2, tzinfo=UTC)  # 30 May and 72 hours
    assert in_order()


def test_a_planned_hold_begins_and_ends_by_itself(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000, details={"hold": {"min_days": 7, "max_days": 30}}))
    me = customer_of(customer)
    assert do(hold, subscription, date(2026, 4, 11), date(2026, 4, 21), ctx=me).state == "scheduled"
    for day in range(2, 26):
        on(date(2026, 4, day))
        do(begin_scheduled)
        held = date(2026, 4, 11) <= date(2026, 4, day) < date(2026, 4, 21)
        assert (shop.get(Subscription, subscription).state == "suspended") is held
    assert billed(shop, subscription) == 2000
    assert seen(preview_hold, subscription, MAY, date(2026, 5, 15), ctx=me).days_left == 20
    for start, end, kind, words in (
        (MAY, date(2026, 5, 4), InvalidInput, "7 days or longer"),
        (MAY, date(2026, 5, 30), InvalidInput, "20 days of hold are left"),
        (MAY, None, InvalidInput, "say until when"),
        (APR, MAY, InvalidInput, "must be today"),
        (MAY, APR, InvalidInput, "must be after"),
    ):
        with pytest.raises(kind, match=words):
            do(hold, subscription, start, end, ctx=me)


def test_customers_hold_only_what_its_plan_lets_them(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    with pytest.raises(NotAllowed, match="can't be put on hold"):
        do(hold, subscription, ctx=customer_of(customer))
    with pytest.raises(Conflict, match="not on hold"):
        do(resume, subscription)
    with pytest.raises(BillheadError, match="There is no subscription"):
        do(hold, subscription, ctx=customer_of(customer + 1))


@pytest.mark.parametrize(
    ("policy", "money", "day", "ends", "net"),
    [
        ("end_of_term", "", None, MAY, 3000),
        ("immediate", "", None, date(2026, 4, 11), 3000),  # service stops, what was paid stays paid
        ("immediate", "credit", None, date(2026, 4, 11), 1000),  # 30.00 × 10/30
        ("start_of_term", "", None, date(2026, 4, 11), 0),  # the running period is given back whole
        ("on_date", "", date(2026, 4, 21), date(2026, 4, 21), 3000),
        ("on_date", "credit", date(2026, 4, 21), date(2026, 4, 21), 2000),
        ("on_date", "credit", date(2026, 4, 6), date(2026, 4, 6), 500),  # entered late by staff
        ("on_date", "credit", date(2026, 5, 16), date(2026, 5, 16), 3000),
    ],
)
def test_a_cancellation_has_two_dates(shop, policy, money, day, ends, net):
    _, subscription = paying(shop, shop.plan("tv", 3000))
    on(date(2026, 4, 11))
    before = preview_cancel(SYSTEM, subscription, policy, on=day, money=money)
    done = do(cancel, subscription, policy, on=day, money=money)
    assert (before.ends_on, before.total_minor) == (done.ends_on, done.total_minor)
    assert done.ends_on == ends.isoformat()
    assert billed(shop, subscription) == net
    after = shop.get(Subscription, subscription)
    assert (after.state == "canceled") is (ends <= date(2026, 4, 11))
    for run in (MAY, JUN):
        on(run)
        shop.run(run)
        do(lapse)
    # past the first of May only what ends on the 16th is billed, for its 15 days of 31
    assert billed(shop, subscription) == net + (1452 if day == date(2026, 5, 16) else 0)
    assert shop.get(Subscription, subscription).state == "canceled"
    assert in_order()


def test_the_day_of_the_cancellation_may_count(shop):
    _, subscription = paying(shop, shop.plan("tv", 3000, details={"cancel_day_counts": True, "cancel_money": "credit"}))
    on(date(2026, 4, 11))
    do(cancel, subscription, "immediate")
    assert billed(shop, subscription) == 1100


def test_a_cancellation_is_taken_back_and_costs_nothing(shop):
    _, subscription = paying(shop, shop.plan("tv", 3000))
    on(date(2026, 4, 11))
    do(cancel, subscription, "on_date", on=date(2026, 4, 21), money="credit")
    assert billed(shop, subscription) == 2000
    on(date(2026, 4, 15))
    do(keep, subscription)
    assert billed(shop, subscription) == 3000
    shop.run(MAY)
    assert shop.lines(subscription)[-1] == ("recurring", MAY, JUN, 3000, 600)
    with pytest.raises(Conflict, match="nothing is planned"):
        do(keep, subscription)
    do(cancel, subscription, "immediate")
    with pytest.raises(Conflict, match="has ended"):
        do(keep, subscription)


def test_what_is_billed_afterwards_has_its_last_part(shop):
    customer = shop.customer(credit_minor=12_000)
    plan = shop.plan("tv", 3000)
    subscription = shop.subscribe(customer, plan, due=MAY, anchor=APR, timing="arrears", billed_through=APR)
    on(date(2026, 4, 16))
    do(cancel, subscription, "on_date", on=date(2026, 4, 21))
    on(date(2026, 4, 22))
    do(lapse)
    assert shop.lines(subscription) == [("recurring", APR, date(2026, 4, 21), 2000, 400)]
    assert shop.get(Subscription, subscription).state == "canceled"


def test_pitfall_20_everything_on_one_day(shop):
    basic = shop.plan("basic", 1000)
    shop.plan("gold", 3000)
    _, subscription = paying(shop, basic)
    do(change, ChangeWish(subscription, plan="gold"))
    do(hold, subscription)
    do(resume, subscription)
    do(cancel, subscription, "immediate", money="credit")
    assert billed(shop, subscription) == 0
    assert credit(shop) == 12_000
    assert [row for row in shop.all(FreeTime) if row.ends_on != row.starts_on] == []
    assert in_order()


def test_one_billing_day_for_all_charges_only_the_bridge(shop):
    customer, first = paying(shop, shop.plan("tv", 3000))
    second = shop.subscribe(customer, shop.plan("sport", 600), due=date(2026, 4, 10))
    shop.run(date(2026, 4, 10))
    on(date(2026, 4, 12))
    do(set_billing_day, customer, 15)
    for day in range(13, 13 + 40):
        shop.run(date(2026, 4, 1) + timedelta(days=day))
    # 1–15 May: 30.00 × 14/30 (15 April to 15 May); 10–15 May: 6.00 × 5/30
    assert shop.lines(first)[1:] == [("recurring", MAY, date(2026, 5, 15), 1400, 280),
                                     ("recurring", date(2026, 5, 15), date(2026, 6, 15), 3000, 600)]  # fmt: skip
    assert shop.lines(second)[1:] == [("recurring", date(2026, 5, 10), date(2026, 5, 15), 100, 20),
                                      ("recurring", date(2026, 5, 15), date(2026, 6, 15), 600, 120)]  # fmt: skip
    with pytest.raises(InvalidInput, match="from 1 to 31"):
        do(set_billing_day, customer, 32)


def test_what_runs_when_a_billing_day_is_set_is_changed_by_its_own_period(shop):
    """April is paid. From 6 April on all is billed on the 15th; gold then has 25 of April's 30 days."""
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("gold", 6000)
    on(date(2026, 4, 6))
    do(set_billing_day, customer, 15)
    do(change, ChangeWish(subscription, plan="gold"))
    assert billed(shop, subscription) == 3000 - 2500 + 5000
    assert preview_cancel(SYSTEM, subscription, "start_of_term").total_minor == -(500 + 5000) * 12 // 10


@pytest.mark.parametrize(
    ("ends_on", "back_on", "over"),
    [
        (None, date(2026, 4, 20), date(2026, 5, 10)),  # 20 paid days were left on 11 April
        (date(2026, 5, 20), date(2026, 5, 20), date(2026, 6, 9)),
        (date(2026, 5, 20), date(2026, 4, 20), date(2026, 5, 10)),  # earlier than was planned
    ],
)
def test_who_cancels_on_hold_watches_the_kept_days_afterwards(shop, ends_on, back_on, over):
    _, subscription = paying(shop, shop.plan("tv", 3000))
    shop.change(Subscription, subscription, collection="manual")
    on(date(2026, 4, 11))
    do(hold, subscription, None, ends_on)
    on(date(2026, 4, 16))
    ends = (ends_on or date(2026, 4, 16)) + timedelta(days=20)
    assert preview_cancel(SYSTEM, subscription, "end_of_term").ends_on == ends.isoformat()
    assert do(cancel, subscription, "end_of_term").ends_on == ends.isoformat()
    on(back_on)
    do(lapse)
    do(resume, subscription)
    after = shop.get(Subscription, subscription)
    assert (after.state, after.paid_through, after.service_ends_on) == ("active", over, over)
    on(over)
    do(lapse)
    assert shop.get(Subscription, subscription).state == "canceled"
    assert billed(shop, subscription) == 3000
    assert in_order()


@pytest.mark.parametrize("policy", ["immediate", "start_of_term"])
@pytest.mark.parametrize("today", [date(2026, 4, 16), date(2026, 7, 3)])
def test_who_ends_a_hold_for_good_gets_all_kept_days_back(shop, policy, today):
    """April is paid. From 11 April on the days are kept: 20 of 30 are left, however long the hold has lasted."""
    _, subscription = paying(shop, shop.plan("tv", 3000))
    shop.change(Subscription, subscription, collection="manual")
    on(date(2026, 4, 11))
    do(hold, subscription)
    on(today)
    before = preview_cancel(SYSTEM, subscription, policy, money="credit")
    done = do(cancel, subscription, policy, money="credit")
    back = 3600 if policy == "start_of_term" else 2400
    assert (before.total_minor, done.total_minor) == (-back, -back)
    assert credit(shop) == 12_000 - 3600 + back
    assert shop.get(Subscription, subscription).state == "canceled"
    assert billed(shop, subscription) == 3000 - back * 10 // 12
    assert in_order()


def test_a_hold_takes_nothing_of_an_end_that_lies_before_it(shop):
    """April is paid. On hold since the 11th; on the 16th staff end it as of the 6th: 25 of 30 days come back."""
    _, subscription = paying(shop, shop.plan("tv", 3000))
    shop.change(Subscription, subscription, collection="manual")
    on(date(2026, 4, 11))
    do(hold, subscription)
    on(date(2026, 4, 16))
    assert do(cancel, subscription, "on_date", on=date(2026, 4, 6), money="credit").total_minor == -3000
    assert billed(shop, subscription) == 500


def test_who_cancels_on_a_credited_hold_watches_what_is_paid_after_it(shop):
    """April is paid; 11 to 21 April come back. She cancels on the 15th: the rest of April is hers."""
    _, subscription = paying(shop, shop.plan("tv", 3000))
    on(date(2026, 4, 11))
    do(hold, subscription, None, date(2026, 4, 21))
    on(date(2026, 4, 15))
    assert do(cancel, subscription, "end_of_term").ends_on == MAY.isoformat()
    on(date(2026, 4, 21))
    do(begin_scheduled)
    assert shop.get(Subscription, subscription).state == "active"
    on(MAY)
    shop.run(MAY)
    do(lapse)
    assert shop.get(Subscription, subscription).state == "canceled"
    assert billed(shop, subscription) == 2000


def test_a_hold_lasts_as_long_as_its_plan_wants_it(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000, details={"hold": {"min_days": 7, "max_days": 30}}))
    me = customer_of(customer)
    on(date(2026, 4, 11))
    do(hold, subscription, None, date(2026, 4, 25), ctx=me)
    on(date(2026, 4, 17))
    with pytest.raises(Conflict, match="7 days or longer"):
        do(resume, subscription, ctx=me)
    on(date(2026, 4, 18))
    do(resume, subscription, ctx=me)
    assert shop.get(Subscription, subscription).state == "active"
