"""Users renewed by themselves where one of them can't be: whom it keeps back, when it is tried again, what is told.

A month of `basic` takes 10.00 credits; those bought on 22 November, end on 22 December unless told.
"""

from datetime import date
from threading import Thread

import pytest
from reseller_shop import open_reseller_shop
from sqlalchemy import select

from billhead.actions.health._health import quick_checks
from billhead.actions.resellers._renewing_alone import BROKEN
from billhead.actions.resellers.renew_by_itself import renew_by_itself
from billhead.actions.resellers.set_renewals import set_renewals
from billhead.actions.resellers.set_user_renewal import set_user_renewal
from billhead.db import writing
from billhead.domain.context import Context
from billhead.jobs.kinds import KINDS
from billhead.models.catalogue import Plan, Price
from billhead.models.panels import PanelBouquet
from billhead.models.people import Customer
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Service, Subscription

JOBS = Context.system("jobs")


@pytest.fixture
def shop(operator):
    return open_reseller_shop(operator)


def added(shop, **more):
    one = shop.add("baltic", **more)
    with writing(shop.acting("baltic")) as tx:
        set_user_renewal(tx, one.subscription_id, True)
    return one.subscription_id


def hour(shop):
    KINDS["resellers.renew_due"].run(JOBS, {})
    shop.operator.work()


def until(shop, *these):
    return [str(shop.subscription(one).paid_through) for one in these]


def why(shop, one):
    (row,) = shop.rows(select(CreditRenewal).where(CreditRenewal.subscription_id == one))
    return row.why


def ends(shop, one, day):
    shop.operator.change(Subscription, one, paid_through=day, billed_through=day)


def test_one_without_a_price_in_credits_takes_no_credits_from_the_next(shop):
    shop.grant("baltic", "32.50")
    anna, bob = added(shop, addons=["sport"]), added(shop)
    shop.operator.work()
    (sport,) = shop.rows(select(Price).join(Plan).where(Plan.code == "sport"))
    shop.operator.change(Price, sport.id, credit_minor=None)
    ends(shop, anna, date(2026, 12, 21))  # she comes first, and 10.00 are left
    shop.operator.wait(days=28)
    hour(shop)
    assert until(shop, anna, bob) == ["2026-12-21", "2027-01-22"]
    assert (why(shop, anna), why(shop, bob)) == ("term: Sport has no price in credits for 1 month", "")
    assert shop.wallet("baltic") == ("0.00", "0.00", "32.50")


def test_one_that_was_refused_comes_after_those_that_were_not(shop):
    shop.grant("baltic", "30.00")
    anna, bob = added(shop), added(shop)
    shop.operator.work()
    shop.operator.change(Service, shop.lines(anna)[0].id, lifecycle="gone")
    ends(shop, anna, date(2026, 12, 21))
    shop.operator.wait(days=28)
    hour(shop)  # nobody knows yet that she can't be renewed
    assert (why(shop, anna), why(shop, bob)) == (
        "this subscription has no line any more",
        "there are not enough credits",
    )
    hour(shop)
    assert until(shop, anna, bob) == ["2026-12-21", "2027-01-22"]
    assert shop.wallet("baltic") == ("0.00", "0.00", "30.00")


def test_who_ends_first_comes_first_also_where_there_are_many(shop, monkeypatch):
    monkeypatch.setattr("billhead.actions.resellers.plan_due_renewals._BATCH", 1)
    shop.grant("baltic", "50.00")
    first, second, ends_first = added(shop), added(shop), added(shop)
    shop.operator.work()
    ends(shop, ends_first, date(2026, 12, 21))
    shop.operator.wait(days=28)
    hour(shop)  # 20.00 are left: two of the three
    assert until(shop, first, second, ends_first) == ["2027-01-22", "2026-12-22", "2027-01-21"]
    assert why(shop, second) == "there are not enough credits"


def test_one_that_breaks_keeps_nobody_back(shop, monkeypatch, caplog):
    def renew(tx, one):
        return renew_by_itself(tx, one) if one != broken else {}[one]

    monkeypatch.setattr("billhead.jobs.shops.renew_by_itself", renew)
    shop.grant("baltic", "50.00")
    broken, well = added(shop), added(shop)
    shop.operator.work()
    shop.operator.wait(days=28)
    hour(shop)
    assert until(shop, broken, well) == ["2026-12-22", "2027-01-22"]
    assert f"subscription {broken} could not be renewed by itself" in caplog.text


