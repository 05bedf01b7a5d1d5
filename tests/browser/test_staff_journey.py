"""A day behind the counter: somebody calls and has a line at the end, money goes back, a ticket is answered, a panel
rests, a price changes. Each page and each question is looked at, in a window in every run."""

import pytest
from walking import DESKTOP, PHONE

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.subscriptions import Service
from billhead.models.support import Department

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize(
    "size", [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone", marks=pytest.mark.full)]
)
def test_from_a_call_to_a_line_and_the_rest_of_the_day(walker, shop, size):
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(Department(seller_id=shop.seller_id, name="Help", position=1))
    shop.person("staff", "sam@example.com", "*")
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    ada.post("/account/tickets/new", {"department": "1", "subject": "No sound", "text": "Since noon."})
    visitor = walker(size)
    visitor.sign_in("sam@example.com")
    add_a_customer(visitor)
    order_for_them(visitor)
    pay_by_hand(visitor, shop)
    give_money_back(visitor)
    answer_the_ticket(visitor)
    let_the_panel_rest(visitor)
    change_a_price(visitor)


def add_a_customer(visitor):
    visitor.go("/admin/customers")
    visitor.press("Add a customer")
    visitor.fill(name="Ben Okri", email="ben@example.com", country="FI")
    visitor.send("Save")
    assert "Ben Okri" in visitor.read()


def order_for_them(visitor):
    visitor.place.get_by_role("link", name="Order", exact=True).click()
    visitor.look()
    visitor.press("Choose Basic")
    visitor.fill(term="1 month")
    visitor.send("Show what it costs")
    assert "€9.99" in visitor.read()
    visitor.fill(pay="later")
    visitor.send("Order it")


def pay_by_hand(visitor, shop):
    visitor.ask("Book a transfer")
    visitor.fill(reference="FI-2026-1", reason="seen in the bank")
    visitor.send("Show what will happen")
    visitor.send("Book it")
    assert "€9.99 booked." in visitor.read()
    shop.work()
    line = shop.rows(Service)[-1]
    visitor.go(f"/admin/services/{line.id}")
    assert "ok" in visitor.page.locator("main .badge-state").all_inner_texts()


def give_money_back(visitor):
    visitor.go("/admin/payments/1")
    visitor.ask("Refund")
    visitor.fill(amount="5.00", reason="two days without")
    visitor.send("Show what will happen")
    assert "€5.00" in visitor.read()
    visitor.send("Refund it")
    assert "The money is on its way back." in visitor.read()


def answer_the_ticket(visitor):
    visitor.go("/admin/tickets")
    visitor.press("No sound")
    visitor.place.locator("textarea").first.fill("Turn it up.")
    visitor.send("Send the answer")
    assert "Turn it up." in visitor.read()


def let_the_panel_rest(visitor):
    visitor.go("/admin/panels/1")
    visitor.ask("Maintenance")
    visitor.fill(reason="a new disk")
    visitor.send("Let it rest")
    assert "One rests." in visitor.read()
    visitor.go("/admin/")


def change_a_price(visitor):
    visitor.go("/admin/catalogue/1")
    visitor.place.get_by_role("link", name="Add a price", exact=True).click()
    visitor.look()
    visitor.fill(term="1 month", amount="10.99", reason="dearer channels")
    visitor.send("Show what will happen")
    visitor.send("Add the price")
    assert "€10.99" in visitor.read()
