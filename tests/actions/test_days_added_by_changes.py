"""Plans of the mode "none, extend expiry": the full price at a change, and the missing days at the end. In stories."""

from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import pay

from billhead import clock
from billhead.actions.billing.rebill import rebill
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._attempts import new_attempt
from billhead.actions.payments.charge_back import charge_back
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change, preview_change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.set_auto_renew import set_auto_renew
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict
from billhead.domain.money import Money
from billhead.jobs.kinds import KINDS
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.operations import Job
from billhead.models.payments import Payment
from billhead.models.subscriptions import FreeTime, Service, Subscription, SubscriptionEvent
from billhead.plugin import AttemptState, Outcome, SavedMethod

APR, MAY, JUN = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)
MAY_6, MAY_21 = date(2026, 5, 6), date(2026, 5, 21)
DAY = timedelta(days=1)


def on(day, hour=12):
    clock.move_business_clock(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def do(verb, *args, **named):
    with writing(SYSTEM) as tx:
        return verb(tx, *args, **named)


def changes(subscription, **wish):
    """Shown first, then done: the days and the end are what was shown."""
    wish = ChangeWish(subscription, when="" if "on" in wish or "restart" in wish else "immediate", **wish)
    with reading() as session:
        before = preview_change(Tx(SYSTEM, session), wish)
    done = do(change, wish, before.seen)
    assert (done.days, done.total_minor) == (before.days, before.total_minor)
    if done.runs_until:
        assert date.fromisoformat(done.runs_until) == before.renews_on
    in_order()
    return done


def in_order():
    with reading() as session:
        assert verify_ledger(session).faults == []
    assert verify_billing().faults == []


def paying(shop, *plans, **more):
    customer = shop.customer(credit_minor=50_000, zone=more.pop("zone", "UTC"))
    subscription = shop.subscribe(customer, *plans, due=APR, **more)
    shop.run(APR)
    return customer, subscription


def ends(shop, subscription):
    """(paid, billed, on the panel) to the first day after it; grace on the panel left out."""
    row = shop.get(Subscription, subscription)
    (line,) = shop.all(Service, Service.subscription_id == subscription)
    return row.paid_through, row.billed_through, line.desired_expires_at


def billed(shop, subscription):
    documents = shop.all(Document, Document.subscription_id == subscription)
    return sum(-one.net_minor if one.kind == "credit_note" else one.net_minor for one in documents)


def plans(shop, **prices):
    return [shop.plan(code, minor, proration="extend") for code, minor in prices.items()]


def test_an_upgrade_costs_the_full_price_and_the_missing_days_come_at_the_end(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    done = changes(subscription, plan="gold")
    # 10.00 × 15/30 and 30.00 × 15/30 are 20.00: 20 days at 30.00 ÷ 30
    assert (done.total_minor, done.days, done.runs_until) == (3600, 20, "2026-05-21")
    assert billed(shop, subscription) == 1000 + 3000
    paid, to, expires = ends(shop, subscription)
    assert paid == to == date(2026, 5, 21)
    assert expires == datetime(2026, 5, 24, tzinfo=UTC)  # and three days of grace
    (event,) = shop.all(SubscriptionEvent, SubscriptionEvent.kind == "changed")
    assert (event.details["days"], event.details["until"]) == (20, "2026-05-21")
    shop.run(MAY)
    assert billed(shop, subscription) == 4000
    on(date(2026, 5, 21))
    shop.run(date(2026, 5, 21))
    assert shop.lines(subscription)[-1][:4] == ("recurring", date(2026, 5, 21), date(2026, 6, 21), 3000)
    in_order()


def test_a_downgrade_makes_many_days_of_what_is_left(shop):
    _, gold = plans(shop, basic=1000, gold=3000)
    _, subscription = paying(shop, gold)
    on(date(2026, 4, 16))
    done = changes(subscription, plan="basic")
    # 15.00 left of gold, 5.00 of basic that was not had: 20.00 at 10.00 ÷ 30 are 60 days
    assert (done.total_minor, done.days, done.runs_until) == (1200, 60, "2026-06-30")


def test_an_add_on_adds_days_of_everything(shop):
    (basic,) = plans(shop, basic=1000)
    shop.plan("screen", 600, kind="connection", proration="extend", details={"plans": ["basic"], "max_units": 4})
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 11))
    done = changes(subscription, addons=(AddOnOrder("screen", 1),))
    # 6.00 × 10/30 = 2.00 at 16.00 ÷ 30 = 0.5333 a day: 3.75 days
    assert (done.total_minor, done.days, done.runs_until) == (720, 3, "2026-05-04")
    on(date(2026, 4, 21))
    done = changes(subscription, addons=())
    # 6.00 × 10/30 = 2.00 more: 4.00 at 10.00 ÷ 30 a day are 12 days
    assert (done.total_minor, done.days, done.runs_until) == (0, 9, "2026-05-13")


