"""A customer of a reseller's shop changes the plan: paid in the shop, and taken from the reseller's credits.

In the shop of Aurora, which has 100.00 credits, a month of Basic costs 25.00 EUR and takes 10.00 of them, a month of
Gold, with two screens, 40.00 EUR and 16.00. June has 30 days. Ada buys Basic on the 1st.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from white_label import ShopBrowser, WhiteLabel, with_gold

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.documents.issue_credit_note import issue_credit_note
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._paid import paid_in_full
from billhead.actions.payments._time_bought import pull_back_time
from billhead.actions.resellers._seen import figures_of
from billhead.actions.shops.close_shop import close_shop
from billhead.actions.shops.leave_out import leave_out
from billhead.actions.shops.set_shop_price import set_shop_price
from billhead.actions.shops.try_again import try_again
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.lapse import lapse
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.domain.periods import start_of_day
from billhead.models.catalogue import Plan, PlanChange
from billhead.models.credits import CreditHold, CustomerCredit
from billhead.models.documents import Document
from billhead.models.sellers import Seller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Impossible
from billhead.plugin_host import plugins
from billhead.reports._margins import margins


@contextmanager
def on(month: int, day: int) -> Iterator[None]:
    """At noon in 2027."""
    with clock.business_time(datetime(2027, month, day, 12, tzinfo=UTC)):
        yield


def june(white: WhiteLabel) -> WhiteLabel:
    with_gold(white)
    with on(6, 1):
        white.sell()
        white.shop.work()
    return white


@pytest.fixture
def shops(white_label: WhiteLabel) -> WhiteLabel:
    return june(white_label)


def ada(white: WhiteLabel) -> ShopBrowser:
    browser = white.visitor("aurora")
    browser.sign_in("ada@example.com")
    return browser


def wants(white: WhiteLabel, plan: str = "gold") -> Any:
    """Chosen on the page of the shop, after a look at the price; what is to be paid is paid."""
    browser = ada(white)
    page = "/account/subscriptions/1/change"
    assert browser.get(f"{page}?offer={plan}|1+month").status_code == 200
    answer = browser.post(page, {"offer": f"{plan}|1 month"}, page=page)
    assert answer.status_code == 303, answer.text
    if "/pay/" in answer.location:
        where = answer.location.removeprefix("/shop/aurora-tv")
        assert "it runs from" not in browser.get(where).text  # days of the period that runs
        assert browser.post(where, {"account": str(white.accounts["aurora"])}).status_code == 303
        assert white.pay("aurora").status_code == 200
    white.shop.work()
    return answer


def states(white: WhiteLabel) -> list[tuple[str, int | None]]:
    return [(row.state, row.credits_minor) for row in white.shop.rows(ShopSupply)]


def screens(white: WhiteLabel) -> int:
    (line,) = white.shop.rows(Service)
    return int(line.desired_connections)


def credits(white: WhiteLabel) -> int:
    key = white.area.ids["aurora"]
    with white.shop.app.app_context(), reading() as session:
        assert verify_ledger(session, b"key of the tests").faults == []
        return figures_of(session, [key])[key].balance_minor


def test_half_a_month_of_more_costs_7_50_and_takes_2_81(any_white_label: WhiteLabel):
    shops = june(any_white_label)
    assert credits(shops) == 9000  # 100.00 - 10.00
    with on(6, 16):
        shown = ada(shops).get("/account/subscriptions/1/change?offer=gold|1+month").text
        assert "€7.50" in shown  # 15 days of 30: 40.00 / 2 - 25.00 / 2
        wants(shops)
        (subscription,), invoice = shops.shop.rows(Subscription), shops.shop.rows(Document)[-1]
        assert (invoice.kind, invoice.state, invoice.total_minor) == ("invoice", "paid", 750)
        assert invoice.seller_id == shops.sellers["aurora"]
        assert subscription.paid_through == date(2027, 7, 1)
        assert screens(shops) == 2
        # 14 days from tomorrow: 16.00 × 14/30 = 7.47, less what is left of Basic, 10.00 × 14/30 = 4.66
        assert states(shops) == [("supplied", 1000), ("supplied", 281)]
        assert credits(shops) == 9000 - 281
    with shops.shop.app.app_context(), reading() as session:
        rows = margins(session, None, None, date(2027, 7, 1))
    assert sum(row.credits_minor for row in rows) == 1281
    with on(6, 17):  # an order for the next month takes all of Gold's
        shops.renew()
        shops.shop.work()
    assert states(shops)[-1] == ("supplied", 1600)
    assert [row.total_minor for row in shops.shop.rows(Document, Document.kind == "invoice")][-1] == 4000
    assert screens(shops) == 2


def test_without_credits_the_line_stays_as_it_is_until_they_come(shops: WhiteLabel):
    shops.leave(0)
    with on(6, 16):
        wants(shops)
        assert states(shops)[-1] == ("waiting", 281)
        assert screens(shops) == 1
        with pytest.raises(Conflict, match="not there yet"):
            shops.act(change, ChangeWish(1, "basic"))
        page = ada(shops).get("/account/subscriptions/1/change?offer=basic|1+month")
        assert page.status_code == 409
        assert "What was paid for before is not there yet" in page.text
    with on(6, 21):  # 9 days: 16.00 × 9/30 = 4.80, less 10.00 × 9/30 = 3.00
        shops.grant(180)
        shops.shop.work()
        assert states(shops)[-1] == ("supplied", 180)
        assert screens(shops) == 2
        assert shops.shop.rows(Subscription)[0].paid_through == date(2027, 7, 1)  # no day more for what has waited
        assert credits(shops) == 0


def test_what_never_came_comes_with_the_next_month(shops: WhiteLabel):
    shops.leave(0)
    with on(6, 16):
        wants(shops)
        shops.renew()  # Gold, paid in June
        shops.shop.work()
    assert [state for state, _ in states(shops)] == ["supplied", "waiting", "waiting"]
    with on(7, 1):
        shops.act(lapse)
        shops.grant(1600)
        shops.shop.work()
        assert states(shops) == [("supplied", 1000), ("dropped", 281), ("supplied", 1600)]
        assert "time is over" in shops.shop.rows(ShopSupply)[1].why
        assert screens(shops) == 2


def test_a_panel_that_refuses_leaves_the_line_as_it_was(shops: WhiteLabel, monkeypatch):
    with shops.shop.app.app_context():
        module = type(plugins().module("memory"))
    could = module.plan
    monkeypatch.setattr(module, "plan", lambda *_asked: [Impossible("connections", "one screen is the most")])
    with on(6, 16):
        wants(shops)
        assert states(shops)[-1] == ("refused", 281)
        assert screens(shops) == 1
        assert credits(shops) == 9000
        monkeypatch.setattr(module, "plan", could)
        shops.act(try_again, shops.area.ids["aurora"], shops.shop.rows(ShopSupply)[-1].id, who="aurora")
        shops.shop.work()
        assert states(shops)[-1] == ("supplied", 281)
        assert screens(shops) == 2
        assert [row.state for row in shops.shop.rows(CreditHold)] == ["captured", "released", "captured"]


def test_money_that_was_given_back_takes_nothing(shops: WhiteLabel):
    shops.leave(0)
    with on(6, 16):
        wants(shops)
        shops.act(issue_credit_note, shops.shop.rows(Document)[-1].id, reason="does not want to wait", way="refund")
        shops.grant(5000)
        shops.shop.work()
        assert states(shops)[-1] == ("dropped", 281)
        assert screens(shops) == 1
        assert credits(shops) == 5000


def test_less_comes_with_the_next_month_and_takes_its_credits(shops: WhiteLabel):
    with on(6, 16):
        wants(shops)
        assert "/pay/" not in wants(shops, "basic").location
        assert [state for state, _ in states(shops)] == ["supplied", "supplied"]
        assert screens(shops) == 2
        shops.renew()
        shops.shop.work()
    assert states(shops)[-1] == ("supplied", 1000)
    assert shops.shop.rows(Document, Document.kind == "invoice")[-1].total_minor == 2500
    with on(7, 1):
        shops.act(begin_scheduled)
        shops.shop.work()
        assert screens(shops) == 1


def test_less_at_once_gives_back_what_the_rules_say_to_both(shops: WhiteLabel):
    """The operator's rule: from Gold to Basic at once. Unused credits come back by Aurora's rights."""
    plans = {plan.code: plan.id for plan in shops.shop.rows(Plan)}
    with shops.shop.app.app_context(), writing(Context.system("test")) as tx:
        rule = PlanChange(from_plan_id=plans["gold"], to_plan_id=plans["basic"], allowed="immediate")
        tx.session.add(rule)
    with on(6, 16):
        wants(shops)
    with on(6, 21):
        wants(shops, "basic")
        # 10 days: 40.00 / 3 = 13.33 back, 25.00 / 3 = 8.33 asked
        (lot,) = shops.shop.rows(CustomerCredit)
        assert lot.remaining_minor == 500
        # 9 days: 7.47 × 9/14 = 4.80 left of Gold, 10.00 × 9/30 = 3.00 for Basic
        assert states(shops)[-1] == ("supplied", 0)
        assert credits(shops) == 9000 - 281 + 180
        assert screens(shops) == 1


def test_what_costs_the_same_takes_its_credits_all_the_same(shops: WhiteLabel):
    shops.act(set_shop_price, shops.area.ids["aurora"], "gold", "1 month", Money(2500, "EUR"), who="aurora")
    with on(6, 16):
        assert "/pay/" not in wants(shops).location
        assert (states(shops)[-1], screens(shops)) == (("supplied", 281), 2)


def test_days_that_were_given_are_changed_with_the_next_term(shops: WhiteLabel):
    """Nothing was billed for them that could be billed anew; staff change them no sooner."""
    with on(6, 16):
        shops.act(give_days_to, 1, 10, "outage")
    with on(7, 5):
        done = shops.act(change, ChangeWish(1, "gold", when="immediate"))
        assert (done.state, done.effective_on) == ("scheduled", "2027-07-11")
        shops.shop.work()
        assert (len(states(shops)), screens(shops)) == (1, 1)


def test_what_staff_change_waits_until_it_is_paid(shops: WhiteLabel):
    with on(6, 16):
        with pytest.raises(InvalidInput, match="begin anew today"):
            shops.act(change, ChangeWish(1, "gold", restart=True))
        shops.act(change, ChangeWish(1, "gold"))
        shops.shop.work()
        assert states(shops)[-1] == ("waiting", None)
        assert shops.shop.rows(ShopSupply)[-1].why == "its invoice is not paid"
        assert screens(shops) == 1
        asked = shops.shop.rows(Document)[-1]
        assert (asked.kind, asked.total_minor) == ("invoice", 750)
        assert ada(shops).post(f"/pay/{asked.id}", {"account": str(shops.accounts["aurora"])}).status_code == 303
        assert shops.pay("aurora").status_code == 200
        shops.shop.work()
        assert states(shops)[-1] == ("supplied", 281)
        assert screens(shops) == 2


def test_only_what_the_shop_sells_can_be_changed_to(shops: WhiteLabel):
    aurora = shops.area.ids["aurora"]
    page = "/account/subscriptions/1/change"
    with on(6, 16):
        shown = ada(shops).get(page).text
        assert "Gold" in shown
        assert "Gift" not in shown  # the operator's, which Aurora may not sell
        assert "€40.00" in shown
        assert "€19.99" not in shown  # nor is the operator's price anybody's here
        shops.act(leave_out, aurora, ["gold"], who="aurora")
        assert "Gold" not in ada(shops).get(page).text
        shops.act(leave_out, aurora, [], who="aurora")
        offered = ada(shops).post(page, {"offer": "gold|1 month"}, page=page)
        shops.act(close_shop, aurora)
        assert ada(shops).get(f"{page}?offer=gold|1+month").status_code == 422
        where = offered.location.removeprefix("/shop/aurora-tv")  # was offered before it closed, and is paid now
        ada(shops).post(where, {"account": str(shops.accounts["aurora"])})
        shops.pay("aurora")
        shops.shop.work()
        assert len(states(shops)) == 1
        (lot,) = shops.shop.rows(CustomerCredit)
        assert lot.remaining_minor == 750


def test_a_change_runs_on_when_its_month_is_renewed_by_the_run(shops: WhiteLabel):
    with on(6, 16):
        wants(shops)
    with on(6, 17), shops.shop.app.app_context():
        run_billing(date(2027, 6, 17))
        asked = shops.shop.rows(Document, Document.kind == "proforma")[-1]
        assert asked.total_minor == 4000


def test_a_change_whose_money_was_charged_back_and_came_again_lets_the_line_run_on(shops: WhiteLabel):
    with on(6, 16):
        shops.leave(0)
        wants(shops)
        assert states(shops) == [("supplied", 1000), ("waiting", 281)]
    paid = shops.shop.rows(ShopSupply)[-1].document_id
    with on(6, 17):
        shops.act(pull_back_time, [paid], "chargeback")
        shops.grant(1000)
        shops.shop.work()
        assert states(shops)[-1] == ("dropped", 281)
        (line,) = shops.shop.rows(Service)
        assert line.desired_expires_at.date() <= date(2027, 6, 16)
    with on(6, 20):
        with shops.shop.app.app_context(), writing(Context.system("test")) as tx:
            invoice = tx.session.get_one(Document, paid)
            paid_in_full(tx, tx.session.get_one(Seller, invoice.seller_id), invoice)
        shops.shop.work()
    (line,) = shops.shop.rows(Service)
    assert line.desired_expires_at == start_of_day(date(2027, 7, 1), shops.shop.rows(Subscription)[0].zone)
    assert screens(shops) == 2
    assert states(shops)[-1][0] == "supplied"


def test_where_a_part_costs_the_full_price_and_no_day_can_be_added_it_comes_with_the_next_term(shops: WhiteLabel):
    """The shop's lines run as far as its credits went: whoever changed on the 16th would pay 65.00 for one June."""
    for plan in shops.shop.rows(Plan, Plan.code.in_(["basic", "gold"])):
        shops.shop.change(Plan, plan.id, proration="extend")
    with on(6, 16):
        wants(shops)
        assert states(shops) == [("supplied", 1000)]
        assert [row.total_minor for row in shops.shop.rows(Document, Document.kind == "invoice")] == [2500]
    with on(6, 17):
        shops.renew()
        shops.shop.work()
    assert [row.total_minor for row in shops.shop.rows(Document, Document.kind == "invoice")] == [2500, 4000]
