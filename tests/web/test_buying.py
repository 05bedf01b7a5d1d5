"""From the plans to the first evening: choose, sign up, pay, watch. And every way in which that can go wrong."""

import re

from sqlalchemy import func, select
from web_shop import BOX, Shop

from apps import with_web
from billhead.db import reading
from billhead.domain.creditor_reference import About, Reference, references_in
from billhead.models.catalogue import Plan
from billhead.models.payments import GatewayAccount, Payment, PaymentMethod
from billhead.models.subscriptions import Subscription
from billhead.plugin import AttemptState, Money, Outcome
from billhead.plugin_host import plugins


def test_a_visitor_becomes_a_watching_customer(any_shop: Shop):
    browser = any_shop.visitor()
    assert "€9.99" in browser.get("/").text
    browser.post("/plans/basic", {"term": "1 month"})
    assert "€9.99" in browser.get("/cart").text
    asked = browser.get("/checkout")
    assert asked.location == "/sign-up?next=/checkout"

    entered = browser.post(
        asked.location,
        {"name": "Ada Lovelace", "email": "Ada@Example.com", "password": "analytical engine", "country": "FI"},
    )
    assert entered.location == "/checkout"
    assert "Order and pay €9.99" in browser.get("/checkout").text

    ordered = browser.post("/checkout", {"account": any_shop.accounts["cards"]})
    led_on = browser.get(ordered.location)
    there = f"https://pay.example/{any_shop.attempt().key}"
    assert f'<meta http-equiv="refresh" content="0; url={there}">' in led_on.text
    assert "form-action 'self'" in led_on.headers["Content-Security-Policy"]

    waiting = browser.get("/pay/1/return")
    assert "Waiting for the payment" in waiting.text
    assert 'data-look="/pay/1/return?looks=1" data-look-every="2"' in waiting.text
    assert '<a href="/pay/1/return?looks=1">Look again</a>' in waiting.text
    assert "http-equiv" not in waiting.text

    assert any_shop.pay().data == b"OK"
    any_shop.work()
    led = browser.get("/pay/1/return?looks=1", headers={"X-Look": "1"})
    assert (led.status_code, led.headers["X-Leads-To"], led.location) == (204, "/account/", None)
    arrived = browser.get("/account/")
    assert arrived.text.count("your payment has arrived") == 1, "what the script asked for said it to nobody"
    assert 'data-tone="good">active</span>' in arrived.text

    access = browser.get("/account/subscriptions/1").text
    assert re.search(r"http://tv\.example:8080/get\.php\?username=u\w{9}&amp;password=\w{12}&amp;type=m3u_plus", access)


def test_what_costs_nothing_is_active_at_once(shop: Shop):
    browser = shop.customer()
    done = shop.order(browser, "gift")
    assert done.location == "/account/"
    shop.work()
    assert "active</span>" in browser.get("/account/").text


def test_a_double_click_orders_once(shop: Shop):
    browser = shop.customer()
    browser.post("/plans/basic", {"term": "1 month"})
    cart = browser.client.get_cookie("billhead").value
    sent = {"account": str(shop.accounts["cards"]), "_key": "0" * 31 + "1"}
    first = browser.post("/checkout", sent)
    browser.client.set_cookie("billhead", cart)  # the second click was sent before the first was answered
    second = browser.post("/checkout", sent)
    assert first.status_code == 303
    assert second.status_code == 303
    with shop.app.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Subscription)) == 1


def test_a_declined_card_leads_to_another_try(shop: Shop):
    browser = shop.customer()
    shop.order(browser)
    shop.pay("failed")
    shop.work()
    assert "The payment did not go through" in browser.get("/pay/1/return").text
    again = browser.post("/pay/1", {"account": shop.accounts["cards"]})
    assert shop.attempt().number == 2
    assert f"https://pay.example/{shop.attempt().key}" in browser.get(again.location).text


def test_when_the_payer_is_back_the_gateway_is_asked_at_once(shop: Shop, monkeypatch):
    """Some take the money only when they are asked. A page that waits asks no more."""
    browser = shop.customer()
    shop.order(browser)
    asked = []
    with shop.app.app_context():
        gateway = type(plugins().gateway("cards"))

    def lookup(_, account, attempt):
        asked.append(attempt.key)
        return Outcome(AttemptState.SUCCEEDED, attempt.key, attempt.amount)

    monkeypatch.setattr(gateway, "lookup", lookup)
    browser.get("/pay/1/return?looks=1")
    shop.work()
    assert asked == []
    for _ in range(2):
        assert "Waiting for the payment" in browser.get("/pay/1/return").text
    shop.work()
    assert asked == [shop.attempt().key]
    assert (shop.attempt().state, shop.attempt().looks) == ("succeeded", 0)
    assert "your payment has arrived" in browser.get("/pay/1/return", follow_redirects=True).text


def test_who_paid_less_than_is_due_is_asked_for_the_rest(shop: Shop, monkeypatch):
    browser = shop.customer()
    shop.order(browser)
    with shop.app.app_context():
        gateway = type(plugins().gateway("cards"))
    came = Outcome(AttemptState.SUCCEEDED, "inv1", Money(500, "EUR"), as_paid=True)
    monkeypatch.setattr(gateway, "lookup", lambda *_: came)
    browser.get("/pay/1/return")
    shop.work()
    rest = browser.get("/pay/1/return", follow_redirects=True)
    assert rest.request.path == "/pay/1"
    assert "less than what is due" in rest.text
    assert "Pay €4.99" in rest.text  # 9.99 less 5.00, which is credit until the order is paid
    browser.post("/pay/1", {"account": shop.accounts["cards"]})
    shop.pay()
    shop.work()
    assert "your payment has arrived" in browser.get("/pay/1/return", follow_redirects=True).text


