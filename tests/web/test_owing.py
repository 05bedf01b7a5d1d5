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
    refused = ada.post("/account/subscriptions/1/promise", {"day": "2030-01-01"}, page="/account/password")
    assert refused.status_code == 422
