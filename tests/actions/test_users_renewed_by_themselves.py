"""Users renewed from credits without anybody asking: two days before the end, once, and never without the credits."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from reseller_shop import open_reseller_shop
from sqlalchemy import event, select

from billhead.actions.resellers.move_users import move_users
from billhead.actions.resellers.plan_due_renewals import plan_due_renewals
from billhead.actions.resellers.renew_by_itself import renew_by_itself
from billhead.actions.resellers.set_renewals import set_renewals
from billhead.actions.resellers.set_user_renewal import set_user_renewal
from billhead.db import db, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, NotFound
from billhead.models.credits import CreditMovement
from billhead.models.operations import Notice
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription, SubscriptionEvent

JOBS = Context.system("jobs")


@pytest.fixture
def shop(operator):
    return open_reseller_shop(operator)


def switch(shop, added, on=True, who="baltic"):
    with writing(shop.acting(who)) as tx:
        set_user_renewal(tx, added.subscription_id, on)


def hour(shop):
    """What the hourly job does; returns how many were renewed."""
    with writing(JOBS) as tx:
        due = plan_due_renewals(tx)
    done = []
    for key in due.renewable:
        with writing(JOBS) as tx:
            done.append(renew_by_itself(tx, key))
    shop.operator.work()
    return sum(1 for one in done if not one.why and one.credits_minor)


def turned_on(shop):
    return sorted(row.subscription_id for row in shop.rows(select(CreditRenewal)))


def until(shop, added):
    return str(shop.subscription(added.subscription_id).paid_through)


def test_two_days_before_the_end_it_is_renewed_once(shop):
    shop.grant("baltic", "100.00")
    anna, bob = shop.add("baltic", name="Anna"), shop.add("baltic", name="Bob")
    shop.operator.work()
    assert shop.wallet("baltic") == ("80.00", "0.00", "20.00")
    switch(shop, anna)
    shop.operator.wait(days=27)  # 19 December: three days are left
    assert hour(shop) == 0
    shop.operator.wait(days=1)  # two
    assert hour(shop) == 1
    assert hour(shop) == 0
    assert (until(shop, anna), until(shop, bob)) == ("2027-01-22", "2026-12-22")
    assert shop.wallet("baltic") == ("70.00", "0.00", "30.00")
    assert "automatic renewal" in {row.reason for row in shop.rows(select(CreditMovement))}
    kinds = [row.kind for row in shop.rows(select(SubscriptionEvent).order_by(SubscriptionEvent.id))]
    assert "renewal_on" in kinds
    assert shop.faults() == []


def test_too_few_credits_renew_nobody_and_the_reseller_is_told_once_a_day(shop):
    shop.grant("baltic", "35.00")
    anna, bob = shop.add("baltic", name="Anna"), shop.add("baltic", name="Bob")
    shop.operator.work()
    for one in (anna, bob):
        switch(shop, one)
    shop.operator.wait(days=28)
    assert hour(shop) == 1  # 15.00 are left: one of the two
    assert hour(shop) == 0
    assert shop.wallet("baltic") == ("5.00", "0.00", "30.00")
    assert sorted([until(shop, anna), until(shop, bob)]) == ["2026-12-22", "2027-01-22"]
    (told,) = shop.rows(select(Notice).where(Notice.kind == "renewals_short"))
    assert told.data == {"reseller_id": shop.known["baltic"]}
    assert [row.why for row in shop.rows(select(CreditRenewal).where(CreditRenewal.why != ""))] == [
        "there are not enough credits"
    ]
    # they come in time, and it is renewed by itself
    shop.grant("baltic", "10.00")
    assert hour(shop) == 1
    assert (until(shop, anna), until(shop, bob)) == ("2027-01-22", "2027-01-22")
    assert shop.rows(select(CreditRenewal).where(CreditRenewal.why != "")) == []


def test_one_that_is_too_dear_does_not_keep_a_cheaper_one_back(shop):
    shop.grant("baltic", "34.50")
    dear, cheap = shop.add("baltic", addons=["sport"]), shop.add("baltic")  # 12.50 and 10.00
    shop.operator.work()
    for one in (dear, cheap):
        switch(shop, one)
    shop.operator.wait(days=28)
    assert hour(shop) == 1  # 12.00 are left
    assert (until(shop, dear), until(shop, cheap)) == ("2026-12-22", "2027-01-22")


def test_the_last_credits_renew_one_however_many_ask_at_once(shop):
    shop.grant("baltic", "30.00")
    added = [shop.add("baltic", name=f"Viewer {number}") for number in range(2)]
    shop.operator.work()
    for one in added:
        switch(shop, one)
    shop.operator.wait(days=28)

    def renew(one):
        with shop.operator.app.app_context(), writing(JOBS) as tx:
            return renew_by_itself(tx, one.subscription_id).why

    with ThreadPoolExecutor(4) as pool:
        whys = sorted(pool.map(renew, [*added, *added]))
    assert whys.count("there are not enough credits") >= 1
    shop.operator.work()
    assert sorted(until(shop, one) for one in added) == ["2026-12-22", "2027-01-22"]
    assert shop.wallet("baltic") == ("0.00", "0.00", "30.00")
    assert shop.faults() == []


def test_a_trial_a_suspended_payer_and_who_is_moved_are_left_to_run_out(shop):
    for who in ("aurora", "baltic"):
        shop.grant(who, "100.00")
    trial = shop.add("baltic", "week", trial=True, name="Trial")
    moved, stays = shop.add("baltic", name="Moved"), shop.add("baltic", name="Stays")
    shop.operator.work()
    for one in (trial, moved, stays):
        switch(shop, one)
    with pytest.raises(NotFound):
        switch(shop, moved, who="gulf")
    with writing(shop.acting("aurora")) as tx:
        (customer,) = tx.session.scalars(select(Customer.id).where(Customer.name == "Moved"))
        move_users(tx, shop.known["baltic"], shop.known["aurora"], [customer])
    shop.operator.change(Reseller, shop.known["baltic"], suspended=True)
    shop.operator.wait(days=28)
    assert hour(shop) == 0
    assert until(shop, stays) == until(shop, moved) == "2026-12-22"
    shop.operator.change(Reseller, shop.known["baltic"], suspended=False)
    assert hour(shop) == 1  # the one that Baltic still pays
    switch(shop, moved, who="aurora")
    assert hour(shop) == 1


def test_the_default_holds_for_new_users_and_where_it_is_said_for_those_there_are(shop):
    shop.grant("baltic", "100.00")
    before = shop.add("baltic", name="Before")
    with writing(shop.acting("baltic")) as tx:
        assert set_renewals(tx, shop.known["baltic"], True).users == 0
    after = shop.add("baltic", name="After")
    assert turned_on(shop) == [after.subscription_id]
    with writing(shop.acting("baltic")) as tx:
        assert set_renewals(tx, shop.known["baltic"], True, present=True).users == 2
    assert turned_on(shop) == [before.subscription_id, after.subscription_id]
    with writing(shop.acting("baltic")) as tx:
        assert set_renewals(tx, shop.known["baltic"], False, present=True).users == 2
    assert turned_on(shop) == []
    with pytest.raises(NotFound), writing(shop.acting("gulf")) as tx:
        set_renewals(tx, shop.known["baltic"], True)


def test_what_is_paid_by_invoice_has_no_such_switch(shop):
    shop.grant("baltic", "10.00")
    added = shop.add("baltic")
    shop.operator.change(Subscription, added.subscription_id, settlement="invoice")
    with pytest.raises(Conflict, match="by invoice"):
        switch(shop, added)


def test_as_many_queries_for_many_as_for_one(shop):
    shop.grant("baltic", "500.00")
    added = [shop.add("baltic", name=f"Viewer {number}") for number in range(8)]
    shop.operator.work()
    switch(shop, added[0])
    shop.operator.wait(days=28)
    one = queries(plan)
    for rest in added[1:]:
        switch(shop, rest)
    assert queries(plan) == one


def plan():
    with writing(JOBS) as tx:
        plan_due_renewals(tx)


def queries(work):
    asked = []

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(asked)