def test_a_method_that_the_gateway_tells_after_the_money_is_kept_once(shop: Shop):
    browser = shop.customer()
    shop.order(browser)
    for event, more in (("evt_1", {}), ("evt_2", {"save": True}), ("evt_3", {"save": True})):
        shop.pay(event=event, **more)
        shop.work()
    with shop.app.app_context(), reading() as session:
        assert session.scalars(select(PaymentMethod.label)).all() == ["Visa •••• 4242"]
        assert session.get_one(Subscription, 1).collection == "auto"
        assert session.scalar(select(func.count()).select_from(Payment)) == 1


def test_a_gateway_that_is_down_keeps_the_order(shop: Shop):
    shop.change(GatewayAccount, shop.accounts["cards"], settings={"page": "down"})
    browser = shop.customer()
    answer = shop.order(browser)
    assert answer.status_code == 503
    assert "Nothing was charged" in answer.text
    assert "Bank transfer" in answer.text
    assert "Pay €9.99 to start it" in browser.get("/account/").text


def test_a_transfer_shows_where_to_send_the_money(shop: Shop):
    browser = shop.customer()
    answer = shop.order(browser, account=str(shop.accounts["transfer"]))
    shown = browser.get(answer.location).text
    assert "FI21 1234 5600 0007 85" in shown
    assert Reference(About.DOCUMENT, 1) in references_in(shown)
    assert browser.get("/pay/1/return").location == answer.location


def test_a_shop_without_payments_still_takes_the_order(shop: Shop):
    for account_id in shop.accounts.values():
        shop.change(GatewayAccount, account_id, enabled=False)
    browser = shop.customer()
    browser.post("/plans/basic", {"term": "1 month"})
    assert "No way to pay online yet" in browser.get("/checkout").text
    placed = browser.post("/checkout", {})
    assert "takes no online payments in EUR" in browser.get(placed.location).text


def test_a_box_needs_its_mac_in_any_spelling(shop: Shop):
    browser = shop.customer()
    assert browser.post("/plans/box", {"term": "1 month"}).status_code == 422
    wrong = browser.post("/plans/box", {"term": "1 month", "mac": "00:1A:79:AA"})
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    assert browser.post("/plans/box", {"term": "1 month", "mac": "001a.79aa.bb01"}).status_code == 303
    assert BOX in browser.get("/cart").text


def test_a_box_that_somebody_else_has_is_said_at_checkout(shop: Shop):
    shop.order(shop.customer(), "box", mac=BOX)
    refused = shop.order(shop.customer("bob@example.com"), "box", mac=BOX)
    assert refused.status_code == 422
    assert f"{BOX} belongs to another box" in refused.text
    assert "Change the order" in refused.text


def test_an_addon_is_counted_in(shop: Shop):
    browser = shop.visitor()
    browser.post("/plans/basic", {"term": "1 month", "addon-screen": "2"})
    assert "€15.99" in browser.get("/cart").text  # 9.99 + 2 × 3.00
    assert browser.post("/plans/basic", {"term": "1 month", "addon-screen": "3"}).status_code == 422
    assert browser.post("/plans/basic", {"term": "12 months", "addon-screen": "1"}).status_code == 422


def test_prices_in_another_currency(shop: Shop):
    browser = shop.visitor()
    assert browser.post("/currency", {"currency": "JPY", "back": "/plans/basic"}).location == "/plans/basic"
    assert "¥1,600" in browser.get("/").text
    assert browser.post("/currency", {"currency": "XXX", "back": "//evil.example"}).location == "/"
    assert "¥1,600" in browser.get("/").text


def test_what_is_not_sold_is_no_dead_end(shop: Shop):
    browser = shop.visitor()
    for code in ("old", "screen", "never-was"):
        answer = browser.get(f"/plans/{code}")
        assert answer.status_code == 404
        assert "See all plans" in answer.text
    assert "Hidden" not in browser.get("/").text
    assert browser.get("/plans/hidden").status_code == 200  # not listed, but who has the link may buy it


def test_a_plan_that_is_retired_while_it_is_in_the_cart(shop: Shop):
    browser = shop.customer()
    browser.post("/plans/basic", {"term": "1 month"})
    with shop.app.app_context(), reading() as session:
        plan_id = session.scalars(select(Plan.id).where(Plan.code == "basic")).one()
    shop.change(Plan, plan_id, retired=True)
    assert browser.get("/checkout").location == "/cart"
    emptied = browser.get("/cart").text
    assert "not sold any more" in emptied
    assert "Your cart is empty" in emptied


def test_an_empty_cart_leads_to_the_plans(shop: Shop):
    browser = shop.customer()
    assert "Your cart is empty" in browser.get("/cart").text
    assert browser.get("/checkout").location == "/cart"
    assert browser.post("/checkout", {}).location == "/cart"


def test_a_cart_of_nonsense_is_dropped(shop: Shop):
    browser = shop.visitor()
    assert browser.post("/plans/basic", {"term": "1 eternity"}).status_code == 422
    with browser.client.session_transaction() as kept:
        kept["cart"] = {"plan": "basic", "colour": "red"}
    assert "Your cart is empty" in browser.get("/cart").text


def test_a_shop_that_is_not_set_up(app):
    answer = with_web(app).test_client().get("/")
    assert answer.status_code == 200
    assert "Opening soon" in answer.text
