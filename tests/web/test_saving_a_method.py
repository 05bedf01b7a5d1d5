"""A customer saves a card on their own page: there, to Stripe, and back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fake_stripe import KEY, SECRET, FakeStripe
from web_shop import PASSWORD, Browser

from billhead.models.payments import GatewayAccount, MethodSaving
from billhead.testing.paying_shop import open_paying_shop


@pytest.fixture
def stripe():
    with FakeStripe() as stripe:
        yield stripe
    assert stripe.wrong == [], "Stripe's description does not allow it"


@pytest.fixture
def shop(stripe, tmp_path):
    settings = {"api_key": KEY, "webhook_secret": SECRET, "url": stripe.url, "timeout_seconds": 5}
    with open_paying_shop(tmp_path, "stripe", settings) as shop:
        yield shop


def customer(shop, email="ada@example.com"):
    """A browser of somebody who has just signed up."""
    client = shop.app.test_client()
    real = client.open

    def apart(*args, **more):
        """In a thread of its own, as a server does: the shop's context, which is open here, would be the request's."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(real, *args, **more).result()

    client.open = apart
    browser = Browser(client)
    told = {"name": "Ada Lovelace", "email": email, "password": PASSWORD, "country": "FI"}
    assert browser.post("/sign-up", told).status_code == 303
    return browser


def test_there_and_back(shop, stripe):
    ada = customer(shop)
    page = ada.get("/account/payment-methods").text
    assert "Add one by Account" in page
    on = ada.post(f"/account/payment-methods/add/{shop.account}")
    assert on.status_code == 303
    leads = ada.get(on.location).text
    (session,) = stripe.all("checkout.session")
    assert session["url"] in leads
    back = session["success_url"].removeprefix("https://shop.example")
    assert "is not saved yet" in ada.get(back, follow_redirects=True).text
    stripe.save(session["id"])
    text = ada.get(back, follow_redirects=True).text
    assert "Saved. It is used for renewals" in text
    assert "Visa •••• 4242" in text
    assert "Saved. It is used" in ada.get(back, follow_redirects=True).text, "coming back twice does no harm"
    assert ada.get(on.location).status_code == 303, "that page is done with"


def test_what_is_somebody_elses_is_not_found(shop, stripe):
    ada = customer(shop)
    ada.post(f"/account/payment-methods/add/{shop.account}")
    (saving,) = [row.id for row in shop.rows(MethodSaving)]
    eve = customer(shop, "eve@example.com")
    for path in (f"/account/payment-methods/adding/{saving}", f"/account/payment-methods/added/{saving}"):
        assert eve.get(path).status_code == 404
    assert eve.post("/account/payment-methods/add/999").status_code == 404


def test_when_stripe_is_away_nothing_happens(shop, stripe):
    ada = customer(shop)
    stripe.fault("POST", "html", count=9)
    answer = ada.post(f"/account/payment-methods/add/{shop.account}", follow_redirects=True)
    assert "Nothing was charged" in answer.text


def test_where_no_account_saves_without_a_payment_nothing_is_offered(shop):
    shop.act(lambda tx: setattr(tx.session.get_one(GatewayAccount, shop.account), "enabled", False))
    assert "Add one by" not in customer(shop).get("/account/payment-methods").text
