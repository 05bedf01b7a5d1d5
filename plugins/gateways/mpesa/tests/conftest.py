"""A Safaricom of our own for each test, and the gateway's account at it."""

from dataclasses import replace

import pytest
from fake_mpesa import CREDENTIALS, FakeMpesa

from billhead.plugin import GatewayConnection, GatewayUnreachable, HttpClient, Money, OutcomeUnknown
from billhead.testing import GatewayConformance
from billhead_mpesa.gateway import Mpesa
from billhead_mpesa.settings import MpesaSettings


@pytest.fixture
def mpesa():
    with FakeMpesa() as mpesa:
        yield mpesa
    assert mpesa.wrong == [], "the models of M-Pesa's API do not allow it"


@pytest.fixture
def account(mpesa):
    settings = MpesaSettings(**CREDENTIALS, url=mpesa.url, timeout_seconds=10)
    http = HttpClient("mpesa", timeout_seconds=10, unreachable=GatewayUnreachable, unknown=OutcomeUnknown)
    yield GatewayConnection("mpesa", settings, http, "https://shop.example/callbacks/token", "a-key-of-the-account")
    http.close()


@pytest.fixture
def gateway():
    return Mpesa()


@pytest.fixture
def attempt():
    asked = replace(GatewayConformance().new_attempt(), amount=Money(120_000, "KES"), description="INV-7 and 1 more")
    return replace(asked, fields={"phone": "254712345678"})