def test_changes_on_one_day_net_to_the_last_one_and_to_nothing_when_it_is_taken_back(shop):
    basic, _, _ = plans(shop, basic=1000, gold=3000, top=6000)
    _, subscription = paying(shop, basic)
    before = ends(shop, subscription)[:2]
    on(date(2026, 4, 16))
    assert changes(subscription, plan="top").days == 17  # 5.00 + 30.00 at 2.00
    assert changes(subscription, plan="gold").days == 3  # 20.00 at 1.00
    assert ends(shop, subscription)[0] == date(2026, 5, 21)
    assert changes(subscription, plan="basic").days == -20
    assert ends(shop, subscription)[:2] == before
    assert shop.get(Subscription, subscription).anchor == APR
    assert billed(shop, subscription) == 1000
    assert [row.starts_on == row.ends_on for row in shop.all(FreeTime)] == [True]


def test_what_is_left_of_added_days_is_worth_its_price_in_the_next_change(shop):
    _, gold, _ = plans(shop, basic=1000, gold=3000, top=6000)
    _, subscription = paying(shop, gold)
    on(date(2026, 4, 16))
    assert changes(subscription, plan="basic").days == 60
    shop.run(MAY)
    on(date(2026, 5, 11))  # ten of the sixty days are watched: 3.33 of the 20.00
    done = changes(subscription, plan="gold")
    assert (done.total_minor, done.runs_until) == (0, "2026-05-27")  # 16.67 at 1.00: 16 days in place of 50
    on(date(2026, 5, 27))
    shop.run(date(2026, 5, 27))
    assert shop.lines(subscription)[-1][:4] == ("recurring", date(2026, 5, 27), date(2026, 6, 27), 3000)
    in_order()


def test_a_backdated_change_gives_what_it_would_have_given(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 21))
    done = changes(subscription, plan="gold", on=date(2026, 4, 16))
    assert (done.total_minor, done.days, done.runs_until) == (3600, 20, "2026-05-21")
    # it should have been from the 11th: 10.00 × 20/30 + 30.00 × 10/30 = 16.67
    do(change, ChangeWish(subscription, plan="basic", when="immediate"))
    done = changes(subscription, plan="gold", on=date(2026, 4, 11))
    assert (billed(shop, subscription), ends(shop, subscription)[0]) == (4000, date(2026, 5, 17))


def test_a_proforma_that_is_paid_later_adds_the_days_of_that_day(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    customer, subscription = paying(shop, basic)
    shop.change(Subscription, subscription, collection="manual")
    on(date(2026, 4, 16))
    ctx = Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))
    with writing(ctx) as tx:
        offered = change(tx, ChangeWish(subscription, plan="gold"))
    assert (offered.state, offered.days) == ("offered", 0)
    on(date(2026, 4, 21))
    do(settle_proforma, offered.document_id)
    # 10.00 × 10/30 + 30.00 × 20/30 = 23.33
    assert ends(shop, subscription)[:2] == (date(2026, 5, 24), date(2026, 5, 24))
    in_order()


