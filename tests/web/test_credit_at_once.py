"""Credit at once on the pages: staff say up to how much, the customer reads which of both will happen and what is open.

Ada may buy from 5.00 to 500.00; 50.00 of that are there at once.
"""

from datetime import UTC, datetime, timedelta

import pytest
from web_shop import Shop

from billhead import clock
from billhead.db import reading
from billhead.domain.context import Context
from billhead.jobs.kinds import KINDS
from billhead.models.documents import Document

PAGE = "/account/credit"


@pytest.fixture
def ada(shop: Shop):
    ada = shop.customer()
    boss = shop.person("staff", "boss@example.com", "*")
    boss.post(f"/admin/sellers/{shop.seller_id}/top-ups", {"top_ups": "EUR 5 500 10 25"}, page="/admin/customers/1")
    shop.boss = boss
    return ada


def trust(shop, amount):
    return shop.boss.post(
        "/admin/customers/1/credit/at-once", {"amount": amount, "reason": "pays on time"}, page="/admin/customers/1"
    )


def orders(shop):
    with shop.app.app_context(), reading() as session:
        return session.query(Document).filter_by(kind="proforma").order_by(Document.id).all()


def test_staff_trust_a_customer_and_read_what_is_lent(shop, ada):
    page = "/admin/customers/1"
    clerk = shop.person("staff", "clerk@example.com", "customers.write")
    assert "Credit at once" not in clerk.get(page).text
    assert clerk.get(f"{page}/credit/at-once").status_code == 403
    assert 'value="0.00"' in shop.boss.get(f"{page}/credit/at-once").text
    assert trust(shop, "-1").status_code == 422
    assert trust(shop, "50.00").status_code == 303
    assert "up to €50.00" in clerk.get(page).text
    ada.post(f"{PAGE}/buy", {"choice": "25.00"}, page=PAGE)
    (order,) = orders(shop)
    told = shop.boss.get(page).text
    assert "€25.00 to be paid until" in told
    assert "€0.00 of it spent" in told
    assert f'href="/admin/documents/{order.id}"' in told
    assert "pays on time" in shop.boss.get("/admin/audit").text
    assert "Credit at once set" in shop.boss.get("/admin/audit").text


def test_the_customer_reads_which_of_both_will_happen_before_it_does(shop, ada):
    assert "It is there as soon as your payment has arrived." in ada.get(PAGE).text
    trust(shop, "50.00")
    assert "Up to €50.00 is there at once, and is to be paid until" in ada.get(PAGE).text
    waits = ada.post(f"{PAGE}/buy", {"amount": "50.01"}, page=PAGE)
    assert waits.location.endswith(f"/pay/{orders(shop)[0].id}"), "beyond that it waits for its payment"
    lent = ada.post(f"{PAGE}/buy", {"amount": "20"}, page=PAGE)
    assert lent.location == PAGE
    order = orders(shop)[1]
    text = ada.get(PAGE).text
    assert "€20.00 is there." in text
    assert "€20.00 of your credit is still to be paid, until" in text
    assert f'<a href="/pay/{order.id}">Pay now</a>' in text
    assert "Topped up, to be paid" in text
    assert "A new order takes the place of the one that is still to be paid: its €20.00 is taken back." in text
    statement = ada.get("/account/statement").text
    assert "Credit before its payment" in statement
    trust(shop, "500.00")
    assert "From €5.00 to €500.00. It is there at once" in ada.get(PAGE).text


def test_it_is_paid_on_the_page_of_payments_and_is_not_lent_any_more(shop, ada):
    trust(shop, "50.00")
    ada.post(f"{PAGE}/buy", {"amount": "20"}, page=PAGE)
    (order,) = orders(shop)
    assert "<h1>Pay €20.00</h1>" in ada.get(f"/pay/{order.id}").text
    ada.post(f"/pay/{order.id}", {"account": str(shop.accounts["cards"])}, page=f"/pay/{order.id}")
    assert "A new order takes the place" not in ada.get(PAGE).text, "somebody is paying it"
    shop.pay()
    shop.work()
    text = ada.get(PAGE).text
    assert "still to be paid" not in text
    assert "Up to €50.00 is there at once" in text


def test_what_was_spent_and_not_paid_is_owed_and_said_so(shop, ada):
    trust(shop, "50.00")
    shop.order(ada)
    ada.post(f"{PAGE}/buy", {"amount": "20"}, page=PAGE)
    first, order = orders(shop)
    assert ada.post(f"/pay/{first.id}/credit", {}, page=f"/pay/{first.id}").status_code == 303
    text = ada.get(PAGE).text
    assert "You have spent €9.99 of it." in text
    assert "what is left of its credit is taken back, and €9.99 that you have spent of it is owed" in text
    assert "It is there as soon as your payment has arrived." in text, "nothing more is lent by that"
    late = datetime(order.due_on.year, order.due_on.month, order.due_on.day, 12, tzinfo=UTC)
    with shop.app.app_context(), clock.business_time(late + timedelta(days=2)):
        KINDS["credits.take_back_lent"].run(Context.system("test"), {})
    text = ada.get(PAGE).text
    assert "Credit that was there at once was not paid, and €9.99 of what it had paid is open again." in text
    assert "<dd><strong>−€9.99</strong></dd>" in text
    assert "Taken back, as it was not paid" in text
    assert "your bank" not in text
