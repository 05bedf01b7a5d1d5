"""Days that are given to many at once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from april import billed, do, on
from billing_shop import SYSTEM, open_shop
from metered_shop import meter, metric, tell, used

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.actions.subscriptions.cancel_gift import cancel_gift
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.give_days import GiftScope, give_days, preview_give_days
from billhead.actions.subscriptions.give_days_batch import give_days_batch
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.set_billing_day import set_billing_day
from billhead.actions.usage.current_usage import current_usage
from billhead.db import Tx, reading
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.catalogue import Plan
from billhead.models.operations import AuditEntry, Job
from billhead.models.subscriptions import DayGift, Service, Subscription

APR, MAY, JUN = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def seen(preview, *args, **named):
    with reading() as session:
        return preview(Tx(SYSTEM, session), *args, **named)


def paying(shop, *plans, **more):
    customer = shop.customer(credit_minor=20_000)
    subscription = shop.subscribe(customer, *plans, due=APR, **more)
    shop.run(APR)
    return customer, subscription


def in_order():
    with reading() as session:
        return verify_ledger(session).faults == []


def finish(gift_id):
    while do(give_days_batch, gift_id).more:
        pass


def test_three_days_after_an_outage_move_the_end_the_lines_and_the_next_invoice(shop):
    plan = shop.plan("tv", 3000)
    _, one = paying(shop, plan)
    _, leaving = paying(shop, plan)
    elsewhere = shop.subscribe(shop.customer(), plan, due=APR, line=False)
    on(date(2026, 4, 10))
    do(cancel, leaving, "end_of_term")
    with reading() as session:
        assert preview_give_days(Tx(SYSTEM, session), GiftScope(panel_id=shop.panel_id), 3).subscriptions == 2
    asked = do(give_days, GiftScope(panel_id=shop.panel_id), 3, "The night of 9 April")
    (job,) = shop.all(Job, Job.kind == "subscriptions.give_days")
    assert job.args == {"gift_id": asked.gift_id}
    finish(asked.gift_id)
    finish(asked.gift_id)  # a job that starts again gives nothing twice
    fourth = date(2026, 5, 4)
    for subscription, next_bill_on in ((one, fourth), (leaving, None)):
        after = shop.get(Subscription, subscription)
        assert (after.paid_through, after.next_bill_on) == (fourth, next_bill_on)
    assert shop.get(Subscription, leaving).service_ends_on == fourth
    assert {line.desired_expires_at for line in shop.all(Service)} == {datetime(2026, 5, 7, tzinfo=UTC)}
    assert shop.get(Subscription, elsewhere).paid_through == APR
    gift = shop.get(DayGift, asked.gift_id)
    assert (gift.state, gift.total, gift.given) == ("done", 2, 2)
    assert f"day_gift:{gift.id}" in {row.subject for row in shop.all(AuditEntry)}
    shop.run(fourth)
    assert shop.lines(one)[-1] == ("recurring", fourth, date(2026, 6, 4), 3000, 600)
    assert in_order()


def test_who_gets_no_days_is_counted_with_the_reason(shop):
    plan = shop.plan("tv", 3000)
    _, ended = paying(shop, plan)
    paying(shop, plan)
    do(cancel, ended, "immediate")  # does not run any more: nobody waits for days there
    for _ in range(2):
        shop.change(Subscription, shop.subscribe(shop.customer(), plan, due=MAY), timing="arrears")
    shop.change(Subscription, shop.subscribe(shop.customer(), plan, due=MAY), paid_through=None)
    shop.change(Subscription, shop.subscribe(shop.customer(), shop.plan("gold", 6000), due=MAY), timing="arrears")
    shop.change(Plan, plan[0], proration="none")
    scope = GiftScope(plan_id=plan[0])
    told = {"it is paid afterwards, in whole periods": 2, "nothing of it was paid yet": 1}
    found = seen(preview_give_days, scope, 3)
    assert (found.subscriptions, found.left_out) == (1, told)
    gift = do(give_days, scope, 3, "The night of 9 April").gift_id
    finish(gift)
    after = shop.get(DayGift, gift)
    assert (after.given, after.total, after.left_out) == (1, 1, told)


def test_a_change_in_given_days_costs_nothing_for_them(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("gold", 6000)
    finish(do(give_days, GiftScope(panel_id=shop.panel_id), 10, "outage").gift_id)
    on(date(2026, 4, 16))
    do(change, ChangeWish(subscription, plan="gold"))
    assert billed(shop, customer) == 3000 - 1500 + 3000  # 15 of 30 days of April; the ten days of May are given
    assert in_order()


FIVE = date(2026, 5, 6)


def given_five_days(shop, subscription):
    on(date(2026, 4, 2))
    finish(do(give_days, GiftScope(panel_id=shop.panel_id), 5, "outage").gift_id)
    assert shop.get(Subscription, subscription).billed_through == FIVE


@pytest.mark.parametrize(("minutes", "net"), [(500, 0), (650, 0), (750, 500)])
def test_the_allowance_of_a_period_that_was_made_longer_is_longer_too(shop, minutes, net):
    """600 minutes a month are included, 0.10 each after that. April and five days: 600 × 35/30 = 700."""
    plan = shop.plan("tv", 3000)
    meter(shop, plan, metric(shop), "standard", unit="0.10", included="600")
    _, subscription = paying(shop, plan)
    given_five_days(shop, subscription)
    tell(used(subscription, minutes, "2026-04-03T20:00:00Z"))
    with reading() as session:
        (now,) = current_usage(session, [subscription])[subscription]
    assert (now.starts_on, now.ends_on, now.allowance, now.amount.minor) == (APR, FIVE, "700", net)
    shop.run(MAY)
    assert shop.lines(subscription) == [("recurring", APR, MAY, 3000, 600)]  # it runs, and so does what it counts
    shop.run(FIVE)
    use = [("usage:minutes", APR, FIVE, net, net // 5)] if net else []
    assert shop.lines(subscription)[1:] == [("recurring", FIVE, date(2026, 6, 6), 3000, 600), *use]


@pytest.mark.parametrize("day", [date(2026, 4, 20), date(2026, 5, 3)])
def test_the_period_that_runs_began_where_it_was_sold(shop, day):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    given_five_days(shop, subscription)
    on(day)
    do(cancel, subscription, "start_of_term")
    assert billed(shop, customer) == 0
    assert in_order()


@pytest.mark.parametrize(("plan", "net"), [("gold", 3000 - 2700 + 5400), ("mini", 3000 - 2700 + 540)])
def test_the_difference_of_a_change_is_of_the_period_that_was_paid(shop, plan, net):
    """On 4 April 27 of its 30 days are left; 60.00 × 27/30 and 6.00 × 27/30."""
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("gold", 6000)
    shop.plan("mini", 600)
    given_five_days(shop, subscription)
    on(date(2026, 4, 4))
    do(change, ChangeWish(subscription, plan=plan, when="immediate"))
    assert billed(shop, customer) == net
    assert shop.get(Subscription, subscription).next_bill_on == FIVE
    shop.run(FIVE)
    assert shop.lines(subscription)[-1][1:3] == (FIVE, date(2026, 6, 6))
    assert verify_billing().faults == []


def test_a_downgrade_that_is_planned_comes_when_the_longer_time_is_over(shop):
    """Mini from the end of April on; with five days given gold is watched until 6 May."""
    customer, subscription = paying(shop, shop.plan("gold", 6000))
    mini = shop.plan("mini", 600)
    do(change, ChangeWish(subscription, plan="mini"))
    given_five_days(shop, subscription)
    for day in (MAY, date(2026, 5, 5), FIVE):
        on(day)
        shop.run(day)
        do(begin_scheduled)
        assert (shop.get(Subscription, subscription).plan_id == mini[0]) is (day == FIVE)
    assert shop.lines(subscription)[1:] == [("recurring", FIVE, date(2026, 6, 6), 600, 120)]
    assert billed(shop, customer) == 6600
    assert verify_billing().faults == []


def test_another_term_that_is_planned_is_taken_back_after_days_were_given(shop):
    """A year from the end of April on, five days given, and it stays a month after all."""
    plan = shop.plan("tv", 3000)
    shop.price(plan[0], shop.books["EURFalse"], "1 year", 30_000)
    _, subscription = paying(shop, plan)
    do(change, ChangeWish(subscription, term="1 year", when="end_of_term"))
    given_five_days(shop, subscription)
    do(keep, subscription)
    on(date(2026, 4, 6))
    assert preview_cancel(SYSTEM, subscription, "start_of_term").total_minor == -3600
    shop.run(FIVE)
    assert shop.lines(subscription)[1:] == [("recurring", FIVE, date(2026, 6, 6), 3000, 600)]
    assert verify_billing().faults == []


def where(shop, subscription):
    """All that says how it goes on."""
    row = shop.get(Subscription, subscription)
    names = "billed_through paid_through next_bill_on service_ends_on billing_ends_on anchor term"
    return {name: getattr(row, name) for name in names.split()}


@pytest.mark.parametrize("day", [20, 29])
def test_days_given_to_somebody_who_canceled_with_credit_charge_nothing(shop, day):
    """She leaves on 20 April and has the rest of her month back; five days after that are given."""
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    leaves = date(2026, 4, day)
    do(cancel, subscription, "on_date", on=leaves, money="credit")
    assert billed(shop, customer) == (day - 1) * 100
    finish(do(give_days, GiftScope(panel_id=shop.panel_id), 5, "outage").gift_id)
    after = shop.get(Subscription, subscription)
    assert (after.service_ends_on, after.billing_ends_on) == (leaves + timedelta(days=5), leaves)
    for later in (MAY, leaves + timedelta(days=5), FIVE, JUN):
        on(later)
        shop.run(later)
        do(lapse)
        assert (shop.get(Subscription, subscription).state == "canceled") is (later >= leaves + timedelta(days=5))
    assert billed(shop, customer) == (day - 1) * 100
    assert verify_billing().faults == []


def test_who_leaves_later_than_is_billed_pays_as_many_days_as_before(shop):
    """Until 16 May, and five days given: 1 to 6 May are free, 15 of the days until 21 May are paid."""
    _, subscription = paying(shop, shop.plan("tv", 3000))
    do(cancel, subscription, "on_date", on=date(2026, 5, 16), money="credit")
    given_five_days(shop, subscription)
    for later in (FIVE, date(2026, 5, 21), date(2026, 6, 6)):
        on(later)
        shop.run(later)
        do(lapse)
    assert shop.lines(subscription)[1:] == [("recurring", FIVE, date(2026, 5, 21), 1452, 290)]  # 30.00 × 15/31
    assert shop.get(Subscription, subscription).state == "canceled"


LEAVING = [
    ("end_of_term", "", None),
    ("on_date", "credit", date(2026, 4, 20)),
    ("on_date", "nothing", date(2026, 4, 20)),
    ("on_date", "credit", date(2026, 5, 16)),  # April is billed, and of May what is asked for
]


@pytest.mark.parametrize(("policy", "money", "day"), LEAVING)
@pytest.mark.parametrize(
    "deeds", ["", "given", "day set", "given, day set", "day set, given", "run, given", "run, day set"]
)
def test_who_keeps_it_after_all_is_where_they_would_be(shop, policy, money, day, deeds):
    """Two of the same, one of whom cancels and takes it back; whatever happens in between, they end up alike."""
    plan = shop.plan("tv", 3000)
    (ann, hers), (bob, his) = paying(shop, plan), paying(shop, plan)
    on(date(2026, 4, 2))
    do(cancel, hers, policy, on=day, money=money)
    for deed in deeds.split(", "):
        if deed == "given":
            finish(do(give_days, GiftScope(panel_id=shop.panel_id), 5, "outage").gift_id)
        if deed == "day set":
            for customer in (ann, bob):
                do(set_billing_day, customer, 15)
        if deed == "run" and day == date(2026, 5, 16):
            on(MAY)
            shop.run(MAY)
            assert shop.get(Subscription, hers).billed_through == day
    do(keep, hers)
    assert where(shop, hers) == where(shop, his)
    assert billed(shop, ann) == billed(shop, bob)
    for later in (MAY, FIVE, date(2026, 5, 15), JUN, date(2026, 6, 6), date(2026, 6, 15)):
        on(later)
        shop.run(later)
        assert where(shop, hers) == where(shop, his)
    assert billed(shop, ann) == billed(shop, bob)
    assert verify_billing().faults == []
    assert in_order()


@pytest.mark.parametrize("deeds", ["", "given", "day set", "day set, given"])
def test_a_trial_that_is_kept_after_all_is_as_if_nothing_had_been(shop, deeds):
    plan = shop.plan("tv", 3000)
    customers, both = [shop.customer(credit_minor=20_000) for _ in range(2)], []
    for customer in customers:
        trial = {
            "state": "trial",
            "phase": "trial",
            "phase_ends_on": date(2026, 4, 8),
            "next_bill_on": date(2026, 4, 8),
        }
        both.append(shop.subscribe(customer, plan, due=date(2026, 4, 8), billed_through=None, **trial))
    do(cancel, both[0], "end_of_term")
    for deed in deeds.split(", "):
        if deed == "given":
            finish(do(give_days, GiftScope(panel_id=shop.panel_id), 5, "outage").gift_id)
        if deed == "day set":
            for customer in customers:
                do(set_billing_day, customer, 15)
    do(keep, both[0])
    for later in (date(2026, 4, 2), date(2026, 4, 8), date(2026, 4, 13), date(2026, 4, 15), FIVE, date(2026, 5, 15)):
        on(later)
        shop.run(later)
        assert where(shop, both[0]) == where(shop, both[1])
    assert billed(shop, customers[0]) == billed(shop, customers[1]) > 0
    assert verify_billing().faults == []


def test_a_gift_is_stopped_half_way(shop):
    plan = shop.plan("tv", 3000)
    for _ in range(3):
        paying(shop, plan)
    gift = do(give_days, GiftScope(plan_id=plan[0]), 5, "outage").gift_id
    assert do(cancel_gift, gift).given == 0
    finish(gift)
    assert {row.paid_through for row in shop.all(Subscription)} == {MAY}
    with pytest.raises(Conflict, match="canceled already"):
        do(cancel_gift, gift)


def test_who_only_gets_a_plan_or_a_bouquet_later_gets_no_days_for_it_and_who_still_has_it_does(shop):
    tv, gold = shop.plan("tv", 3000), shop.plan("gold", 6000)
    _, has = paying(shop, gold)
    _, gets = paying(shop, tv)
    on(date(2026, 4, 10))
    do(change, ChangeWish(has, plan="tv", when="end_of_term"))
    do(change, ChangeWish(gets, plan="gold", when="end_of_term"))
    for plan, who in (gold, has), (tv, gets):
        assert seen(preview_give_days, GiftScope(plan_id=plan[0]), 3).subscriptions == 1
        finish(do(give_days, GiftScope(plan_id=plan[0]), 3, "The night of 9 April").gift_id)
        assert shop.get(Subscription, who).paid_through == date(2026, 5, 4)
    on(date(2026, 5, 5))
    assert seen(preview_give_days, GiftScope(plan_id=gold[0]), 3).subscriptions == 1
    do(begin_scheduled)
    assert seen(preview_give_days, GiftScope(plan_id=tv[0]), 3).subscriptions == 1


def test_what_can_not_be_given_is_refused(shop):
    plan = shop.plan("tv", 3000)
    for scope, days, reason, kind, words in (
        (GiftScope(), 3, "x", InvalidInput, "one panel"),
        (GiftScope(panel_id=1, plan_id=plan[0]), 3, "x", InvalidInput, "one panel"),
        (GiftScope(panel_id=99), 3, "x", NotFound, "There is no panel"),
        (GiftScope(plan_id=99), 3, "x", NotFound, "There is no plan"),
        (GiftScope(bouquet_id=99), 3, "x", NotFound, "There is no bouquet"),
        (GiftScope(plan_id=plan[0]), 0, "x", InvalidInput, "from 1 to 366"),
        (GiftScope(plan_id=plan[0]), -3, "x", InvalidInput, "from 1 to 366"),
        (GiftScope(plan_id=plan[0]), 2.5, "x", InvalidInput, "from 1 to 366"),
        (GiftScope(plan_id=plan[0]), 3, " ", InvalidInput, "is needed"),
    ):
        with pytest.raises(kind, match=words):
            do(give_days, scope, days, reason)
    assert shop.all(DayGift) == []
