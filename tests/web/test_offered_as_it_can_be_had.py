"""What a page leads to can be had there: a trial that was chosen, somebody to write to, a method that can be saved."""

from web_shop import Shop

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan, Price
from billhead.models.people import Customer
from billhead.models.support import Department


def chosen(page: str) -> list[str]:
    """The terms that are chosen already."""
    return [part.split('"')[0] for part in page.split('name="term" value="')[1:] if " checked" in part.split(">")[0]]


def test_a_plan_with_a_trial_begins_with_it_for_whoever_may_have_it(shop: Shop):
    plan = shop.rows(Plan, Plan.code == "basic")[0]
    price = shop.rows(Price, Price.plan_id == plan.id, Price.term == "1 month")[0]
    shop.change(Price, price.id, trial_term="7 days", trial_minor=100)
    shop.change(Plan, plan.id, details=plan.details | {"once_per_customer": True})
    ada = shop.customer()
    assert chosen(ada.get("/plans/basic").text) == ["1 month|trial"], "as the card says: €1.00 for 7 days"
    assert ada.post("/plans/basic", {"term": "1 month|trial"}).status_code == 303
    assert chosen(ada.get("/plans/basic").text) == ["1 month"], "it stands in the cart, and can be had once"
    ada.post("/checkout", {"account": str(shop.accounts["cards"])})
    shop.pay()
    shop.work()
    assert chosen(ada.get("/plans/basic").text) == ["1 month"], "she has had it"
    assert chosen(shop.visitor().get("/plans/basic").text) == ["1 month|trial"]


def test_nobody_is_led_to_a_support_that_nobody_answers(shop: Shop):
    ada = shop.customer()
    new = 'href="/account/tickets/new"'
    pages = ada.get("/account/tickets").text, ada.get("/help").text
    assert new not in pages[0]
    assert "Answer any of our mails instead" in pages[0]
    assert "Write to us from your account" not in pages[1]
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(Department(seller_id=shop.seller_id, name="Support"))
    pages = ada.get("/account/tickets").text, ada.get("/help").text
    assert new in pages[0]
    assert "Write to us from your account" in pages[1]


def test_a_name_can_be_seen(shop: Shop):
    ada = shop.customer()
    page = ada.get("/account/profile").text
    phone = next(part for part in page.split("<input")[1:] if 'id="phone"' in part.split(">")[0]).split(">")[0]
    assert 'dir="ltr"' in phone
    told = {"country": "FI", "zone": "Europe/Helsinki"}
    for typed in ("\x01", "\u200b"):
        assert ada.post("/account/profile", told | {"name": typed}, page="/account/profile").status_code == 422
    assert ada.post("/account/profile", told | {"name": "A\u200bda"}, page="/account/profile").status_code == 303
    assert shop.rows(Customer)[0].name == "Ada"


def test_only_where_a_method_can_be_saved_is_it_said(shop: Shop):
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    page = ada.get("/account/subscriptions/1/renewal").text
    assert "No payment method is saved. Keep the card when you pay" in page
    assert 'href="/account/payment-methods">Payment methods</a></p>' not in page
