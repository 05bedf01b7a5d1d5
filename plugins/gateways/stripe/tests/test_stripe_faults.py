"""Stripe's column of the fault matrix: the whole shop around the gateway, and what must come of each fault."""

import pytest
from fake_stripe import KEY, SECRET, Card

from billhead.plugin import RawCallback, SavedMethod
from billhead.testing import GatewayFaults, PayingProvider, clock


class StripeDriver(PayingProvider):
    """Drives the stand-in: a page is paid with a good card, and each event is about the payment, or the page."""

    def __init__(self, stripe):
        self.stripe = stripe
        self.settings = {"api_key": KEY, "webhook_secret": SECRET, "url": stripe.url, "timeout_seconds": 5}

    def pay(self, attempt):
        (page,) = self._pages(attempt)
        self.stripe.pay(page["id"])

    def tells(self, attempt, event):
        intents = self._intents(attempt)
        what = ("payment_intent", intents[0]["id"]) if intents else ("checkout.session", self._pages(attempt)[0]["id"])
        body = self.stripe.event(*what, event_id=f"{event}-{attempt.key}")
        return RawCallback("/callbacks/token", "", self.stripe.headers(body), body, clock.now())

    def misreports(self, attempt, minor, currency, reference):
        (intent,) = self._intents(attempt)
        intent |= {"amount_received": minor, "currency": currency.lower()}
        intent["metadata"] = {**intent["metadata"], "billhead_reference": reference}
        for page in self._pages(attempt):
            page["client_reference_id"] = reference
        return True

    def moved(self, attempt):
        return self.stripe.charges(attempt.key)

    def returned(self, attempt):
        return len(self.stripe.all("refund"))

    def saved(self):
        wish = {"name": "Ada Example", "email": "ada@example.org", "metadata": {"billhead_reference": "customer-1"}}
        customer = self.stripe.answer("POST", "/v1/customers", wish)["id"]
        return SavedMethod(f"{customer}/{self.stripe.card(Card(), customer)}", "Visa •••• 4242", "2030-08")

    def forget_payer(self, attempt):
        self.stripe.rows["customer"].clear()

    def _pages(self, attempt):
        pages = self.stripe.all("checkout.session")
        return [page for page in pages if page["metadata"]["billhead_reference"] == attempt.key]

    def _intents(self, attempt):
        intents = self.stripe.all("payment_intent")
        pages = {page["payment_intent"] for page in self._pages(attempt)}
        return [one for one in intents if one["id"] in pages]


class TestStripeFaults(GatewayFaults):
    gateway = "stripe"

    @pytest.fixture
    def provider(self, stripe):
        return StripeDriver(stripe)
