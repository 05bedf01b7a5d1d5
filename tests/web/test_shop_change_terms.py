"""Days of a reseller's shop that were bought for one term, and the days after them for another: had anew, each takes
credits at the rate of its own, as it does for a user of the reseller's own.

A month of Basic takes 10.00 of Aurora's credits, a month of Gold 16.00, three months of them 25.00 and 40.00. In the
shop they cost 25.00 and 40.00 EUR, and 60.00 and 100.00.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from white_label import WhiteLabel, with_gold

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.resellers._seen import figures_of
from billhead.actions.resellers._unused import unused
from billhead.actions.resellers.add_user import NewUser, add_user
from billhead.actions.resellers.change_user import UserChange, preview_change_user
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.shops.set_shop_price import set_shop_price
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, PlanChange, Price, PriceBook
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription


@contextmanager
def on(month: int, day: int) -> Iterator[None]:
    """At noon in 2027."""
    with clock.business_time(datetime(2027, month, day, 12, tzinfo=UTC)):
        yield


def sold(white: WhiteLabel) -> WhiteLabel:
    with_gold(white)
    three = {"basic": (2500, 6000), "gold": (4000, 10_000)}
    with white.shop.app.app_context(), writing(Context.system("test")) as tx:
        book = tx.session.query(PriceBook).filter_by(code="eur", seller_id=white.shop.seller_id).one()
        for plan in tx.session.query(Plan).filter(Plan.code.in_(three)):
            credits, _ = three[plan.code]
            row = Price(book_id=book.id, plan_id=plan.id, term="3 months", amount_minor=1, credit_minor=credits)
            tx.session.add(row)
    for plan, (_, minor) in three.items():
        white.act(set_shop_price, white.area.ids["aurora"], plan, "3 months", Money(minor, "EUR"), who="aurora")
    return white


@pytest.fixture
def shops(white_label: WhiteLabel) -> WhiteLabel:
    return sold(white_label)


def buys(white: WhiteLabel, term: str) -> None:
    white.order(white.customer("aurora"), "aurora", term=term)
    assert white.pay("aurora").status_code == 200
    white.shop.work()


def pays(white: WhiteLabel) -> None:
    """The newest document that asks for money."""
    asked = white.shop.rows(Document, Document.kind.in_(["invoice", "proforma"]))[-1]
    browser = white.visitor("aurora")
    browser.sign_in("ada@example.com")
    assert browser.post(f"/pay/{asked.id}", {"account": str(white.accounts["aurora"])}).status_code == 303
    assert white.pay("aurora").status_code == 200
    white.shop.work()


def changed(white: WhiteLabel, plan: str = "", term: str = "", **more: Any) -> int:
    """By staff, at once; what it takes in credits."""
    done = white.act(change, ChangeWish(1, plan, term, when="immediate"))
    assert done.state == "done"
    white.shop.work()
    if white.shop.rows(ShopSupply)[-1].state == "waiting":
        pays(white)
    row = white.shop.rows(ShopSupply)[-1]
    assert (row.state, row.why, row.changes) == ("supplied", "", True)
    return int(row.credits_minor or 0)


def credits(white: WhiteLabel) -> int:
    key = white.area.ids["aurora"]
    with white.shop.app.app_context(), reading() as session:
        assert verify_ledger(session, b"key of the tests").faults == []
        assert verify_billing().faults == []
        return figures_of(session, [key])[key].balance_minor


def left(white: WhiteLabel) -> list[int]:
    """What is left of each purchase today."""
    with white.shop.app.app_context(), writing(Context.system("test")) as tx:
        return [minor.minor for _, minor in unused(tx, tx.session.get_one(Subscription, 1))]


def own_user(white: WhiteLabel, *terms: str) -> int:
    """Of Basic, bought for the first term and renewed for the others."""
    first, *others = terms
    aurora = white.area.ids["aurora"]
    one = white.act(add_user, aurora, NewUser("basic", first, name="Viewer"), who="aurora").subscription_id
    white.shop.work()
    for term in others:
        white.act(renew_user, one, term, who="aurora")
        white.shop.work()
    return int(one)


def test_days_of_a_month_before_three_cheaper_ones(any_white_label: WhiteLabel):
    """At the rate of three months her 10 days of June would take Gold's 40.00 × 9/91 = 3.96 for 4.80."""
    shops = sold(any_white_label)
    with on(6, 1):
        buys(shops, "1 month")
        own = own_user(shops, "1 month", "3 months")
    assert credits(shops) == 10_000 - 1000 - 3500
    with on(6, 16):
        assert changed(shops, term="3 months") == 1  # 10.00 × 14/30: 4.67 up, 4.66 down; it was Basic, and is
        shops.renew()  # July to September
        shops.shop.work()
        assert left(shops) == [467, 2500]
    with on(6, 21):
        # 9 days: 16.00 × 9/30 = 4.80, and 40.00; less 4.67 × 9/14 = 3.00, and 25.00
        seen = shops.act(preview_change_user, own, UserChange(plan="gold"), who="aurora")
        assert (seen.left_minor, seen.costs_minor, seen.pay_minor) == (2800, 4480, 1680)
        assert changed(shops, "gold") == 1680
        assert left(shops) == [4480]
        assert credits(shops) == 10_000 - 4500 - 1 - 2500 - 1680
    with on(6, 26):  # 4.80 × 4/9 = 2.13, and 40.00
        assert left(shops) == [4213]
    with on(7, 1):  # three months are worth what they cost: 91 of 92 days
        assert left(shops) == [4000 * 91 // 92]


def test_days_of_three_months_before_a_dearer_one(shops: WhiteLabel):
    """At the rate of a month her 76 days from 17 June on would take 10.00 × (14/30 + 2) = 24.67 for what cost 20.65."""
    with on(6, 1):
        buys(shops, "3 months")
    with on(6, 16):
        assert changed(shops, term="1 month") == 1  # 25.00 × 76/92: 20.66 up, 20.65 down
        shops.renew()  # September
        shops.shop.work()
    with on(6, 21):
        # 71 days: 40.00 × 71/92 = 30.87, and 16.00; less 20.66 × 71/76 = 19.30, and 10.00
        assert changed(shops, "gold") == 3087 + 1600 - 1930 - 1000
        plans = {plan.code: plan.id for plan in shops.shop.rows(Plan)}
        with shops.shop.app.app_context(), writing(Context.system("test")) as tx:
            tx.session.add(PlanChange(from_plan_id=plans["gold"], to_plan_id=plans["basic"], allowed="immediate"))
    before = credits(shops)
    with on(6, 26):
        assert changed(shops, "basic") == 0
        # 66 days: 30.87 × 66/71 = 28.69, and 16.00, are left; 25.00 × 66/92 = 17.94, and 10.00, are taken
        assert credits(shops) == before + 2869 + 1600 - 1794 - 1000
        assert left(shops) == [1794 + 1000]


def test_days_until_the_day_of_an_account_are_a_part_of_a_month(shops: WhiteLabel):
    """Ten days of June, as a part of a term: not a term of ten days."""
    with on(6, 21):
        browser = shops.customer("aurora")
        shops.shop.change(Customer, shops.shop.rows(Customer)[-1].id, billing_day=1)
        shops.order(browser, "aurora")
        shops.pay("aurora")
        shops.shop.work()
        assert [row.credits_minor for row in shops.shop.rows(ShopSupply)] == [334]  # 10.00 × 10/30
    with on(6, 23):  # 16.00 × 7/30 = 3.74, less 3.34 × 7/10 = 2.33
        assert changed(shops, "gold") == 141
        assert left(shops) == [374]


def test_what_has_no_price_in_credits_for_the_term_that_runs_comes_with_the_next(shops: WhiteLabel):
    """Else the days of a month could be had at the rate of three: nor does anybody pay for what can't be supplied."""
    (month,) = shops.shop.rows(Price, Price.credit_minor == 1600)
    with on(6, 1):
        buys(shops, "1 month")
    with on(6, 16):
        browser = shops.visitor("aurora")
        browser.sign_in("ada@example.com")
        page = "/account/subscriptions/1/change"
        assert "/pay/" in browser.post(page, {"offer": "gold|1 month"}, page=page).location  # and pays it later
        shops.shop.change(Price, month.id, withdrawn_on=date(2027, 6, 1))
        shown = shops.act(preview_change, ChangeWish(1, "gold", "3 months"))
        assert (shown.when, shown.effective_on) == ("end_of_term", date(2027, 7, 1))
        pays(shops)
        (lot,) = shops.shop.rows(CustomerCredit)
        assert lot.remaining_minor == 750
        assert [row.state for row in shops.shop.rows(ShopSupply)] == ["supplied"]


def test_what_is_paid_after_its_first_day_and_would_lose_days_for_its_full_price_is_not_made(shops: WhiteLabel):
    """A second screen from the first day of June on, that adds its missing days elsewhere: paid on the 5th, four days
    of it would be lost."""
    (screen,) = shops.shop.rows(Plan, Plan.code == "screen")
    shops.shop.change(Plan, screen.id, proration="extend")
    shops.act(set_shop_price, shops.area.ids["aurora"], "screen", "1 month", Money(500, "EUR"), who="aurora")
    with on(6, 1):
        buys(shops, "1 month")
        (subscription,) = shops.shop.rows(Subscription)
        ada = Context("customer:ada", Role.CUSTOMER, Scope(customer_id=subscription.customer_id))
        wish = ChangeWish(subscription.id, addons=(AddOnOrder("screen", 1),))
        with shops.shop.app.app_context(), writing(ada) as tx:
            assert change(tx, wish).state == "offered"
    with on(6, 5):
        pays(shops)
        (lot,) = shops.shop.rows(CustomerCredit)
        assert lot.remaining_minor == 500
        assert [row.changes for row in shops.shop.rows(ShopSupply)] == [False]
        with shops.shop.app.app_context(), writing(ada) as tx:
            assert change(tx, wish).effective_on == "2027-07-01"
