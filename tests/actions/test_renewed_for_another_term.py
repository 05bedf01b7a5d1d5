"""A user is renewed for another term than it has: at that term's price, from the end of what is paid, and so on.

It is 22 November 2026; Kadri has a month of Basic for 10.00 credits, to 22 December. Three months take 25.00.
"""

from datetime import date

import pytest
from reseller_shop import STAFF, open_reseller_shop
from sqlalchemy import select

from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.resellers._renewal_terms import renewal_terms
from billhead.actions.resellers.change_user import UserChange, change_user, preview_change_user
from billhead.actions.resellers.do_many import do_many, preview_do_many
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.resellers.terminate_user import preview_terminate_user
from billhead.db import Tx, reading, writing
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.panels import PanelBouquet
from billhead.models.people import Reseller
from billhead.models.resellers import UserBulkItem
from billhead.models.subscriptions import Service, SubscriptionComponent


@pytest.fixture
def shop(operator):
    shop = open_reseller_shop(operator)
    with writing(STAFF) as tx:
        book = tx.session.scalars(select(PriceBook)).one()
        plans = {plan.code: plan.id for plan in tx.session.scalars(select(Plan))}
        for code, credits in (("basic", 2500), ("gold", 5000)):
            row = {"plan_id": plans[code], "term": "3 months", "credit_minor": credits}
            tx.session.add(Price(book_id=book.id, amount_minor=1, **row))
    rights = shop.rows(select(Reseller).where(Reseller.code == "aurora"))[0].rights
    shop.operator.change(Reseller, shop.known["aurora"], rights={**rights, "sells": ["basic", "week", "gold"]})
    shop.grant("aurora", "200.00")
    return shop


@pytest.fixture
def kadri(shop):
    key = shop.add("aurora").subscription_id
    shop.operator.work()
    return key


def renewed(shop, key, term=""):
    with writing(shop.acting("aurora")) as tx:
        done = renew_user(tx, key, term)
    shop.operator.work()
    return done.credits_minor, done.paid_through


def stretches(shop, key):
    """(from, to) of each part that has ever begun, as it stands."""
    part = SubscriptionComponent
    rows = shop.rows(select(part).where(part.subscription_id == key).order_by(part.id))
    return [(str(row.starts_on), str(row.ends_on)) for row in rows if row.starts_on != row.ends_on]


def test_it_costs_what_the_term_costs_and_stays_for_the_next_one(shop, kadri):
    with reading() as session:
        terms = renewal_terms(Tx(shop.acting("aurora"), session), kadri)
    assert [(one.term, one.credits_minor, one.paid_through) for one in terms] == [
        ("1 month", 1000, "2027-01-22"), ("3 months", 2500, "2027-03-22"),
    ]  # fmt: skip
    assert renewed(shop, kadri, "3 months") == (2500, "2027-03-22")
    assert stretches(shop, kadri) == [("2026-11-22", "2026-12-22"), ("2026-12-22", "None")]
    assert renewed(shop, kadri) == (2500, "2027-06-22")  # as it is now
    assert renewed(shop, kadri, "1 month") == (1000, "2027-07-22")
    assert stretches(shop, kadri)[1:] == [("2026-12-22", "2027-06-22"), ("2027-06-22", "None")]
    assert shop.wallet("aurora") == ("130.00", "0.00", "70.00")  # 10.00 + 25.00 + 25.00 + 10.00
    assert shop.operator.only("xtream").ends.date() == date(2027, 7, 22)
    assert (shop.faults(), verify_billing().faults) == ([], [])


def test_what_has_no_price_for_it_is_not_renewed_so(shop):
    key = shop.add("aurora", addons=["sport"]).subscription_id
    shop.operator.work()
    with reading() as session:
        assert [one.term for one in renewal_terms(Tx(shop.acting("aurora"), session), key)] == ["1 month"]
    for term, error in (("3 months", NotFound), ("fortnight", InvalidInput)):
        with pytest.raises(error):
            renewed(shop, key, term)
    assert renewed(shop, key) == (1250, "2027-01-22")


def test_what_the_panel_refuses_leaves_the_term_as_it_was(shop, kadri):
    operator = shop.operator
    kids = (PanelBouquet.panel_id == operator.panels["xtream"], PanelBouquet.bouquet_id == operator.bouquets["kids"])
    operator.change(PanelBouquet, shop.rows(select(PanelBouquet).where(*kids))[0].id, remote="not-a-number")
    operator.change(Service, shop.lines(kadri)[0].id, desired_bouquets=[operator.bouquets["kids"]])
    renewed(shop, kadri, "3 months")
    subscription = shop.subscription(kadri)
    assert (subscription.term, str(subscription.paid_through)) == ("1 month", "2026-12-22")
    assert stretches(shop, kadri) == [("2026-11-22", "None")]
    assert shop.wallet("aurora") == ("190.00", "0.00", "10.00")


