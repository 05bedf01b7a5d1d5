"""A PayPal account is saved without paying: a setup token, the payer's yes, and one token to charge."""

import pytest
from fake_paypal import CLIENT, SECRET, WEBHOOK, FakePayPal, Wallet

from billhead.actions.payments.collect import collect
from billhead.actions.payments.resolve_saving import resolve_saving
from billhead.actions.payments.start_saving import start_saving
from billhead.domain.errors import GatewayUnreachable, OutcomeUnknown
from billhead.models.payments import MethodSaving, Payment, PaymentMethod
from billhead.plugin_host import vault
from billhead.testing.paying_shop import SYSTEM, open_paying_shop

BACK = "https://shop.example/account/payment-methods/added"


@pytest.fixture
def paypal():
    with FakePayPal() as paypal:
        yield paypal
    assert (paypal.wrong, paypal.keyless) == ([], []), "PayPal's description does not allow it"


@pytest.fixture
def shop(paypal, tmp_path):
    settings = {
        "client_id": CLIENT, "client_secret": SECRET, "webhook_id": WEBHOOK, "url": paypal.url, "timeout_seconds": 5,
    }  # fmt: skip
    with open_paying_shop(tmp_path, "paypal", settings) as shop:
        yield shop


def begin(shop):
    begun = start_saving(SYSTEM, shop.customer, shop.account, BACK)
    return begun, shop.rows(MethodSaving)[-1].provider_ref


def test_an_account_is_saved_and_nothing_is_paid_until_something_is_owed(shop, paypal):
    begun, setup = begin(shop)
    assert begun.url.endswith(setup)
    assert resolve_saving(SYSTEM, begun.saving_id) == "requires_action"
    paypal.agree(setup, Wallet(email="ada@example.org"))
    for _ in range(2):
        assert resolve_saving(SYSTEM, begun.saving_id) == "succeeded"
    (method,) = shop.rows(PaymentMethod)
    assert (method.label, method.is_default, method.usable) == ("PayPal a•••@example.org", True, True)
    assert vault().decrypt(method.token) in paypal.wallets
    assert (paypal.all("capture"), len(paypal.all("token"))) == ([], 1)
    assert collect(SYSTEM, shop.invoice).state == "succeeded"
    assert len(shop.rows(Payment)) == 1


def test_an_answer_that_was_lost_is_asked_for_again_and_there_is_one_token(shop, paypal):
    begun, setup = begin(shop)
    paypal.agree(setup)
    paypal.fault("POST /v3/vault/payment-tokens", "lost")
    assert resolve_saving(SYSTEM, begun.saving_id) == "requires_action", "not known yet"
    assert resolve_saving(SYSTEM, begun.saving_id) == "succeeded"
    assert (len(paypal.all("token")), len(shop.rows(PaymentMethod))) == (1, 1)


def test_what_nobody_approved_ends_and_what_could_not_begin_may_be_tried_anew(shop, paypal):
    begun, setup = begin(shop)
    del paypal.rows["setup"][setup]  # three days later
    assert resolve_saving(SYSTEM, begun.saving_id) == "expired"
    for kind, error, more in (("lost", OutcomeUnknown, {}), ("status", GatewayUnreachable, {"status": 429})):
        paypal.fault("POST /v3/vault/setup-tokens", kind, **more)
        with pytest.raises(error):
            begin(shop)
    begun, setup = begin(shop)
    paypal.agree(setup)
    assert resolve_saving(SYSTEM, begun.saving_id) == "succeeded"
