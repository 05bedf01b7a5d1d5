"""A Stripe of our own for each test, the gateway's account at it, and callbacks as it signs them."""

import pytest
from fake_stripe import KEY, SECRET, FakeStripe

from billhead.plugin import GatewayConnection, GatewayUnreachable, HttpClient, OutcomeUnknown, RawCallback
from billhead.testing import GatewayConformance, clock
from billhead_stripe.gateway import Stripe
from billhead_stripe.settings import StripeSettings


@pytest.fixture
def stripe():
    with FakeStripe() as stripe:
        yield stripe
    assert stripe.wrong == [], "Stripe's description does not allow it"
    assert stripe.keyless == [], "a write without a key, or with one that is too long"


@pytest.fixture
def account(stripe):
    settings = StripeSettings(KEY, SECRET, url=stripe.url, timeout_seconds=10)
    http = HttpClient("stripe", timeout_seconds=10, unreachable=GatewayUnreachable, unknown=OutcomeUnknown)
    yield GatewayConnection("stripe", settings, http, "https://shop.example/callbacks/token")
    http.close()


@pytest.fixture
def gateway():
    return Stripe()


@pytest.fixture
def attempt():
    return GatewayConformance().new_attempt()


@pytest.fixture
def told(stripe, account, gateway):
    """What an event about an object says: `told("payment_intent", "pi_1", "succeeded")`."""

    def tell(what, about, kind="updated", **signed):
        event = {name: signed.pop(name) for name in ("live", "event_id") if name in signed}
        body = stripe.event(what, about, kind=kind, **event)
        raw = RawCallback("/callbacks/token", "", stripe.headers(body, **signed), body, clock.now())
        return gateway.parse_callback(account, raw)

    return tell
