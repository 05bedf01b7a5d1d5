"""A cart of several plans: filled, changed, put back, priced with its tax, and ordered as one."""

import re
from importlib.metadata import entry_points

import pytest
from sqlalchemy import select
from web_shop import BOX, Browser, Shop, open_shop
from white_label import WhiteLabel

from apps import close_app
from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.documents import Document
from billhead.models.fraud import FraudCase
from billhead.models.operations import Notice
from billhead.models.payments import PaymentAttempt
from billhead.models.people import Customer
from billhead.models.sellers import Seller, TaxRegistration
from billhead.models.shops import Shop as ResellerShop
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import PluginHost

MONTH = {"term": "1 month"}


def put(browser: Browser, plan: str, term: str = "1 month", **more: str) -> None:
    answer = browser.post(f"/plans/{plan}", {"term": term, **more})
    assert answer.status_code == 303, answer.text


def keys(browser: Browser) -> list[str]:
    return re.findall(r'action="/cart/([0-9a-f]{8})/remove"', browser.get("/cart").text)


def plan_id(shop: Shop, code: str) -> int:
    return shop.rows(Plan, Plan.code == code)[0].id


def price_of(shop: Shop, code: str, term: str = "1 month") -> Price:
    books = shop.rows(PriceBook, PriceBook.currency == "EUR")
    return shop.rows(Price, Price.plan_id == plan_id(shop, code), Price.term == term, Price.book_id == books[0].id)[0]


