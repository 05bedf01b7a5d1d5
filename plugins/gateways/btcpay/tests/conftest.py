"""A BTCPay Server of our own for each test, the gateway's account at it, and what its messages say."""

import pytest
from fake_btcpay import KEY, SECRET, STORE, FakeBTCPay

from billhead.plugin import GatewayConnection, GatewayUnreachable, HttpClient, OutcomeUnknown
from billhead.testing import GatewayConformance
from billhead_btcpay.gateway import BTCPay
from billhead_btcpay.settings import BTCPaySettings


@pytest.fixture
def btcpay():
    with FakeBTCPay() as btcpay:
        yield btcpay
    assert btcpay.wrong == [], "BTCPay Server's description does not allow it"


@pytest.fixture
def account(btcpay):
    settings = BTCPaySettings(btcpay.url, STORE, KEY, SECRET, timeout_seconds=10)
    http = HttpClient("btcpay", timeout_seconds=10, unreachable=GatewayUnreachable, unknown=OutcomeUnknown)
    yield GatewayConnection("btcpay", settings, http, "https://shop.example/callbacks/token")
    http.close()


@pytest.fixture
def gateway():
    return BTCPay()


@pytest.fixture
def attempt():
    return GatewayConformance().new_attempt()
