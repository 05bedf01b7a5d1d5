"""Orders of a reseller's shop: the customer's money is the reseller's, the reseller's credits pay for the line.

A month of Basic costs 25.00 EUR in the shop of Aurora and takes 4.00 of its credits, of which it has 100.00.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from white_label import WhiteLabel

from billhead import clock
from billhead.actions.documents.issue_credit_note import issue_credit_note
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.payments._time_bought import pull_back_time
from billhead.actions.shops.close_shop import preview_close_shop
from billhead.actions.shops.set_shop_price import set_shop_price
from billhead.actions.shops.supply_waiting import supply_waiting
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.subscriptions.lapse import lapse
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NoticeRejected
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import start_of_day
from billhead.models.catalogue import Price
from billhead.models.credits import CreditHold
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.operations import Notice
from billhead.models.payments import Payment
from billhead.models.people import Customer, Reseller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Service, Subscription

MONTH = 400


def cheaper(white: WhiteLabel) -> None:
    with white.shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.execute(update(Price).where(Price.credit_minor == 1000).values(credit_minor=MONTH))


@pytest.fixture
def shops(white_label: WhiteLabel) -> WhiteLabel:
    cheaper(white_label)
    return white_label


def wallet(white: WhiteLabel) -> dict[str, int]:
    """Of Aurora, by the ledger: available, held, consumed."""
    with white.shop.app.app_context(), reading() as session:
        rows = session.execute(
            select(LedgerAccount.code, LedgerPosting.side, func.sum(LedgerPosting.amount_minor))
            .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
            .where(LedgerAccount.subject == f"reseller:{white.area.ids['aurora']}")
            .group_by(LedgerAccount.code, LedgerPosting.side)
        ).all()
        assert verify_ledger(session, b"key of the tests").faults == []
    found = dict.fromkeys(["credits_available", "credits_held", "credits_consumed"], 0)
    for code, side, minor in rows:
        found[code] += int(minor) if side == "C" else -int(minor)
    return found


def states(white: WhiteLabel) -> list[tuple[str, int | None]]:
    return [(row.state, row.credits_minor) for row in white.shop.rows(ShopSupply)]


def test_an_order_brings_25_00_to_the_shop_and_takes_4_credits(shops: WhiteLabel):
    shops.sell()
    shops.shop.work()
    assert states(shops) == [("supplied", 400)]
    # 100.00 - 4.00
    assert wallet(shops) == {"credits_available": 9600, "credits_held": 0, "credits_consumed": 400}
    (payment,) = shops.shop.rows(Payment)
    assert (payment.amount_minor, payment.currency, payment.account_id) == (2500, "EUR", shops.accounts["aurora"])
    invoice = next(row for row in shops.shop.rows(Document) if row.kind == "invoice")
    assert (invoice.seller_id, invoice.total_minor, invoice.state) == (shops.sellers["aurora"], 2500, "paid")
    (subscription,) = shops.shop.rows(Subscription)
    assert (subscription.state, subscription.settlement, subscription.payer_reseller_id) == (
        "active", "invoice", shops.area.ids["aurora"])  # fmt: skip
    (line,) = shops.shop.rows(Service)
    assert (line.sync, line.panel_id) == ("ok", shops.shop.panel_id)
    assert line.desired_expires_at is not None
    accounts = shops.shop.rows(LedgerAccount, LedgerAccount.seller_id == shops.sellers["aurora"])
    assert "clearing" in {row.code.partition(":")[0] for row in accounts}
    assert {row.currency for row in accounts} == {"EUR"}  # no credits in its books, no money of it in the operator's
    operators = shops.shop.rows(LedgerAccount, LedgerAccount.seller_id == shops.shop.seller_id)
    assert {row.currency for row in operators} == {CREDITS}


def test_what_a_shop_takes_is_not_the_operators_income(shops: WhiteLabel):
    shops.sell()
    page = shops.shop.person("staff", "boss@example.com", "*").get("/admin/").text
    assert "Without the shops of resellers" in page
    assert "€25.00" not in page
    assert "nothing came in" in page
    assert "nothing is billed by term yet" in page


def test_without_credits_the_order_waits_and_comes_when_they_come(shops: WhiteLabel):
    shops.leave(399)
    shops.sell()
    shops.shop.work()
    assert states(shops) == [("waiting", 400)]
    assert shops.shop.rows(Service)[0].desired_expires_at is None
    assert wallet(shops)["credits_held"] == 0
    assert "4.00 XCR are needed" in shops.shop.rows(ShopSupply)[0].why
    (told,) = shops.shop.rows(Notice, Notice.kind == "shop_waiting")  # once a day, however often it is looked at
    assert told.recipient == "aurora@example.com"
    with shops.shop.app.app_context(), reading() as session:
        text = render(told.kind, gather(session, told)).text
    assert "Orders that wait: 1\nCredits that they take: 4.00\nCredits that you have: 3.99\n" in text
    assert "/reseller/credits/buy" in text
    shops.pay("aurora", "evt_again")  # the gateway repeats itself
    shops.shop.work()
    assert shops.act(preview_close_shop, shops.area.ids["aurora"]).waiting == 1
    shops.grant(1)
    shops.shop.work()
    assert states(shops) == [("supplied", 400)]
    with shops.shop.app.app_context(), reading() as session, pytest.raises(NoticeRejected):
        gather(session, told)  # nothing waits any more
    assert wallet(shops) == {"credits_available": 0, "credits_held": 0, "credits_consumed": 400}
    assert [row.amount_minor for row in shops.shop.rows(Payment)] == [2500]
    assert shops.shop.rows(Service)[0].sync == "ok"
    shops.grant(5000)
    shops.shop.work()
    assert wallet(shops)["credits_consumed"] == 400  # nothing is taken twice


def test_a_renewal_goes_the_same_way_and_the_line_stands_still_without_credits(shops: WhiteLabel):
    shops.leave(500)
    shops.sell()
    shops.shop.work()
    (subscription,) = shops.shop.rows(Subscription)
    first = shops.shop.rows(Service)[0].desired_expires_at
    shops.renew()
    shops.shop.work()
    assert states(shops) == [("supplied", 400), ("waiting", 400)]
    again = shops.shop.rows(Subscription)[0]
    assert again.paid_through > subscription.paid_through  # the customer has paid
    assert shops.shop.rows(Service)[0].desired_expires_at == first  # and the panel has no credits for it yet
    shops.grant(300)
    shops.shop.work()
    assert states(shops) == [("supplied", 400), ("supplied", 400)]
    assert shops.shop.rows(Service)[0].desired_expires_at > first
    assert wallet(shops) == {"credits_available": 0, "credits_held": 0, "credits_consumed": 800}


def test_a_year_takes_a_years_credits(shops: WhiteLabel):
    from billhead.actions.shops.set_shop_price import set_shop_price

    shops.act(set_shop_price, shops.area.ids["aurora"], "basic", "12 months", Money(20000, "EUR"), who="aurora")
    browser = shops.customer("aurora")
    shops.order(browser, "aurora", term="12 months")
    shops.pay("aurora")
    shops.shop.work()
    assert states(shops) == [("supplied", 10000)]


def test_what_the_panel_refuses_gives_the_credits_back(shops: WhiteLabel, monkeypatch):
    from billhead.plugin import Impossible
    from billhead.plugin_host import plugins

    with shops.shop.app.app_context():
        module = plugins().module("memory")
    monkeypatch.setattr(type(module), "plan", lambda *_asked: [Impossible("plan", "no such package")])
    shops.sell()
    shops.shop.work()
    assert states(shops) == [("refused", 400)]
    assert wallet(shops) == {"credits_available": 10000, "credits_held": 0, "credits_consumed": 0}
    assert shops.shop.rows(Subscription)[0].state == "active"  # the customer has paid: the reseller decides


def test_money_that_went_back_takes_no_credits(shops: WhiteLabel):
    shops.leave(0)
    shops.sell()
    shops.shop.work()
    (subscription,) = shops.shop.rows(Subscription)
    shops.shop.change(Subscription, subscription.id, paid_through=subscription.started_on)
    shops.grant(1000)
    shops.shop.work()
    assert states(shops)[0][0] == "dropped"
    assert wallet(shops)["credits_consumed"] == 0


def test_a_suspended_reseller_supplies_nothing_until_it_is_resumed(shops: WhiteLabel):
    browser = shops.customer("aurora")
    shops.order(browser, "aurora")
    shops.shop.change(Reseller, shops.area.ids["aurora"], suspended=True)
    shops.pay("aurora")
    shops.shop.work()
    assert states(shops)[0][0] == "waiting"
    assert "suspended" in shops.shop.rows(ShopSupply)[0].why
    shops.shop.change(Reseller, shops.area.ids["aurora"], suspended=False)
    shops.act(supply_waiting, shops.area.ids["aurora"])
    shops.shop.work()
    assert states(shops) == [("supplied", 400)]


def test_two_orders_for_the_last_credits(any_white_label: WhiteLabel):
    shops = any_white_label
    cheaper(shops)
    shops.leave(0)
    shops.sell("ada@example.com")
    shops.sell("eve@example.com")
    shops.shop.work()
    shops.grant(400)

    def supply(after: int) -> None:
        shops.act(supply_waiting, shops.area.ids["aurora"], after)

    first = shops.shop.rows(ShopSupply)[0].id
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(supply, [0, first, 0, first]))
    assert sorted(row.state for row in shops.shop.rows(ShopSupply)) == ["held", "waiting"]
    assert [hold.amount_minor for hold in shops.shop.rows(CreditHold)] == [400]
    shops.shop.work()
    assert sorted(state for state, _ in states(shops)) == ["supplied", "waiting"]
    assert wallet(shops) == {"credits_available": 0, "credits_held": 0, "credits_consumed": 400}
    shops.grant(400)
    shops.shop.work()
    assert [state for state, _ in states(shops)] == ["supplied", "supplied"]
    assert wallet(shops)["credits_consumed"] == 800


def test_a_shops_customers_stay_with_its_reseller(shops: WhiteLabel):
    from billhead.actions.resellers.move_users import move_users
    from billhead.actions.resellers.remove_reseller import remove_reseller
    from billhead.domain.errors import Conflict

    shops.sell()
    shops.shop.work()
    moved = shops.act(move_users, shops.area.ids["aurora"], shops.area.ids["gulf"])
    assert moved.customers == 0
    assert shops.shop.rows(Customer, Customer.email == "ada@example.com")[0].reseller_id == shops.area.ids["aurora"]
    with pytest.raises(Conflict, match="shop"):
        shops.act(remove_reseller, shops.area.ids["aurora"], shops.area.ids["gulf"])


def test_what_was_ordered_in_a_shop_is_not_changed_past_the_credits(shops: WhiteLabel):
    """To a year, 200.00 EUR, from the next term on: it takes the year's 100.00 credits, and waits for them."""
    from billhead.actions.subscriptions.change import ChangeWish, change
    from billhead.domain.errors import NotFound

    shops.sell()
    shops.shop.work()
    (subscription,) = shops.shop.rows(Subscription)
    with pytest.raises(NotFound, match="no price"):  # of the shop's; the operator sells it
        shops.act(change, ChangeWish(subscription.id, term="12 months"))
    shops.act(set_shop_price, shops.area.ids["aurora"], "basic", "12 months", Money(20000, "EUR"), who="aurora")
    assert shops.act(change, ChangeWish(subscription.id, term="12 months")).state == "scheduled"
    shops.leave(0)
    shops.renew()
    shops.shop.work()
    assert states(shops) == [("supplied", 400), ("waiting", 10000)]


