"""A PayPal of our own for each test, the gateway's account at it, and what its callbacks say."""

import pytest
from fake_paypal import CLIENT, SECRET, WEBHOOK, FakePayPal

from billhead.plugin import GatewayConnection, GatewayUnreachable, HttpClient, OutcomeUnknown
from billhead.testing import GatewayConformance
from billhead_paypal.gateway import PayPal
from billhead_paypal.settings import PayPalSettings


@pytest.fixture
def paypal():
    with FakePayPal() as paypal:
        yield paypal
    assert paypal.wrong == [], "PayPal's description does not allow it"
    assert paypal.keyless == [], "a write without a key, or with one that is too long"


@pytest.fixture
def account(paypal):
    settings = PayPalSettings(CLIENT, SECRET, WEBHOOK, url=paypal.url, timeout_seconds=10)
    http = HttpClient("paypal", timeout_seconds=10, unreachable=GatewayUnreachable, unknown=OutcomeUnknown)
    yield GatewayConnection("paypal", settings, http, "https://shop.example/callbacks/token")
    http.close()


@pytest.fixture
def gateway():
    return PayPal()


@pytest.fixture
def attempt():
    return GatewayConformance().new_attempt()


@pytest.fixture
def told(paypal, account, gateway):
    """What a callback about an object says: `told("PAYMENT.CAPTURE.COMPLETED", "capture", "3C6…")`."""

    def tell(kind, about, name, **more):
        return gateway.parse_callback(account, paypal.callback(kind, about, name, **more))

    return tell
