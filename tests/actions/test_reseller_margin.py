"""What resellers earn, beside the ledger: each consumed credit counts once, on the day on which it moved.

It is 22 November 2026; a month bought then has 30 days, of which 29 are left.
"""

from datetime import date

import pytest
from reseller_shop import STAFF, open_reseller_shop, xcr
from sqlalchemy import select

from billhead.actions.resellers._rights import Rights
from billhead.actions.resellers.add_reseller import NewReseller, add_reseller
from billhead.actions.resellers.change_user import UserChange, change_user
from billhead.actions.resellers.move_users import move_users
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.resellers.save_reseller_plan import ResellerPlanEntry, save_reseller_plan
from billhead.actions.resellers.set_own_price import set_own_price
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.people import Reseller
from billhead.plugin import ReportAsked
from billhead.reports._margins import margins
from billhead.reports._source import Source
from billhead.reports.reseller_margin import REPORT

NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(operator):
    shop = open_reseller_shop(operator)
    for code in ("aurora", "baltic"):
        rights = {"sells": ["basic", "gold", "week"], "trials_per_day": 2, "terminate": True, "refund_unused": True}
        shop.operator.change(Reseller, shop.known[code], rights=rights)
    shop.grant("aurora", "100.00", cost=Money(5_000, "EUR"))
    for plan, cents in (("basic", 1_500), ("gold", 3_000)):
        with writing(shop.acting("aurora")) as tx:
            set_own_price(tx, shop.known["aurora"], plan, "1 month", Money(cents, "EUR"))
    return shop


def change(shop, subscription_id, plan, way="keep_end"):
    with writing(STAFF) as tx:
        told = change_user(tx, subscription_id, UserChange(plan=plan, way=way))
    shop.operator.work()
    return told


def rows_of(shop, since=NOVEMBER, until=JANUARY, **more):
    with reading() as session:
        found = margins(session, None, since, until, **more)
    codes = {key: code for code, key in shop.known.items()}
    return {
        (codes[row.reseller_id], row.plan): (row.purchases, row.credits_minor, row.cost_minor, row.sold_minor)
        for row in found
    }


def ties(since=NOVEMBER, to=date(2026, 12, 31)):
    with reading() as session:
        asked = ReportAsked({"from": since, "to": to, "seller": None}, to)
        return [(tie.here.minor, tie.ledger.minor) for tie in REPORT.ties(Source(session), asked)]


def test_a_change_for_which_nothing_was_paid_counts_with_what_it_took_along(shop):
    one = shop.add("aurora", "gold").subscription_id
    shop.operator.work()
    told = change(shop, one, "basic")
    # 20.00 × 29/30 = 19.33 left; 10.00 × 29/30 = 9.67 are needed: 9.66 come back, and no credit is held for it
    assert (told.pay_minor, told.back_minor) == (0, 966)
    assert shop.wallet("aurora") == ("89.66", "0.00", "10.34")
    # each credit had cost 0.50, those carried 9.67. Gold keeps 0.67 of 20.00: 30.00 × 0.67/20.00 = 1.005. Basic keeps
    # what it took, 19.33 - 9.66: that is what it costs, so it is sold for 15.00 × 29/30
    assert rows_of(shop) == {("aurora", "Gold"): (1, 67, 33, 101), ("aurora", "Basic"): (1, 967, 484, 1_450)}
    assert ties() == [(1_034, 1_034)]


def test_the_days_of_each_term_are_sold_at_its_own_price(shop):
    """A month that was renewed for three is changed: 29 of its 30 days and the three months are Gold's."""
    with writing(STAFF) as tx:
        book = tx.session.scalars(select(PriceBook).where(~PriceBook.resellers_own)).one()
        for plan, credits in (("basic", 2_500), ("gold", 5_000)):
            key = tx.session.scalars(select(Plan.id).where(Plan.code == plan)).one()
            row = Price(book_id=book.id, plan_id=key, term="3 months", amount_minor=1, credit_minor=credits)
            tx.session.add(row)
    with writing(shop.acting("aurora")) as tx:
        set_own_price(tx, shop.known["aurora"], "gold", "3 months", Money(8_000, "EUR"))
    one = shop.add("aurora").subscription_id
    shop.operator.work()
    with writing(shop.acting("aurora")) as tx:
        renew_user(tx, one, "3 months")
    shop.operator.work()
    assert change(shop, one, "gold").pay_minor == 3_468  # 19.34 and 50.00, less 9.66 and 25.00
    # 30.00 × 29/30 and 80.00
    assert rows_of(shop)["aurora", "Gold"] == (1, 6_934, 3_467, 10_900)
    assert [here for here, ledger in ties() if here == ledger] == [6_968]