def test_a_price_of_nothing_takes_its_credits_all_the_same(shops: WhiteLabel):
    """25.00 EUR a month or 0.00: the line is the operator's, and takes 4.00 credits."""
    shops.leave(0)
    shops.act(set_shop_price, shops.area.ids["aurora"], "basic", "1 month", Money(0, "EUR"), who="aurora")
    assert shops.order(shops.customer("aurora"), "aurora").status_code == 303
    shops.shop.work()
    assert states(shops) == [("waiting", 400)]
    assert shops.shop.rows(Service)[0].desired_expires_at is None
    shops.grant(400)
    shops.shop.work()
    assert states(shops) == [("supplied", 400)]
    assert shops.shop.rows(Service)[0].sync == "ok"


def test_days_that_are_given_begin_no_order_that_waits_and_are_kept_for_it(shops: WhiteLabel):
    shops.leave(0)
    shops.sell()
    shops.shop.work()
    before = shops.shop.rows(Subscription)[0].paid_through
    shops.act(give_days_to, shops.shop.rows(Subscription)[0].id, 1, "outage")
    shops.shop.work()
    assert shops.shop.rows(Service)[0].desired_expires_at is None
    assert shops.shop.rows(Subscription)[0].paid_through == before + timedelta(days=1)
    shops.grant(400)
    shops.shop.work()
    assert states(shops) == [("supplied", 400)]
    assert shops.shop.rows(Service)[0].desired_expires_at.date() in (before, before + timedelta(days=1))
    assert shops.shop.rows(ShopSupply)[0].until == before + timedelta(days=1)