def test_another_plan_at_once_ends_the_later_term_before_it_begins(shop, kadri):
    renewed(shop, kadri, "3 months")
    with writing(shop.acting("aurora")) as tx:
        change_user(tx, kadri, UserChange(plan="gold", way="new_term"))
    shop.operator.work()
    # gold for three months, 50.00, from tomorrow; 29 of 30 days of 10.00 and the 25.00 are left: 9.66 + 25.00
    assert stretches(shop, kadri) == [("2026-11-22", "None")]
    assert str(shop.subscription(kadri).paid_through) == "2027-02-23"
    assert shop.wallet("aurora")[0] == "149.66"  # 200.00 − 10.00 − 25.00 − (50.00 − 34.66)
    assert (shop.faults(), verify_billing().faults) == ([], [])


def changed(shop, key, plan, pay=None):
    """(left, costs, to pay, comes back) of the unused days to the same end; done where `pay` is told."""
    wish = UserChange(plan=plan)
    with writing(shop.acting("aurora")) as tx:
        seen = preview_change_user(tx, key, wish)
        if pay is not None:
            change_user(tx, key, wish, Money(pay, CREDITS))
    shop.operator.work()
    return seen.left_minor, seen.costs_minor, seen.pay_minor, seen.back_minor


def back(shop, key):
    with writing(shop.acting("aurora")) as tx:
        return preview_terminate_user(tx, key).returned_minor


def test_each_day_is_worth_what_its_own_term_costs(shop, kadri):
    """At the rate of three months all of her 119 days would cost 32.34: 2.32 would come back for nothing changed, and
    of her month at 10.00 two thirds would have been paid."""
    renewed(shop, kadri, "3 months")
    # 29 of 30 days of 10.00, and the three months: 9.66 down, 9.67 up
    assert changed(shop, kadri, "basic") == (3466, 967 + 2500, 1, 0)
    # 20.00 × 29/30 up, and 50.00
    assert changed(shop, kadri, "gold", 3468) == (3466, 1934 + 5000, 3468, 0)
    assert shop.wallet("aurora")[0] == "130.32"  # 200.00 − 10.00 − 25.00 − 34.68
    assert (back(shop, kadri), changed(shop, kadri, "gold")) == (6934, (6934, 6934, 0, 0))
    shop.operator.wait(days=14)  # 15 of the 29 days are left
    # 19.34 × 15/29 = 10.00; basic for them is 5.00
    assert changed(shop, kadri, "basic", 0) == (6000, 3000, 0, 3000)
    assert (back(shop, kadri), shop.wallet("aurora")[0]) == (3000, "160.32")
    shop.operator.wait(days=15)  # 21 December: the month is used, and the three months are worth what they cost
    assert back(shop, kadri) == 2500
    shop.terminate(kadri, shop.acting("aurora"))
    assert shop.wallet("aurora")[0] == "185.32"
    assert (shop.faults(), verify_billing().faults) == ([], [])


def test_a_long_month_after_a_short_one_makes_no_day_cheaper(shop, kadri):
    """Of November's 30 days 20 are left on 1 December: a month from tomorrow would have 31 days, and 20 of them cost
    6.46 where 6.66 are left."""
    shop.operator.wait(days=9)
    assert changed(shop, kadri, "basic") == (666, 667, 1, 0)
    assert changed(shop, kadri, "gold") == (666, 1334, 668, 0)


def test_what_has_no_price_for_a_term_that_still_runs_is_begun_anew(shop, kadri):
    """Else the days of a month could be had at the rate of a year."""
    with writing(STAFF) as tx:
        (gold,) = tx.session.scalars(select(Price).join(Plan).where(Plan.code == "gold", Price.term == "1 month"))
        gold.withdrawn_on = date(2026, 11, 1)
    renewed(shop, kadri, "3 months")
    with pytest.raises(NotFound, match="1 month"):
        changed(shop, kadri, "gold")
    with writing(shop.acting("aurora")) as tx:
        assert preview_change_user(tx, kadri, UserChange(plan="gold", way="new_term")).pay_minor == 5000 - 3466


def test_many_are_renewed_for_it_and_who_has_no_price_is_left_out(shop, kadri):
    pair = shop.add("aurora", "week").subscription_id
    shop.operator.work()
    with writing(shop.acting("aurora")) as tx:
        planned = preview_do_many(tx, shop.known["aurora"], "renew", [kadri, pair], "3 months")
        assert (planned.done, planned.credits_minor, [key for key, _ in planned.refused]) == ((kadri,), 2500, [pair])
        with pytest.raises(InvalidInput):
            preview_do_many(tx, shop.known["aurora"], "disable", [kadri], "3 months")
        do_many(tx, shop.known["aurora"], "renew", [kadri, pair], "3 months")
    shop.operator.work()
    assert [row.state for row in shop.rows(select(UserBulkItem).order_by(UserBulkItem.id))] == ["done", "refused"]
    assert str(shop.subscription(kadri).paid_through) == "2027-03-22"