def test_where_it_is_tomorrow_already_the_days_are_those_of_there(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    _, subscription = paying(shop, basic, zone="Pacific/Kiritimati")
    on(date(2026, 4, 15), hour=11)  # the 16th there since ten
    assert changes(subscription, plan="gold").days == 20
    # the 20th of May ends there at 10 o'clock in the morning; and three days of grace
    assert ends(shop, subscription)[2] == datetime(2026, 5, 23, 10, tzinfo=UTC)


def test_a_hold_of_before_loses_nothing_and_one_of_after_keeps_what_was_added(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    _, subscription = paying(shop, basic)
    shop.change(Plan, basic[0], details={**shop.get(Plan, basic[0]).details, "hold": {"way": "keep"}})
    on(date(2026, 4, 6))
    do(hold, subscription)
    on(date(2026, 4, 11))
    do(resume, subscription)
    assert ends(shop, subscription)[0] == date(2026, 5, 6)
    on(date(2026, 4, 16))
    assert changes(subscription, plan="gold").runs_until == "2026-05-26"
    gold = shop.get(Subscription, subscription).plan_id
    shop.change(Plan, gold, details={**shop.get(Plan, gold).details, "hold": {"way": "keep"}})
    do(hold, subscription)
    on(date(2026, 4, 20))
    with pytest.raises(Conflict):
        do(change, ChangeWish(subscription, plan="basic", when="immediate"))
    do(resume, subscription)
    assert ends(shop, subscription)[:2] == (date(2026, 5, 30), date(2026, 5, 30))
    on(date(2026, 4, 21))
    # 5.00 + 15.00 + 10.00 + 6.67 at 0.33: 110 days, where 20 were; the kept ones follow
    assert changes(subscription, plan="basic").days == 90
    in_order()


def test_who_cancels_afterwards_keeps_the_days_and_with_the_service_they_end(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    changes(subscription, plan="gold")
    do(cancel, subscription, "end_of_term")
    row = shop.get(Subscription, subscription)
    assert (row.service_ends_on, row.billing_ends_on) == (date(2026, 5, 21), date(2026, 5, 21))
    in_order()
    do(keep, subscription)
    assert billed(shop, subscription) == 4000
    in_order()
    on(date(2026, 4, 17))
    do(cancel, subscription, "immediate", money="credit")
    assert billed(shop, subscription) == 4000  # such a plan gives nothing back of a cycle that was begun
    in_order()


def test_what_costs_nothing_buys_no_days_and_keeps_what_is_left_for_what_does(shop):
    gold, _ = plans(shop, gold=3000, free=0)
    _, subscription = paying(shop, gold)
    on(date(2026, 4, 16))
    assert changes(subscription, plan="free").days == 0
    assert changes(subscription, plan="gold").days == 0  # taken back on the same day
    assert billed(shop, subscription) == 3000


def test_days_that_were_given_stand_behind_those_of_a_change_and_stay_as_many(shop):
    basic, _, _ = plans(shop, basic=1000, gold=3000, top=6000)
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    changes(subscription, plan="gold")
    do(give_days_to, subscription, 7, "an outage")
    assert ends(shop, subscription)[0] == date(2026, 5, 28)
    changes(subscription, plan="basic")
    assert ends(shop, subscription)[:2] == (date(2026, 5, 8), date(2026, 5, 8))
    assert [(row.why, (row.ends_on - row.starts_on).days) for row in shop.all(FreeTime)] == [
        ("extended", 0), ("given", 7)]  # fmt: skip
    on(date(2026, 5, 8))
    shop.run(date(2026, 5, 8))
    assert shop.lines(subscription)[-1][:4] == ("recurring", date(2026, 5, 8), date(2026, 6, 8), 1000)


def test_a_longer_term_from_today_on_has_what_was_left_behind_it(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    shop.price(basic[0], shop.books["EURFalse"], "1 year", 7300)
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    changes(subscription, plan="gold")
    done = changes(subscription, plan="basic", term="1 year", restart=True)
    # 5.00 at 73.00 ÷ 365 = 0.20 a day, behind the year: 25 days
    assert done.runs_until == "2027-05-11"
    assert billed(shop, subscription) == 1000 + 7300


def test_what_stays_through_a_period_that_begins_anew_is_worth_its_days_of_the_old_one(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    shop.plan("screen", 600, kind="connection", proration="extend", details={"plans": ["basic", "gold"]})
    _, subscription = paying(shop, basic)
    changes(subscription, addons=(AddOnOrder("screen", 1),))
    on(date(2026, 4, 16))
    done = changes(subscription, plan="gold", restart=True)
    # 15 days of 10.00 and of the 6.00, which are charged anew: 8.00 at 36.00 ÷ 30 a day are 6 days
    assert (done.total_minor, done.days, done.runs_until) == (4320, 6, "2026-05-22")
    on(date(2026, 4, 21))
    done = changes(subscription, addons=())
    # 0.80 are over, and of the new 6.00 25 days are worth 5.00: with the 7.20 of 6 days 13.00 at 1.00
    assert (done.total_minor, done.days, done.runs_until) == (0, 7, "2026-05-29")


@pytest.mark.parametrize(("mode", "costs", "to"), [("actual_days", 3000, "2026-05-23"), ("extend", 3600, "2026-05-28")])
def test_given_days_follow_a_whole_period_that_begins_today_and_cost_nothing_back(shop, mode, costs, to):
    basic, _ = (shop.plan(code, minor, proration=mode) for code, minor in (("basic", 1000), ("gold", 3000)))
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 6))
    do(give_days_to, subscription, 7, "an outage")
    assert ends(shop, subscription)[0] == date(2026, 5, 8)
    on(date(2026, 4, 16))
    # 30.00 from 16 April to 16 May, less 5.00 of basic, or five days for them; and the seven days
    assert changes(subscription, plan="gold", restart=True).total_minor == costs
    assert ends(shop, subscription)[:2] == (date.fromisoformat(to),) * 2
    assert do(rebill, subscription).document_id is None
    shop.run(date(2026, 5, 16))
    assert len(shop.all(Document, Document.kind == "invoice")) == 2
    on(date.fromisoformat(to))
    shop.run(date.fromisoformat(to))
    assert shop.lines(subscription)[-1][1:4:2] == (date.fromisoformat(to), 3000)
    in_order()


def test_a_season_ends_so_much_later(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    season = shop.plan("season", 3000, proration="extend", fixed_term="2 months")
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    assert changes(subscription, plan="season").days == 20
    row = shop.get(Subscription, subscription)
    assert (row.plan_id, row.service_ends_on) == (season[0], date(2026, 7, 6))
    assert changes(subscription, plan="gold").days == 0
    assert shop.get(Subscription, subscription).service_ends_on is None


def test_days_that_were_not_added_are_found_by_the_proof(shop):
    basic, _ = plans(shop, basic=1000, gold=3000)
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    changes(subscription, plan="gold")
    (row,) = shop.all(FreeTime)
    shop.change(FreeTime, row.id, ends_on=row.ends_on - 3 * DAY)
    assert "3 days that changes add are missing" in [one.what for one in verify_billing().faults]


def upgraded(shop, collection="manual", **customer):
    """Basic, 10.00, is paid for April. Staff change it to gold, 30.00, on the 16th."""
    basic, _ = plans(shop, basic=1000, gold=3000)
    subscription = shop.subscribe(shop.customer(**{"credit_minor": 1200, **customer}), basic, due=APR)
    shop.run(APR)
    shop.change(Subscription, subscription, collection=collection)
    on(date(2026, 4, 16))
    return subscription, changes(subscription, plan="gold")


def follow(shop):
    jobs = shop.all(Job, Job.kind == "subscriptions.follow_days", Job.state == "queued")
    assert len(jobs) == 1
    KINDS["subscriptions.follow_days"].run(SYSTEM, jobs[0].args)
    in_order()


def test_what_was_paid_before_comes_at_once_and_the_rest_with_its_money(shop):
    subscription, done = upgraded(shop)
    # 10.00 × 15/30 of basic at 1.00 a day; 30.00 × 15/30 of gold are not paid yet
    assert (done.total_minor, done.days, done.runs_until) == (3600, 5, "2026-05-06")
    assert ends(shop, subscription) == (MAY_6, MAY_6, datetime(2026, 5, 9, tzinfo=UTC))
    on(date(2026, 4, 20))
    pay(done.document_id, 1600)
    assert not shop.all(Job, Job.kind == "subscriptions.follow_days")
    pay(done.document_id, 2000)
    follow(shop)
    assert ends(shop, subscription) == (MAY_21, MAY_21, datetime(2026, 5, 24, tzinfo=UTC))


def test_who_pays_late_gets_them_from_that_day_on(shop):
    subscription, done = upgraded(shop)
    on(MAY_6)
    do(lapse)
    assert shop.get(Subscription, subscription).state == "expired"
    on(date(2026, 5, 20))
    pay(done.document_id, 3600)
    follow(shop)
    row = shop.get(Subscription, subscription)
    assert (row.state, row.paid_through) == ("active", date(2026, 6, 4))  # fifteen days


def test_days_that_have_come_stay_when_the_money_is_charged_back(shop):
    subscription, done = upgraded(shop)
    pay(done.document_id, 3600)
    follow(shop)
    do(charge_back, shop.all(Payment)[-1].id, 3600, "case-1")
    in_order()
    assert ends(shop, subscription)[:2] == (MAY_21, MAY_21)


@pytest.mark.parametrize("who", [{"credit_minor": 4800}, {"collection": "auto", "card": False}])
def test_who_has_the_money_here_or_is_trusted_has_them_at_once(shop, who):
    _, done = upgraded(shop, **who)
    assert (done.days, done.runs_until) == (20, "2026-05-21")


def test_who_pays_it_with_a_card_that_is_kept_has_the_days(shop):
    subscription, done = upgraded(shop)
    with writing(SYSTEM) as tx:
        paid = Money(3600, "EUR")
        attempt = new_attempt(tx, tx.session.get_one(Document, done.document_id), shop.cards_id, paid)
        kept = SavedMethod("tok_1", "Card")
        apply_outcome(tx, attempt, Outcome(AttemptState.SUCCEEDED, "ch_1", paid, method=kept))
    assert shop.get(Subscription, subscription).collection == "auto"
    follow(shop)
    assert ends(shop, subscription)[:2] == (MAY_21, MAY_21)


def test_who_is_charged_by_itself_before_it_is_paid_has_them_then(shop):
    subscription, _ = upgraded(shop)
    do(set_auto_renew, subscription, True)
    follow(shop)
    assert ends(shop, subscription)[:2] == (MAY_21, MAY_21)