def test_money_that_comes_back_by_chargeback_begins_no_line(shops: WhiteLabel):
    shops.leave(0)
    shops.sell()
    shops.shop.work()
    invoice = shops.shop.rows(Document, Document.kind == "invoice")[0].id
    shops.act(pull_back_time, [invoice], "chargeback")
    shops.shop.work()
    assert shops.shop.rows(Service)[0].desired_expires_at is None
    shops.grant(1000)
    shops.shop.work()
    assert shops.shop.rows(Service)[0].desired_expires_at is None
    assert states(shops) == [("dropped", 400)]
    assert wallet(shops)["credits_consumed"] == 0


def test_what_a_credit_note_gave_back_takes_no_credits(shops: WhiteLabel):
    shops.leave(0)
    shops.sell()
    shops.shop.work()
    invoice = shops.shop.rows(Document, Document.kind == "invoice")[0].id
    shops.act(issue_credit_note, invoice, reason="does not want to wait", way="refund")
    shops.shop.work()
    shops.grant(1000)
    shops.shop.work()
    assert states(shops) == [("dropped", 400)]
    assert wallet(shops)["credits_consumed"] == 0


def test_days_that_are_given_to_an_order_past_its_time_are_added_once(shops: WhiteLabel):
    """Two days, given on the 40th of a month that still waits for its credits: a month and two days from then."""
    shops.leave(0)
    shops.sell()
    shops.shop.work()
    (subscription,), (asked,) = shops.shop.rows(Subscription), shops.shop.rows(ShopSupply)
    with clock.business_time(clock.business_now() + timedelta(days=40)):
        shops.act(give_days_to, subscription.id, 2, "outage")
        shops.grant(400)
        shops.shop.work()
        today = clock.today_in(subscription.zone)
    (row,), (after,) = shops.shop.rows(ShopSupply), shops.shop.rows(Subscription)
    until = today + (asked.until - asked.starts_on) + timedelta(days=2)
    assert (row.starts_on, row.until, after.paid_through, after.billed_through) == (today, until, until, until)