def test_one_that_breaks_keeps_no_credits_from_the_next_and_is_tried_later_and_later(shop, monkeypatch):
    def renew(tx, one):
        renewed = renew_by_itself(tx, one)
        return renewed if one != broken else {}[renewed]  # the credits are held by then

    monkeypatch.setattr("billhead.jobs.shops.renew_by_itself", renew)
    shop.grant("baltic", "30.00")
    broken, well = added(shop), added(shop)
    shop.operator.work()
    ends(shop, broken, date(2026, 12, 21))  # it comes first, and 10.00 are left
    shop.operator.wait(days=27)
    hour(shop)  # nobody knows yet that it breaks
    assert shop.wallet("baltic") == ("10.00", "0.00", "20.00")
    assert (why(shop, broken), why(shop, well)) == (BROKEN, "")
    (look,) = [one for one in quick_checks(["renewals"]) if one.state == "warn"]
    assert look.says == f"subscription {broken} could not be renewed from credits: 1 fault in a row"
    assert dict(look.args) == {"key": broken}
    shop.operator.wait(days=1)
    hour(shop)
    assert until(shop, broken, well) == ["2026-12-21", "2027-01-22"]
    assert shop.wallet("baltic") == ("0.00", "0.00", "30.00")
    shop.grant("baltic", "10.00")
    tries = []
    for _ in range(6):
        hour(shop)
        (row,) = shop.rows(select(CreditRenewal).where(CreditRenewal.subscription_id == broken))
        tries.append(row.failures)
        shop.operator.wait(hours=1)
    # again in the first hour for which there are credits, four hours later, …
    assert tries == [2, 2, 3, 3, 3, 3]
    monkeypatch.undo()
    shop.operator.wait(hours=2)
    hour(shop)
    assert until(shop, broken) == ["2027-01-21"]
    assert why(shop, broken) == ""
    assert [one.state for one in quick_checks(["renewals"])] == ["ok"]
    assert shop.faults() == []


def test_killed_in_the_middle_it_is_renewed_once(shop, monkeypatch):
    class Killed(BaseException):
        """Nothing catches the end of a process."""

    def renew(tx, one):
        renew_by_itself(tx, one)
        raise Killed

    shop.grant("baltic", "50.00")
    one, other = added(shop), added(shop)
    shop.operator.work()
    shop.operator.wait(days=28)
    with monkeypatch.context() as broken:
        broken.setattr("billhead.jobs.shops.renew_by_itself", renew)
        with pytest.raises(Killed):
            hour(shop)
    assert shop.wallet("baltic") == ("30.00", "0.00", "20.00")
    hour(shop)
    hour(shop)
    assert until(shop, one, other) == ["2027-01-22", "2027-01-22"]
    assert shop.wallet("baltic") == ("10.00", "0.00", "40.00")
    assert shop.faults() == []


def test_nobody_is_renewed_whose_payer_turns_it_off_at_the_same_moment(shop):
    shop.grant("baltic", "50.00")
    anna = added(shop)
    shop.operator.work()
    shop.operator.wait(days=28)
    said = []

    def renew():
        with shop.operator.app.app_context(), writing(JOBS) as tx:
            said.append(renew_by_itself(tx, anna).credits_minor)

    renewing = Thread(target=renew)
    with writing(shop.acting("baltic")) as tx:
        set_renewals(tx, shop.known["baltic"], False, present=True)
        renewing.start()
        renewing.join(1.5)
    renewing.join(60)
    assert said == [0]
    assert until(shop, anna) == ["2026-12-22"]
    assert shop.wallet("baltic") == ("40.00", "0.00", "10.00")


def test_a_renewal_by_hand_ends_what_was_told_of_the_automatic_one(shop):
    shop.grant("baltic", "10.00")
    anna = added(shop)
    shop.operator.work()
    shop.operator.wait(days=28)
    hour(shop)
    assert why(shop, anna) == "there are not enough credits"
    shop.grant("baltic", "10.00")
    shop.renew(anna, shop.acting("baltic"))
    assert until(shop, anna) == ["2027-01-22"]
    assert why(shop, anna) == ""


def test_what_a_panel_refuses_is_tried_on_its_customers_next_day(shop):
    shop.grant("baltic", "50.00")
    anna = added(shop, addons=["sport"])
    shop.operator.work()
    sport = select(PanelBouquet).where(
        PanelBouquet.panel_id == shop.operator.panels["xtream"],
        PanelBouquet.bouquet_id == shop.operator.bouquets["sport"],
    )
    shop.operator.change(PanelBouquet, shop.rows(sport)[0].id, remote="not-a-number")
    shop.operator.change(Customer, shop.subscription(anna).customer_id, zone="Pacific/Kiritimati")
    shop.operator.wait(days=27)  # it is 2 in the morning of 20 December there
    tried = [(1250, "captured")]
    for hours in (0, 1, 20.5):  # half past eleven in the evening
        shop.operator.wait(hours=hours)
        hour(shop)
        assert shop.holds("baltic") == [*tried, (1250, "released")]
    shop.operator.wait(hours=1)
    hour(shop)
    assert shop.holds("baltic") == [*tried, (1250, "released"), (1250, "released")]
    assert until(shop, anna) == ["2026-12-22"]
