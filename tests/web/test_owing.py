"""What customers see of their debts and credit: pay later, balance and history, and paying an order with credit."""

import pytest
from web_shop import Shop

from billhead.actions.credits.grant_credit import grant_credit
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.people import Customer

SYSTEM = Context.system("test")


@pytest.fixture
def ada(shop: Shop):
    return shop.customer()


def give(shop, minor):
    with shop.app.app_context(), writing(SYSTEM) as tx:
        customer = tx.session.query(Customer).order_by(Customer.id).first()
        grant_credit(tx, customer.id, Money(minor, customer.currency), "welcome")


def proforma(shop):
    with shop.app.app_context(), reading() as session:
        return session.query(Document).filter_by(kind="proforma").one()


def test_balance_and_history(shop, ada):
    assert "Nothing has come or gone yet" in ada.get("/account/credit").text
    give(shop, 700)
    text = ada.get("/account/credit").text
    assert "€7.00" in text
    assert "welcome" in text


def test_credit_is_bought_on_its_page_and_watched(shop, ada):
    assert "Buy credit" not in ada.get("/account/credit").text, "the operator sells none yet"
    staff = shop.person("staff", "olga@example.com", "sellers.write")
    terms = f"/admin/sellers/{shop.seller_id}/top-ups"
    wrong = staff.post(terms, {"top_ups": "EUR 50 5"}, page=terms)
    assert (wrong.status_code, "least must be above zero" in wrong.text) == (422, True)
    assert staff.post(terms, {"top_ups": "EUR 5 500 10 25 25+10%"}, page=terms).status_code == 303
    assert "EUR 5.00 500.00 10.00 25.00 25.00+10.00%" in staff.get(terms).text
    for unread in ("25+x", "25+26", "25+"):
        assert staff.post(terms, {"top_ups": f"EUR 5 500 {unread}"}, page=terms).status_code == 422
    shown = ada.get("/account/credit").text
    assert "From €5.00 to €500.00" in shown
    assert "From €25.00 on you get 10\u00a0% on top, as a gift." in shown
    assert 'value="25.00">€25.00 + €2.50</button>' in shown
    assert "it can be topped up by itself" in shown, "there is no saved card yet"
    few = ada.post("/account/credit/buy", {"amount": "4,99"}, page="/account/credit")
    assert (few.status_code, "Must be from 5.00 EUR to 500.00 EUR" in few.text) == (422, True)
    none = ada.post("/account/credit/buy", {"amount": ""}, page="/account/credit")
    assert (none.status_code, "choose an amount, or write one" in none.text.lower()) == (422, True)
    bought = ada.post("/account/credit/buy", {"choice": "25.00"}, page="/account/credit")
    order = proforma(shop)
    assert bought.location.endswith(f"/pay/{order.id}")
    assert "<h1>Pay €25.00</h1>" in ada.get(bought.location).text
    ada.post(f"/pay/{order.id}", {"account": str(shop.accounts["cards"]), "save": "1"}, page=f"/pay/{order.id}")
    shop.pay(save=True)
    shop.work()
    rules = {"alert_below_minor": "10", "top_up_below_minor": "5", "top_up_minor": "3", "most_a_day": "1"}
    low = ada.post("/account/credit/rules", rules, page="/account/credit")
    assert (low.status_code, "Must be from 5.00 EUR to 500.00 EUR" in low.text) == (422, True)
    rules |= {"top_up_minor": "20", "most_a_month": "4", "fill_up": "1", "top_up_every": "1 month"}
    assert ada.post("/account/credit/rules", rules, page="/account/credit").status_code == 303
    text = ada.get("/account/credit").text
    assert "Topped up" in text
    assert "Charged to Visa •••• 4242" in text
    assert 'value="20.00"' in text
    assert '<option selected value="1 month">every month</option>' in text
    assert '<option selected value="1">up to this amount</option>' in text
    page = "/admin/customers/1"
    clerk = shop.person("staff", "clerk@example.com", "customers.write")
    told = "up to €20.00, when it falls below €5.00, every month"
    assert told in clerk.get(page).text
    assert "Stop topping up" not in clerk.get(page).text
    assert clerk.get(f"{page}/credit/stop-top-up").status_code == 403
    boss = shop.person("staff", "boss@example.com", "*")
    assert "Stop topping up" in boss.get(page).text
    assert boss.post(f"{page}/credit/stop-top-up", {"reason": "a complaint"}, page=page).status_code == 303
    assert f"{told}, stopped: our staff has stopped it" in boss.get(page).text
    assert boss.post(f"{page}/credit/stop-top-up", {"reason": "again"}, page=page).status_code in (409, 422)
    assert "our staff has stopped it" in ada.get("/account/credit").text


def test_an_order_is_paid_with_credit_as_far_as_it_goes(shop, ada):
    shop.order(ada)
    order = proforma(shop)
    give(shop, 400)
    part = ada.get(f"/pay/{order.id}").text
    assert "€4.00 of €9.99 is paid with your credit; €5.99 is left" in part
    assert "<h1>Pay €5.99</h1>" in part
    give(shop, 2000)
    whole = ada.get(f"/pay/{order.id}").text
    assert "Pay with my credit" in whole
    answer = ada.post(f"/pay/{order.id}/credit", {}, page=f"/pay/{order.id}")
    assert answer.status_code == 303
    assert "paid with your credit" in ada.get(answer.location).text
    assert proforma(shop).state == "settled"


def test_paying_later_is_not_offered_where_nothing_is_overdue(shop, ada):
    shop.order(ada)
    shop.pay()
    text = ada.get("/account/subscriptions/1/promise").text
    assert "can’t be put off now" in text
    refused = ada.post("/account/subscriptions/1/promise", {"day": "2030-01-01"}, page="/security/password")
    assert refused.status_code == 422


def test_paying_several_says_that_credit_is_not_used(shop, ada):
    shop.order(ada)
    assert "is not used here" not in ada.get("/pay/several").text
    give(shop, 400)
    assert "Your credit of €4.00 is not used here" in ada.get("/pay/several").text