def test_an_order_that_waited_past_its_days_has_its_whole_term(shops: WhiteLabel):
    """A month, and the credits for it come 40 days later; then its money goes back."""
    shops.leave(0)
    shops.sell()
    shops.shop.work()
    (subscription,), (asked,) = shops.shop.rows(Subscription), shops.shop.rows(ShopSupply)
    with clock.business_time(clock.business_now() + timedelta(days=40)):
        shops.act(lapse)
        assert shops.shop.rows(Subscription)[0].state == "active"  # paid, and not supplied yet
        shops.grant(400)
        shops.shop.work()
        today = clock.today_in(subscription.zone)
        (row,), (line,), (after,) = (shops.shop.rows(kind) for kind in (ShopSupply, Service, Subscription))
        until = today + (asked.until - asked.starts_on)
        assert (row.state, row.starts_on, row.until) == ("supplied", today, until)
        assert line.desired_expires_at == start_of_day(until, subscription.zone)
        assert (after.paid_through, after.billed_through, after.anchor) == (until, until, until)
        assert wallet(shops)["credits_consumed"] == 400
        shops.act(pull_back_time, [row.document_id], "chargeback")
        assert shops.shop.rows(Service)[0].desired_expires_at == start_of_day(today, subscription.zone)
        shops.act(lapse)
        assert shops.shop.rows(Subscription)[0].state == "expired"
