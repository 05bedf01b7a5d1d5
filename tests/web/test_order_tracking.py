"""An order is followed from its placing to its line, by its customer, by who has the mail, and by staff."""

import re

import pytest
from sqlalchemy import select
from web_shop import Shop

from billhead import clock
from billhead.actions.subscriptions._order_links import order_link
from billhead.db import reading
from billhead.models.operations import Notice
from billhead.models.subscriptions import Service, Subscription


def link(shop: Shop, document_id: int) -> str:
    with shop.app.app_context():
        return f"/orders/link/{order_link(document_id, clock.business_now())}"


def test_each_step_is_told_until_the_line_is_there(any_shop: Shop):
    shop, ada = any_shop, any_shop.customer()
    assert "No orders yet" in ada.get("/account/orders").text
    shop.order(ada)
    followed = link(shop, 1)
    visitor = shop.visitor()
    for page in (ada.get("/orders/1").text, visitor.get(followed).text):
        assert "Waiting for your payment" in page
        assert 'data-look-every="15"' in page
    shop.pay("failed")
    shop.work()
    page = ada.get("/orders/1").text
    assert "The payment did not go through" in page
    assert 'href="/pay/1"' in page
    assert "data-look=" not in page, "there is nothing to wait for"
    ada.post("/pay/1", {"account": shop.accounts["cards"]})
    shop.pay(event="evt_2")
    assert ada.get("/account/orders").text.count("Order 1") == 1
    shop.work()
    page = ada.get("/orders/1").text
    assert "Everything is ready" in page
    assert "/account/subscriptions/1" in page
    assert 'data-tone="good">ready<' in ada.get("/account/orders").text
    public = visitor.get(followed)
    assert "Everything is ready" in public.text
    for secret in ("Ada", "ada@example.com", "password", shop.rows(Service)[0].login):
        assert secret not in re.sub(r"(?s)<(header|footer).*?</\1>", "", public.text), secret
    assert public.headers["X-Robots-Tag"].startswith("noindex")
    assert public.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"in_review": True}, "It is being checked"),
        ({"observed_at": None}, "Your line is being set up"),
        ({"observed_at": None, "sync": "failed"}, "This takes longer than it should"),
        ({}, "Everything is ready"),
    ],
)
def test_what_is_paid_is_told_by_its_line(shop: Shop, line, said):
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    shop.change(Service, 1, **line)
    assert said in ada.get("/orders/1").text
    led = ada.get("/pay/1/return").location
    assert led == ("/orders/1" if "observed_at" in line else "/account/")


def test_a_transfer_says_what_to_do_and_a_canceled_order_that_it_is_over(shop: Shop):
    ada = shop.customer()
    shop.order(ada, account=str(shop.accounts["transfer"]))
    for page in (ada.get("/orders/1").text, shop.visitor().get(link(shop, 1)).text):
        assert "FI21 1234 5600 0007 85" in page
        assert "one to three working days" in page
    shop.change(Subscription, 1, state="canceled")
    assert "This order has ended" in ada.get("/orders/1").text


def test_it_is_nobodys_but_theirs(shop: Shop):
    ada, eve = shop.customer(), shop.customer("eve@example.com")
    shop.order(ada)
    assert eve.get("/orders/1").status_code == 404
    assert ada.get("/orders/9").status_code == 404
    assert "Order 1" not in eve.get("/account/orders").text
    good = link(shop, 1)
    for forged in (good[:-1] + ("0" if good[-1] != "0" else "1"), good.replace("/1-", "/2-"), "/orders/link/x"):
        assert shop.visitor().get(forged).status_code == 404
    assert shop.visitor().get("/orders/1").location.startswith("/sign-in")
    paying = good.replace("/orders/link/", "/pay/link/")
    assert shop.visitor().get(paying).status_code == 404, "a link to look is none to pay"


def test_the_mail_leads_to_it(shop: Shop):
    ada = shop.customer()
    shop.order(ada)
    kinds = [row.kind for row in shop.rows(Notice)]
    assert kinds.count("ordered") == 1
    with shop.app.app_context(), reading() as session:
        from billhead.actions.notifications._facts_billing import PARTS

        notice = session.scalars(select(Notice).where(Notice.kind == "ordered")).one()
        facts = PARTS["ordered"][0](session, notice)
    path = "/orders/link/" + facts["order_url"].rpartition("/")[2]
    assert "Order 1" in shop.visitor().get(path).text


def test_staff_see_what_stands_still_first(any_shop: Shop):
    shop = any_shop
    for number, name in enumerate(("ada", "bob", "cyd"), 1):
        person = shop.customer(f"{name}@example.com", name=name.title())
        shop.order(person)
        if name != "cyd":
            shop.pay(event=f"evt_{number}")
            shop.work()
    shop.change(Service, 2, observed_at=None, sync="failed")
    staff = shop.person("staff", "boss@example.com", "*")
    page = staff.get("/admin/orders").text
    assert page.index(">Bob<") < page.index(">Cyd<") < page.index(">Ada<")
    assert "paid, but its line can&#39;t be made" in page
    only = staff.get("/admin/orders?step=stuck").text
    assert "Bob" in only
    assert "Cyd" not in only
    csv = staff.get("/admin/orders?format=csv").text
    assert csv.count("\n") == 4
