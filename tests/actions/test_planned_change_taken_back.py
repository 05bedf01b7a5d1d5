"""A change that is planned, or taken back, where plans last for so long only: the end of one goes,another comes."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._limits import limit_time
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.transfer import transfer
from billhead.db import reading, writing
from billhead.domain.errors import Conflict
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription, SubscriptionChange

MONTHS = [date(2026, month, 1) for month in (4, 5, 6, 7, 8)]


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def on(day: date):
    return clock.business_time(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))


def test_the_plan_that_follows_is_billed_alone(shop):
    """Three months for 5.00, then 15.00. On 10 April she plans a downgrade to 3.00, and keeps what she has."""
    with on(MONTHS[0]):
        after = shop.plan("after", 1500)
        intro = shop.plan("intro", 500, fixed_term="3 months", then_plan_id=after[0])
        shop.plan("mini", 300)
        sold = shop.subscribe(shop.customer(credit_minor=90000), intro, due=MONTHS[0])
        with writing(SYSTEM) as tx:
            row = tx.session.get_one(Subscription, sold)
            limit_time(tx.session, row, tx.session.get_one(Plan, intro[0]), MONTHS[0])
        shop.run(MONTHS[0])
    with on(date(2026, 4, 10)), writing(SYSTEM) as tx:
        change(tx, ChangeWish(sold, plan="mini"))
        keep(tx, sold)
    for day in MONTHS[1:]:
        with on(day):
            shop.run(day)
            with writing(SYSTEM) as tx:
                begin_scheduled(tx)
    with reading() as session:
        billed = session.execute(
            select(Document.issued_on, Document.net_minor).where(Document.kind == "invoice").order_by(Document.id)
        ).all()
    # without taking back rightly, July and August would be 500 + 1500
    assert [tuple(one) for one in billed] == list(zip(MONTHS, (500, 500, 500, 1500, 1500), strict=True))


APR, MAY, JUN, JUL = MONTHS[:4]
MID_MAY, MID_JUN = date(2026, 5, 15), date(2026, 6, 15)


def act(verb, *args, **named):
    with writing(SYSTEM) as tx:
        return verb(tx, *args, **named)


def sold_in_april(shop, plan, **more):
    with on(APR):
        sold = shop.subscribe(shop.customer(credit_minor=90000), plan, due=APR, **more)
        with writing(SYSTEM) as tx:
            limit_time(tx.session, tx.session.get_one(Subscription, sold), tx.session.get_one(Plan, plan[0]), APR)
        shop.run(APR)
    return sold


def lived_until(shop, sold, *days):
    """What was invoiced: (from, to, net)."""
    for day in days:
        with on(day):
            shop.run(day)
            act(begin_scheduled)
            act(lapse)
    assert verify_billing().faults == []
    return [(start, end, net) for _, start, end, net, _ in shop.lines(sold)]


def test_the_end_of_a_season_goes_with_its_plan(shop):
    """The season ends on 15 May. She plans the year-round plan from May on, and is not stopped in the middle of it."""
    season = shop.plan("season", 3000, season_ends_on=MID_MAY)
    shop.plan("tv", 1500)
    sold = sold_in_april(shop, season)
    with on(date(2026, 4, 10)):
        act(change, ChangeWish(sold, plan="tv"))
        row = shop.get(Subscription, sold)
        assert (row.service_ends_on, row.billing_ends_on) == (None, None)
    assert lived_until(shop, sold, MAY, MID_MAY, JUN) == [(APR, MAY, 3000), (MAY, JUN, 1500), (JUN, JUL, 1500)]
    assert shop.get(Subscription, sold).state == "active"


def test_a_planned_plan_ends_when_its_own_time_is_over(shop):
    """A season pass from May on, until 15 June: June is billed for 14 of its 30 days, and then it is over."""
    tv = shop.plan("tv", 6000)
    shop.plan("season", 3000, season_ends_on=MID_JUN)
    sold = sold_in_april(shop, tv)
    with on(date(2026, 4, 10)):
        act(change, ChangeWish(sold, plan="season"))
    found = lived_until(shop, sold, MAY, JUN, MID_JUN, JUL)
    assert found == [(APR, MAY, 6000), (MAY, JUN, 3000), (JUN, MID_JUN, 1400)]
    assert shop.get(Subscription, sold).state == "canceled"


def test_a_fixed_term_counts_from_the_day_of_the_planned_change_and_another_plan_follows(shop):
    tv = shop.plan("tv", 6000)
    after = shop.plan("after", 1500)
    shop.plan("intro", 500, fixed_term="2 months", then_plan_id=after[0])
    sold = sold_in_april(shop, tv)
    with on(date(2026, 4, 10)):
        act(change, ChangeWish(sold, plan="intro", when="end_of_term"))
    nets = [net for _, _, net in lived_until(shop, sold, *MONTHS[1:])]
    assert nets == [6000, 500, 500, 1500, 1500]
    assert shop.get(Subscription, sold).plan_id == after[0]


@pytest.mark.parametrize("then", ["keep", "cancel and keep"])
def test_taken_back_a_planned_change_leaves_the_season_its_end(shop, then):
    season = shop.plan("season", 3000, season_ends_on=MID_MAY)
    after = shop.plan("after", 1500)
    shop.plan("intro", 500, fixed_term="2 months", then_plan_id=after[0])
    sold = sold_in_april(shop, season)
    with on(date(2026, 4, 10)):
        act(change, ChangeWish(sold, plan="intro", when="end_of_term"))
        if then == "cancel and keep":
            act(cancel, sold, "end_of_term")
        act(keep, sold)
        row = shop.get(Subscription, sold)
        assert (row.service_ends_on, row.billing_ends_on) == (MID_MAY, MID_MAY)
    found = lived_until(shop, sold, MAY, MID_MAY, JUN)
    assert found == [(APR, MAY, 3000), (MAY, MID_MAY, 1355)]  # 30.00 × 14/31
    assert shop.get(Subscription, sold).state == "canceled"


def test_what_follows_may_last_for_a_while_only_too(shop):
    """A month for 5.00, then 15.00 for two months, and then nothing."""
    after = shop.plan("after", 1500, fixed_term="2 months")
    sold = sold_in_april(shop, shop.plan("intro", 500, fixed_term="1 month", then_plan_id=after[0]))
    assert [net for _, _, net in lived_until(shop, sold, *MONTHS[1:])] == [500, 1500, 1500]
    assert shop.get(Subscription, sold).state == "canceled"


@pytest.mark.parametrize("when", ["immediate", "end_of_term"])
def test_another_screen_keeps_what_follows(shop, when):
    """Two months for 5.00, then 15.00; a screen for 2.00 from the tenth of April, or from May on."""
    after = shop.plan("after", 1500)
    intro = shop.plan("intro", 500, fixed_term="2 months", then_plan_id=after[0])
    shop.plan("screen", 300, kind="connection", details={"plans": ["intro", "after"], "max_units": 3})
    sold = sold_in_april(shop, intro)
    with on(date(2026, 4, 11)):
        act(change, ChangeWish(sold, addons=(AddOnOrder("screen", 1),), when=when))
    found = lived_until(shop, sold, *MONTHS[1:4])
    now = [(date(2026, 4, 11), MAY, 200)] if when == "immediate" else []  # 3.00 × 20/30
    months = [(MAY, JUN, 500), (MAY, JUN, 300), (JUN, JUL, 300), (JUN, JUL, 1500)]
    assert sorted(found) == sorted([(APR, MAY, 500), *now, *months, (JUL, MONTHS[4], 300), (JUL, MONTHS[4], 1500)])
    assert shop.get(Subscription, sold).plan_id == after[0]


@pytest.fixture
def downgraded(shop):
    """30.00 a month, and 10.00 from May on; on 1 May that is billed, and the hourly job has not come to it yet."""
    shop.plan("basic", 1000)
    sold = sold_in_april(shop, shop.plan("gold", 3000))
    with on(date(2026, 4, 10)):
        act(change, ChangeWish(sold, plan="basic"))
    with on(MAY):
        shop.run(MAY)
    assert shop.lines(sold)[-1][1:4] == (MAY, JUN, 1000)
    return sold


def planned(shop, sold):
    return [one.state for one in shop.all(SubscriptionChange, SubscriptionChange.subscription_id == sold)]


def test_who_cancels_on_the_day_of_a_planned_change_has_the_new_plan_and_pays_no_more_for_it(shop, downgraded):
    with on(MAY):
        done = act(cancel, downgraded, "end_of_term")
    assert (done.document_id, done.total_minor) == (None, 0)
    assert planned(shop, downgraded) == ["done"]
    assert lived_until(shop, downgraded, JUN) == [(APR, MAY, 3000), (MAY, JUN, 1000)]
    row, basic = shop.get(Subscription, downgraded), shop.all(Plan, Plan.code == "basic")[0]
    assert (row.state, row.plan_id) == ("canceled", basic.id)


def test_a_change_whose_day_has_come_is_not_taken_back(shop, downgraded):
    with on(MAY), pytest.raises(Conflict, match="nothing is planned"):
        act(keep, downgraded)
    with on(MAY):
        assert act(transfer, downgraded, shop.customer()).charged_minor == 0
    assert lived_until(shop, downgraded, JUN)[1:] == [(MAY, JUN, 1000), (JUN, JUL, 1000)]


def test_with_a_subscription_that_ends_goes_all_that_was_planned_for_it(shop):
    """Another plan follows after two months, she leaves for good in the first; one is paused from May on and leaves."""
    after = shop.plan("after", 1500)
    intro = shop.plan("intro", 500, fixed_term="2 months", then_plan_id=after[0], details={"hold": {"max_days": 30}})
    sold, paused = sold_in_april(shop, intro), sold_in_april(shop, intro)
    with on(date(2026, 4, 10)):
        act(hold, paused, MAY, date(2026, 5, 20))
        for one in (sold, paused):
            act(cancel, one, "immediate")
            assert set(planned(shop, one)) == {"withdrawn"}
    with on(date(2026, 4, 10)), reading() as session:
        assert session.scalars(select(SubscriptionChange).where(SubscriptionChange.state == "scheduled")).all() == []
    assert [net for _, _, net in lived_until(shop, sold, MAY, JUN, JUL)] == [500]


@pytest.mark.parametrize("first", ["hold", "change"])
def test_a_planned_pause_and_a_planned_change_are_taken_back_together(shop, first):
    """On 10 April she plans a pause from the 20th on, and 10.00 from May on; in whichever order, and keeps what is."""
    shop.plan("basic", 1000)
    sold = sold_in_april(shop, shop.plan("gold", 3000, details={"hold": {"max_days": 30}}))
    asked = [(hold, sold, date(2026, 4, 20), MAY), (change, ChangeWish(sold, plan="basic"))]
    with on(date(2026, 4, 10)):
        for verb, *what in asked if first == "hold" else reversed(asked):
            act(verb, *what)
        act(keep, sold)
    assert planned(shop, sold) == ["withdrawn", "withdrawn"]
    assert lived_until(shop, sold, date(2026, 4, 20), MAY) == [(APR, MAY, 3000), (MAY, JUN, 3000)]
    assert shop.get(Subscription, sold).state == "active"


def test_a_renewal_that_was_offered_for_the_planned_plan_is_offered_anew_for_the_one_that_is_kept(shop):
    """From May on 10.00, by hand. On 28 April that is offered; then she keeps gold, and is asked for its 30.00."""
    shop.plan("basic", 1000)
    sold = sold_in_april(shop, shop.plan("gold", 3000))
    shop.change(Subscription, sold, collection="manual")
    with on(date(2026, 4, 10)):
        act(change, ChangeWish(sold, plan="basic"))
    with on(date(2026, 4, 28)):
        shop.change(Subscription, sold, next_bill_on=date(2026, 4, 28))
        shop.run(date(2026, 4, 28))
        act(keep, sold)
        shop.change(Subscription, sold, next_bill_on=date(2026, 4, 28))
        shop.run(date(2026, 4, 28))
        offers = shop.all(Document, Document.kind == "proforma")
        assert [(one.net_minor, one.state) for one in offers] == [(1000, "void"), (3000, "open")]
        act(settle_proforma, offers[1].id)
    assert lived_until(shop, sold) == [(APR, MAY, 3000), (MAY, JUN, 3000)]
