"""Whose time on credits ends is told by the reseller's name, and the reseller reads who ends within a week.

What is bought on 22 November 2026 is paid through 21 December; a trial week through 28 November.
"""

from datetime import UTC, datetime

import pytest
from reseller_shop import open_reseller_shop
from sqlalchemy import event, select

from billhead import clock
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.resellers.set_told_before import set_told_before
from billhead.actions.resellers.set_user_renewal import set_user_renewal
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound, NoticeRejected
from billhead.jobs.kinds import KINDS
from billhead.jobs.schedule import PERIODIC
from billhead.models.notices import NoticeChoice
from billhead.models.operations import Notice
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import CreditRenewal
from billhead.models.sellers import Seller
from billhead.models.shops import Shop

JOBS = Context.system("jobs")


@pytest.fixture
def shop(operator):
    return open_reseller_shop(operator)


def at(day, hour=8, month=12):
    return clock.business_time(datetime(2026, month, day, hour, tzinfo=UTC))


def work(day, *hours, month=12):
    for hour in hours or (8,):
        with at(day, hour, month):
            KINDS["resellers.tell_ending"].run(JOBS, {})


def user(shop, name="Anna", who="baltic", plan="basic", **more):
    return shop.add(who, plan, name=name, email=f"{name.lower()}@example.com", **more)


def told(shop, kind="line_ending"):
    return shop.rows(select(Notice).where(Notice.kind == kind).order_by(Notice.id))


def said(notice):
    """What it says now, or why it does not."""
    with reading() as session:
        one = session.get_one(Notice, notice.id)
        return render(one.kind, gather(session, one))


def before(shop, days, who="baltic"):
    with writing(shop.acting(who)) as tx:
        set_told_before(tx, shop.known[who], days)


def test_three_days_before_in_the_morning_and_once_for_each_end(shop):
    shop.grant("baltic", "100.00")
    anna = user(shop)
    shop.add("baltic", name="Nameless")  # nobody knows how to reach them
    shop.operator.work()
    work(18, 8, 23)
    work(19, 7)
    assert told(shop) == []
    work(19, 8, 9)
    work(20)
    (notice,) = told(shop)
    assert (notice.customer_id, notice.recipient) == (anna.customer_id, "anna@example.com")
    shop.operator.change(Reseller, shop.known["baltic"], contact="WhatsApp +358 40 123")
    with at(19):
        letter = said(notice)
    assert letter.subject == "Basic ends on 21 December 2026"
    for words in ("Hello Anna", "ask Baltic to renew it", "WhatsApp +358 40 123"):
        assert words in letter.text
    with at(20):
        shop.renew(anna.subscription_id, shop.acting("baltic"))
        with pytest.raises(NoticeRejected, match="was put off or is over"):
            said(notice)
    work(21)
    assert len(told(shop)) == 1
    with at(19, month=1), pytest.raises(NoticeRejected):
        said(notice)
    with clock.business_time(datetime(2027, 1, 19, 8, tzinfo=UTC)):
        KINDS["resellers.tell_ending"].run(JOBS, {})
    assert [one.data["ends_on"] for one in told(shop)] == ["2026-12-22", "2027-01-22"]
    assert [one.every.seconds for one in PERIODIC if one.kind == "resellers.tell_ending"] == [3600]


def test_the_morning_is_the_users(shop):
    shop.grant("baltic", "100.00")
    added = user(shop, zone="Pacific/Honolulu")  # ten hours behind
    shop.operator.work()
    work(19, 8, 17)
    assert told(shop) == []
    work(19, 18)
    assert [one.customer_id for one in told(shop)] == [added.customer_id]


def test_a_shop_speaks_where_there_is_one(shop):
    shop.grant("baltic", "100.00")
    user(shop)
    shop.operator.work()
    with writing(JOBS) as tx:
        for one in tx.session.scalars(select(Reseller)):  # who is above must have the right as well
            one.rights = {**one.rights, "own_shop": True}
        own = Seller(code="tv", name="Baltic Television", legal_name="Baltic OÜ", country="FI", currency="EUR")
        tx.session.add(own)
        tx.session.flush()
        tx.session.add(Shop(seller_id=own.id, reseller_id=shop.known["baltic"], opened_at=clock.now()))
    work(19)
    (notice,) = told(shop)
    with at(19), reading() as session:
        facts = gather(session, session.get_one(Notice, notice.id))
    assert facts["seller"] == facts["line"]["keeper"] == "Baltic Television"