def test_what_comes_back_counts_on_the_day_when_it_does(shop):
    one = shop.add("aurora").subscription_id
    shop.operator.work()
    shop.operator.wait(days=10)  # 2 December; 19 of 30 days are left
    shop.terminate(one, shop.acting("aurora"))
    # 10.00 × 19/30 = 6.33; 15.00 × 6.33/10.00 = 9.495, of which the half counts away from zero
    assert rows_of(shop, NOVEMBER, DECEMBER) == {("aurora", "Basic"): (1, 1_000, 500, 1_500)}
    assert rows_of(shop, DECEMBER, JANUARY) == {("aurora", "Basic"): (0, -633, -317, -950)}
    assert rows_of(shop) == {("aurora", "Basic"): (1, 367, 183, 551)}
    with reading() as session:
        months = [(row.month, row.credits_minor) for row in margins(session, None, NOVEMBER, JANUARY, by_month=True)]
    assert months == [(NOVEMBER, 1_000), (DECEMBER, -633)]
    assert (ties(NOVEMBER, date(2026, 11, 30)), ties(DECEMBER)) == ([(1_000, 1_000)], [(-633, -633)])


def test_credits_of_who_had_the_subscriber_before_stay_its_own(shop):
    shop.transfer("aurora", "baltic", "40.00")
    one = shop.add("aurora")
    shop.operator.work()
    with writing(STAFF) as tx:
        move_users(tx, shop.known["aurora"], shop.known["baltic"], [one.customer_id])
    told = change(shop, one.subscription_id, "gold")
    # 20.00 × 29/30 up = 19.34, less 9.66: 9.68 of Baltic's
    assert told.pay_minor == 968
    found = rows_of(shop)
    assert {key: row[:2] for key, row in found.items()} == {
        ("aurora", "Basic"): (1, 34),
        ("aurora", "Gold"): (0, 966),
        ("baltic", "Gold"): (1, 968),
    }
    assert (shop.wallet("aurora")[2], shop.wallet("baltic")[2]) == ("10.00", "9.68")
    assert ties() == [(1_968, 1_968)]


def test_what_adding_a_reseller_takes_for_good_counts_too(shop):
    shop.operator.change(Reseller, shop.known["aurora"], tier="super_reseller")
    with writing(STAFF) as tx:
        entry = ResellerPlanEntry(
            "place", "Place", "reseller", (Money(2_000, "EUR"),), xcr("5.00"), Rights(sells=("basic",)), xcr("20.00")
        )
        save_reseller_plan(tx, shop.operator.seller_id, entry)
    with writing(shop.acting("aurora")) as tx:
        wanted = NewReseller(name="Corner", email="corner@example.com", plan="place", parent_id=shop.known["aurora"])
        add_reseller(tx, shop.operator.seller_id, wanted)
    # 20.00 are taken, 5.00 of them are what it starts with
    assert shop.wallet("aurora") == ("80.00", "0.00", "15.00")
    assert rows_of(shop) == {("aurora", "Place"): (1, 1_500, 750, 0)}
    assert ties() == [(1_500, 1_500)]
    assert (
        shop.rows(select(Reseller.name).where(Reseller.parent_id == shop.known["aurora"]).order_by(Reseller.id))[-1]
        == "Corner"
    )


def own_price(shop, plan, cents):
    with writing(shop.acting("aurora")) as tx:
        set_own_price(tx, shop.known["aurora"], plan, "1 month", Money(cents, "EUR"))


def test_a_purchase_with_an_add_on_that_has_no_price_has_none_itself(shop):
    shop.add("aurora")
    shop.add("aurora", addons=["sport"])
    shop.operator.work()
    with reading() as session:
        (row,) = margins(session, None, NOVEMBER, JANUARY)
    # 10.00 and 12.50 credits, each had cost 0.50: of the one that has a price 15.00 - 5.00
    assert (row.purchases, row.priced, row.credits_minor, row.cost_minor) == (2, 1, 2_250, 1_125)
    assert (row.sold_minor, row.earned_minor) == (1_500, 1_000)
    own_price(shop, "sport", 400)
    with reading() as session:
        (row,) = margins(session, None, NOVEMBER, JANUARY)
    # 15.00 + 15.00 + 4.00, less 11.25
    assert (row.priced, row.sold_minor, row.earned_minor) == (2, 3_400, 2_275)
    assert ties() == [(2_250, 2_250)]


def test_an_add_on_that_takes_no_credits_needs_no_price(shop):
    (sport,) = shop.rows(select(Price).join(Plan).where(Plan.code == "sport"))
    shop.operator.change(Price, sport.id, credit_minor=0)
    shop.add("aurora", addons=["sport"])
    shop.operator.work()
    with reading() as session:
        (row,) = margins(session, None, NOVEMBER, JANUARY)
    assert (row.priced, row.sold_minor) == (1, 1_500)


def test_what_the_operator_asks_one_reseller_is_not_what_that_reseller_asks(shop):
    (basic,) = shop.rows(select(Plan).where(Plan.code == "basic"))
    with writing(STAFF) as tx:
        about = {"seller_id": shop.operator.seller_id, "currency": "EUR", "reseller_id": shop.known["baltic"]}
        book = PriceBook(code="for-baltic", **about)
        tx.session.add(book)
        tx.session.flush()
        tx.session.add(Price(book_id=book.id, plan_id=basic.id, term="1 month", amount_minor=700))
    shop.transfer("aurora", "baltic", "40.00")
    shop.add("baltic")
    shop.operator.work()
    with reading() as session:
        (row,) = margins(session, None, NOVEMBER, JANUARY)
    assert (row.priced, row.sold) == (0, None)