def sent(page: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def shown_total(page: str) -> str:
    return re.search(r'class="total"><th scope="row">Total</th><td class="num">([^<]+)<', page)[1]


def test_several_plans_are_one_order_with_one_payment_and_every_line_is_followed(any_shop: Shop):
    shop, ada = any_shop, any_shop.visitor()
    put(ada, "basic", **{"addon-screen": "2"})
    put(ada, "box", mac=BOX)
    put(ada, "basic", "12 months")
    cart = ada.get("/cart").text
    # 9.99 + 2 × 3.00, 9.99 and 100.00
    assert shown_total(cart) == "€125.98"
    assert "Then €15.99 per month, if you go on" in cart
    assert "Then €100.00 per 12 months, if you go on" in cart
    assert '<span class="count">3' in cart
    signed = ada.post(
        "/sign-up", {"name": "Ada", "email": "ada@example.com", "password": "analytical engine", "country": "FI"}
    )
    assert signed.status_code == 303
    asked = ada.get("/checkout").text
    assert "Order and pay €125.98" in asked
    told = {"account": shop.accounts["cards"], "seen": sent(asked, "seen"), "_key": sent(asked, "_key")}
    assert ada.post("/checkout", told).location.startswith("/pay/")
    (paper,) = shop.rows(Document)
    assert (paper.kind, paper.total_minor, len(shop.rows(Subscription))) == ("proforma", 12598, 3)
    assert (shop.attempt().amount_minor, len(shop.rows(PaymentAttempt))) == (12598, 1)
    assert [notice.kind for notice in shop.rows(Notice)].count("ordered") == 1
    assert {(one.plan, one.amount_minor) for one in shop.rows(FraudCase)} == {("basic", 12598), ("box", 12598)}
    shop.pay()
    page = ada.get("/orders/1").text
    assert "How far each is" in page
    shop.work()
    page = ada.get("/orders/1").text
    assert page.count('data-tone="good">ready') == 3
    listed = ada.get("/account/orders").text
    assert listed.count("Order 1") == 1
    assert "and 2 more" in listed
    assert {one.state for one in shop.rows(Subscription)} == {"active"}
    sam = shop.person("staff", "sam@example.com", "*")
    assert "+ 2" in sam.get("/admin/orders").text


def test_an_order_is_as_far_as_the_plan_that_stands_still(any_shop: Shop):
    shop, ada = any_shop, any_shop.customer()
    put(ada, "basic")
    put(ada, "basic")
    ada.post("/checkout", {"account": shop.accounts["cards"]})
    shop.pay()
    shop.work()
    assert "Everything is ready" in ada.get("/orders/1").text
    failed = {"in_review": False, "observed_at": None, "sync": "failed"}
    for line, step in (({"in_review": True}, "being checked"), (failed, "delayed")):
        shop.change(Service, 2, **line)
        page = ada.get("/orders/1").text
        assert f">{step}</span>" in page
        assert 'data-tone="good">ready' in page, "the other one runs"
        assert "Everything is ready" not in page


def test_taken_out_changed_and_emptied_is_put_back(shop: Shop):
    browser = shop.visitor()
    put(browser, "basic")
    put(browser, "box", mac=BOX)
    first, second = keys(browser)
    browser.post(f"/cart/{first}/remove", {"name": "Basic"})
    cart = browser.get("/cart").text
    assert "Basic was removed." in cart
    assert keys(browser) == [second]
    browser.post("/cart/undo", page="/cart")
    assert keys(browser) == [first, second]
    assert "was removed" not in browser.get("/cart").text
    form = browser.get(f"/plans/basic?change={first}").text
    assert "Change it in the cart" in form
    put(browser, "basic", "12 months", change=first)
    cart = browser.get("/cart").text
    assert "Basic was changed." in cart
    assert shown_total(cart) == "€109.99"
    browser.post("/cart/undo", page="/cart")
    assert shown_total(browser.get("/cart").text) == "€19.98"
    browser.post("/cart/empty", page="/cart")
    cart = browser.get("/cart").text
    assert "Your cart is empty" in cart
    assert "The cart was emptied." in cart
    browser.post("/cart/undo", page="/cart")
    assert keys(browser) == [first, second]
    assert browser.post("/cart/00000000/remove", {}).location == "/cart"
    browser.post(f"/cart/{second}/remove", {"name": "Basic for boxes"})
    put(browser, "basic")
    assert "Undo" not in browser.get("/cart").text, "it would take out what was put in since"


def test_a_form_sent_twice_puts_in_one_plan_and_one_gone_back_to_another(shop: Shop):
    browser = shop.visitor()
    for box in (BOX, BOX, "00:1A:79:AA:BB:02"):
        put(browser, "box", mac=box, _key="a" * 32)
    assert len(keys(browser)) == 2
    twice = browser.post("/plans/box", {**MONTH, "mac": BOX})
    assert twice.status_code == 422
    assert "This box stands in your cart already" in twice.text


def test_the_cart_has_bounds_and_its_cookie_too(shop: Shop):
    shop.change(Plan, plan_id(shop, "basic"), details={**shop.rows(Plan)[0].details, "max_units": 3})
    browser = shop.visitor()
    assert browser.post("/plans/basic", {**MONTH, "quantity": "4"}).status_code == 422
    for number in range(10):
        put(browser, "box", mac=f"00:1A:79:AA:BB:{number:02X}")
    full = browser.post("/plans/basic", MONTH)
    assert full.status_code == 422
    assert "At most 10 plans fit into one order" in full.text
    browser.post(f"/cart/{keys(browser)[0]}/remove", {"name": "Basic for boxes"})
    assert len(browser.client.get_cookie("billhead").value) < 3800, "browsers drop what is larger than 4096"


def test_a_plan_that_stands_in_the_cart_twice_is_looked_up_once(shop: Shop):
    browser = shop.visitor()
    for term in ("1 month", "12 months", "1 month"):
        put(browser, "basic", term)
    with shop.asking() as seen:
        cart = browser.get("/cart").text
    assert shown_total(cart) == "€119.98"  # 9.99 + 100.00 + 9.99
    assert sum("ORDER BY bouquet.name" in one for one in seen) == 1


def test_a_second_trial_stands_in_no_cart(shop: Shop):
    basic = shop.rows(Plan, Plan.code == "basic")[0]
    shop.change(Plan, basic.id, details={**basic.details, "once_per_customer": True})
    shop.change(Price, price_of(shop, "basic").id, trial_term="3 days", trial_minor=100)
    ada = shop.customer()
    put(ada, "basic", "1 month|trial")
    assert "Then €9.99 per month, if you go on" in ada.get("/cart").text
    again = ada.post("/plans/basic", {"term": "1 month|trial"})
    assert again.status_code == 422
    assert "This trial can be had once" in again.text
    put(ada, "basic")
    assert shown_total(ada.get("/cart").text) == "€10.99"
    assert ada.post("/checkout", {"account": shop.accounts["cards"]}).status_code == 303
    put(ada, "basic", "1 month|trial")
    put(ada, "basic", "12 months")
    refused = ada.post("/checkout", {"account": shop.accounts["cards"]})
    assert refused.status_code == 409
    assert len(shop.rows(Document)) == 1, "nothing of the second order is written"
    assert shop.rows(FraudCase, FraudCase.state == "refused")[0].trial


def test_what_is_sold_no_more_is_taken_out_and_said_and_the_rest_stays(shop: Shop):
    ada = shop.customer()
    put(ada, "basic")
    put(ada, "box", mac=BOX)
    asked = ada.get("/checkout").text
    shop.change(Plan, plan_id(shop, "basic"), retired=True)
    refused = ada.post("/checkout", {"account": shop.accounts["cards"], "seen": sent(asked, "seen")})
    assert refused.status_code == 409
    assert "Basic is not sold any more as you chose it" in refused.text
    assert "Order and pay €9.99" in refused.text
    assert shop.rows(Document) == []
    assert ada.post("/checkout", {"account": "", "seen": sent(refused.text, "seen")}).status_code == 303
    assert [one.plan_id for one in shop.rows(Subscription)] == [plan_id(shop, "box")]


def test_a_price_that_has_changed_is_said_and_asked_for_again(any_shop: Shop):
    shop, ada = any_shop, any_shop.customer()
    put(ada, "basic")
    asked = ada.get("/checkout").text
    shop.change(Price, price_of(shop, "basic").id, amount_minor=1099)
    refused = ada.post("/checkout", {"account": shop.accounts["cards"], "seen": sent(asked, "seen")})
    assert refused.status_code == 409
    assert "has changed since this page was shown" in refused.text
    assert "it was €9.99, and is €10.99 now" in refused.text
    assert shop.rows(Document) == []
    assert ada.post("/checkout", {"account": "", "seen": sent(refused.text, "seen")}).status_code == 303
    assert shop.rows(Document)[0].total_minor == 1099


def test_two_tabs_order_what_the_one_shows_that_is_sent(shop: Shop):
    ada = shop.customer()
    put(ada, "basic")
    one_tab = ada.get("/checkout").text
    put(ada, "box", mac=BOX)
    refused = ada.post("/checkout", {"account": shop.accounts["cards"], "seen": sent(one_tab, "seen")})
    assert refused.status_code == 409
    assert "Order and pay €19.98" in refused.text
    assert shop.rows(Document) == []


def test_the_form_sent_again_after_paying_orders_nothing(shop: Shop):
    ada = shop.customer()
    put(ada, "basic")
    asked = ada.get("/checkout").text
    told = {"account": shop.accounts["cards"], "seen": sent(asked, "seen"), "_key": sent(asked, "_key")}
    ada.post("/checkout", told)
    shop.pay()
    shop.work()
    again = ada.post("/checkout", told)
    assert again.location == "/orders/1"
    assert "nothing was ordered twice" in ada.get("/orders/1").text
    assert ada.get("/checkout").location == "/cart"
    assert 'href="/orders/1"' in ada.get("/cart").text
    assert len(shop.rows(Subscription)) == 1


def test_another_currency_keeps_what_is_not_sold_in_it(shop: Shop):
    browser = shop.visitor()
    put(browser, "basic")
    put(browser, "box", mac=BOX)
    browser.post("/currency", {"currency": "JPY"})
    cart = browser.get("/cart").text
    assert shown_total(cart) == "¥1,600"
    assert "It is not sold in this currency" in cart
    assert "The price has changed" not in cart
    browser.post("/currency", {"currency": "EUR"})
    assert shown_total(browser.get("/cart").text) == "€19.98"


def test_a_cart_is_its_shops_alone(white_label: WhiteLabel):
    white_label.host("aurora", "tv.aurora.example")
    browser = white_label.shop.visitor()
    put(browser, "basic")
    at_path = white_label.visitor("aurora")
    at_path.client = browser.client
    assert "Your cart is empty" in at_path.get("/cart").text
    at_path.post("/plans/basic", MONTH)
    assert "€25.00" in at_path.get("/cart").text
    assert "€9.99" in browser.get("/cart").text
    at_host = white_label.visitor("aurora", "tv.aurora.example")
    at_host.client = browser.client
    assert "Your cart is empty" in at_host.get("/cart").text
    with browser.client.session_transaction() as kept:
        kept["cart"] = {**kept["cart"], "seller": 999}
    assert "Your cart is empty" in browser.get("/cart").text


@pytest.fixture
def taxed(database_url, tmp_path, request):
    """A shop of Helsinki behind a proxy that names countries, with the taxes of the union."""
    shop = open_shop(database_url, tmp_path / "home", country_header="CF-IPCountry")
    with shop.app.app_context():
        points = [point for point in entry_points(group="billhead.plugins") if point.name == "eu_vat"]
        shop.app.extensions["billhead"].plugins._plugins["eu_vat"] = PluginHost.load(points).get("eu_vat")
        with writing(Context.system("test")) as tx:
            seller = tx.session.scalar(select(Seller))
            seller.tax_engine, seller.vat_id = "eu_vat", "FI01234562"
            for jurisdiction, scheme in (("FI", "domestic"), ("EU", "oss")):
                tx.session.add(TaxRegistration(seller_id=seller.id, jurisdiction=jurisdiction, scheme=scheme))
    yield shop
    close_app(shop.app)


@pytest.mark.parametrize(
    ("inclusive", "total", "tax"),
    [
        # half of 5.00 + 9.99 and half of 9.99: 7.49 + 4.99
        (True, "€12.48", "Included: Tax (19\u00a0%)"),
        # and 19 % of 2.50, 4.99 and 4.99: 0.48 + 0.95 + 0.95
        (False, "€14.86", "Tax (19\u00a0%)"),
    ],
)
def test_the_tax_is_guessed_then_certain_and_the_total_is_the_papers(taxed: Shop, inclusive, total, tax):
    shop = taxed
    for book in shop.rows(PriceBook):
        shop.change(PriceBook, book.id, tax_inclusive=inclusive)
    shop.change(Price, price_of(shop, "basic").id, setup_minor=500)
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        create_coupon(tx, shop.seller_id, NewCoupon("HALF", "percent", percent_ppm=500_000, cycles=1))
    browser = shop.visitor()
    put(browser, "basic")
    put(browser, "box", mac=BOX)
    browser.post("/cart/coupon", {"coupon": "half"}, page="/cart")
    from_germany = {"headers": {"CF-IPCountry": "DE"}}
    guessed = browser.get("/cart", **from_germany).text
    assert "Tax is estimated for Germany." in guessed
    assert tax in guessed
    assert "Taken off by coupons" in guessed
    assert "Tax is estimated for Finland." in browser.get("/cart").text
    told = {"name": "Ada", "email": "ada@example.com", "password": "analytical engine", "country": "DE"}
    assert browser.post("/sign-up", told).status_code == 303
    asked = browser.get("/checkout", **from_germany).text
    assert "estimated" not in asked
    assert tax in asked
    assert shown_total(asked) == shown_total(guessed) == total
    placed = browser.post("/checkout", {"account": shop.accounts["cards"], "seen": sent(asked, "seen")}, **from_germany)
    assert placed.status_code == 303
    with shop.app.app_context(), reading() as session:
        paper = session.scalars(select(Document)).one()
    assert f"€{paper.total_minor / 100:.2f}" == total
    assert shop.attempt().amount_minor == paper.total_minor


def test_only_the_form_of_the_order_is_told_that_it_is_placed(shop: Shop):
    ada = shop.customer()
    put(ada, "basic")
    asked = ada.get("/checkout").text
    told = {"account": shop.accounts["cards"], "seen": sent(asked, "seen"), "_key": sent(asked, "_key")}
    ada.post("/checkout", told)
    put(ada, "box", mac=BOX)
    another = sent(ada.get("/checkout").text, "_key")
    ada.post("/cart/empty", page="/cart")
    for key in ({"_key": another}, {}):
        assert ada.post("/checkout", {**told, "_key": "", **key}).location == "/cart"
    put(ada, "basic")
    assert ada.post("/checkout", told).location == "/orders/1"
    assert len(keys(ada)) == 1, "what was chosen since waits"
    assert len(shop.rows(Document)) == 1


def test_what_is_not_licensed_where_they_live_stays_and_stops_the_order(any_shop: Shop):
    shop, ada = any_shop, any_shop.customer()
    put(ada, "basic")
    put(ada, "box", mac=BOX)
    asked = ada.get("/checkout").text
    shop.change(Plan, plan_id(shop, "box"), country_rule="only", countries=["DE"])
    cart = ada.get("/cart").text
    assert "Basic for boxes is licensed only in DE, and not in FI." in cart
    assert "Remove what can" in cart
    assert 'href="/checkout"' not in cart
    assert ada.get("/checkout").location == "/cart"
    assert ada.post("/checkout", {"account": "", "seen": sent(asked, "seen")}).location == "/cart"
    assert shop.rows(Document) == []
    box = keys(ada)[1]
    ada.post(f"/cart/{box}/remove", {"name": "Basic for boxes"}, page="/cart")
    asked = ada.get("/checkout").text
    assert "Order and pay €9.99" in asked
    ada.post("/cart/undo", page="/cart")
    shop.change(Plan, plan_id(shop, "box"), country_rule="", countries=[])
    assert "Order and pay €19.98" in ada.get("/checkout").text


def test_what_has_no_price_for_a_customer_stays_with_why(shop: Shop):
    browser = shop.visitor()
    put(browser, "basic")
    book = shop.rows(PriceBook, PriceBook.currency == "EUR")[0]
    shop.customer("ada@example.com", country="DE")
    browser.sign_in("ada@example.com")
    shop.change(PriceBook, book.id, country="FI")
    cart = browser.get("/cart").text
    assert "be ordered with your address." in cart
    shop.change(PriceBook, book.id, country="")
    customer = shop.rows(Customer)[0]
    shop.change(Customer, customer.id, currency="SEK")
    assert "It is not sold in this currency." in browser.get("/cart").text
    shop.change(Customer, customer.id, currency="EUR")
    basic = shop.rows(Plan, Plan.code == "basic")[0]
    shop.change(Plan, basic.id, details={**basic.details, "min_units": 2, "max_units": 3})
    assert "be ordered now as you chose it." in browser.get("/cart").text
    shop.change(Plan, basic.id, details=basic.details)
    assert shown_total(browser.get("/cart").text) == "€9.99"


def test_a_shop_that_is_closed_for_an_hour_keeps_its_carts(white_label: WhiteLabel):
    browser = white_label.visitor("aurora")
    browser.post("/plans/basic", MONTH)
    (opened,) = white_label.shop.rows(ResellerShop, ResellerShop.seller_id == white_label.sellers["aurora"])
    white_label.shop.change(ResellerShop, opened.seller_id, state="closed")
    closed = browser.get("/cart").text
    assert "This shop is closed." in closed
    assert "not sold any more" not in closed
    white_label.shop.change(ResellerShop, opened.seller_id, state="open")
    assert shown_total(browser.get("/cart").text) == "€25.00"


def test_the_only_plan_is_taken_out_and_can_be_put_back(shop: Shop):
    browser = shop.visitor()
    put(browser, "basic")
    shop.change(Plan, plan_id(shop, "basic"), retired=True)
    cart = browser.get("/cart").text
    assert "Basic is not sold any more as you chose it" in cart
    assert "Your cart is empty" in cart
    assert "Empty the cart" not in cart
    shop.change(Plan, plan_id(shop, "basic"), retired=False)
    browser.post("/cart/undo", page="/cart")
    assert shown_total(browser.get("/cart").text) == "€9.99"


def test_a_cart_and_its_undo_are_nobody_elses_when_a_login_has_ended(shop: Shop):
    shop.customer("bob@example.com")
    ada = shop.visitor()
    put(ada, "basic")
    put(ada, "box", mac=BOX)
    ada.post(f"/cart/{keys(ada)[0]}/remove", {"name": "Basic"})
    told = {"name": "Ada", "email": "ada@example.com", "password": "analytical engine", "country": "FI"}
    ada.post("/sign-up", told)
    assert len(keys(ada)) == 1, "what a visitor has chosen is theirs when they sign in"
    ada.client.delete_cookie("billhead_login")
    cart = ada.get("/cart").text
    assert "Your cart is empty" in cart
    assert "Undo" not in cart
    assert '<span class="count">' not in cart
    ada.sign_in("bob@example.com")
    cart = ada.get("/cart").text
    assert "Your cart is empty" in cart
    assert "Undo" not in cart
    assert ada.post("/cart/undo", page="/cart").location == "/cart"
    assert keys(ada) == []


def test_a_number_of_an_add_on_is_a_number(shop: Shop):
    browser = shop.visitor()
    for number in ("9" * 5000, "-1", "two", "\u0662"):
        refused = browser.post("/plans/basic", {**MONTH, "addon-screen": number})
        assert refused.status_code == 422, number
        assert "can be had at most" in refused.text
    put(browser, "basic", **{"addon-screen": ""})
    assert shown_total(browser.get("/cart").text) == "€9.99"


def test_a_refused_coupon_shows_the_cart_as_it_is(shop: Shop):
    browser = shop.visitor()
    put(browser, "basic")
    put(browser, "box", mac=BOX)
    put(browser, "basic")
    browser.post(f"/cart/{keys(browser)[0]}/remove", {"name": "Basic"})
    for status in [422] * 20 + [429]:
        refused = browser.post("/cart/coupon", {"coupon": "NONE"}, page="/plans/basic")
        assert refused.status_code == status
        assert "Basic was removed." in refused.text
    shop.change(Plan, plan_id(shop, "box"), retired=True)
    refused = browser.post("/cart/coupon", {"coupon": "NONE"}, page="/plans/basic")
    assert refused.status_code == 429
    assert "Basic for boxes is not sold any more" in refused.text
    assert "not sold in this currency" not in refused.text
    assert shown_total(refused.text) == "€9.99"