def test_the_reseller_says_how_early_or_not_at_all(shop):
    shop.grant("baltic", "100.00")
    shop.grant("gulf", "100.00")
    user(shop)
    bob = user(shop, "Bob", "gulf")
    shop.operator.work()
    before(shop, 0)
    before(shop, 5, "gulf")
    work(16)
    assert told(shop) == []
    work(17)
    work(21)
    assert [one.customer_id for one in told(shop)] == [bob.customer_id]
    before(shop, 0, "gulf")
    with at(18), pytest.raises(NoticeRejected, match="does not want"):
        said(told(shop)[0])
    for days in (-1, 31):
        with pytest.raises(InvalidInput, match="from 0 to 30"):
            before(shop, days)
    with pytest.raises(NotFound), writing(shop.acting("gulf")) as tx:
        set_told_before(tx, shop.known["baltic"], 1)


def test_who_is_renewed_alone_or_canceled_is_not_told_and_a_trial_is(shop):
    shop.grant("baltic", "100.00")
    alone, left, trial = user(shop), user(shop, "Left"), user(shop, "Trial", plan="week", trial=True)
    shop.operator.work()
    for one in (alone, trial):
        with writing(shop.acting("baltic")) as tx:
            set_user_renewal(tx, one.subscription_id, True)
    with writing(JOBS) as tx:
        cancel(tx, left.subscription_id, "end_of_term")
    work(26, month=11)
    assert [one.customer_id for one in told(shop)] == [trial.customer_id]
    work(20)
    assert len(told(shop)) == 1
    with writing(JOBS) as tx:  # it was tried, and there were too few credits
        tx.session.get_one(CreditRenewal, alone.subscription_id).why = "there are not enough credits"
    work(20, 9)
    assert [one.customer_id for one in told(shop)] == [trial.customer_id, alone.customer_id]


def test_the_reseller_reads_each_morning_who_ends_within_a_week(shop):
    shop.grant("baltic", "45.00")
    shop.grant("gulf", "10.00")
    anna, pair = user(shop), user(shop, "Pair", plan="pair", mac="00:1A:79:AA:BB:01")
    alone = user(shop, "Alone")
    user(shop, "Greta", "gulf")
    shop.operator.work()
    with writing(shop.acting("baltic")) as tx:
        set_user_renewal(tx, alone.subscription_id, True)
    shop.operator.change(Reseller, shop.known["gulf"], suspended=True)
    work(14)
    work(15, 7)
    assert told(shop, "users_ending") == []
    work(15, 8, 20)
    (notice,) = told(shop, "users_ending")
    assert notice.data == {"reseller_id": shop.known["baltic"]}
    with at(15):
        letter = said(notice)
    assert letter.subject == "Users whose time ends within 7 days: 2"
    for words in (
        "Anna: Basic, 21 December 2026",
        "Pair: Pair, 21 December 2026",
        "renewing them takes: 26.00",
        "others takes within these days: 10.00",
        "you have: 9.00",
        "/reseller/users?show=ending",
    ):
        assert words in letter.text
    for other in ("Alone", "Greta", "More of them"):
        assert other not in letter.text
    work(16)
    assert len(told(shop, "users_ending")) == 2
    shop.grant("baltic", "26.00")
    with at(16):
        for one in (anna, pair):
            shop.renew(one.subscription_id, shop.acting("baltic"))
        with pytest.raises(NoticeRejected, match="within these days any more"):
            said(notice)
    work(17)
    assert len(told(shop, "users_ending")) == 2


def test_it_can_be_had_in_the_mail_of_the_day_or_not_at_all(shop):
    shop.grant("baltic", "100.00")
    user(shop)
    shop.operator.work()
    own = shop.rows(select(Customer.id).where(Customer.buys_for_reseller_id == shop.known["baltic"]))[0]
    for often in ("daily", "off"):
        with writing(JOBS) as tx:
            tx.session.merge(NoticeChoice(customer_id=own, often={"users_ending": often}, changed_at=clock.now()))
        work(15 if often == "daily" else 16)
        assert [one.state for one in told(shop, "users_ending")] == ["held"]


def test_as_many_queries_for_many_who_were_told_as_for_one(shop):
    shop.grant("baltic", "500.00")
    user(shop)
    shop.operator.work()
    work(20)
    one = queries()
    for number in range(6):
        user(shop, f"Viewer{number}")
    shop.operator.work()
    work(20)
    assert len(told(shop)) == 7
    assert queries() == one


def queries():
    asked = []

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        work(20, 10)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(asked)
