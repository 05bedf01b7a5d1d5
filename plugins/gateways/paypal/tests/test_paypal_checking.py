"""The button on an account's page: the app's credentials, and whether its webhook tells this shop what happens."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fake_paypal import WEBHOOK
from paypal_spec import needed, object_faults

from billhead.plugin import GatewayRejected, GatewayUnreachable
from billhead_paypal.checking import EVENTS

README = Path(__file__).resolve().parents[1] / "README.md"
READY = "PayPal accepts the client ID and its secret, and the webhook sends this shop what it needs to know."


@pytest.fixture
def webhook(paypal, account):
    """As the README says: with this account's address and all events."""
    paypal.webhook = {"id": WEBHOOK, "url": account.callback_url, "event_types": [{"name": one} for one in EVENTS]}
    return paypal.webhook


def test_an_account_that_is_ready(gateway, account, paypal, webhook):
    assert gateway.capabilities().check
    assert gateway.check(account) == READY
    webhook["event_types"] = [{"name": "*"}]
    assert gateway.check(account) == READY
    assert paypal.requests.count("POST /v1/oauth2/token") == 2, "a token that was kept proves nothing"


def test_the_webhook_is_as_paypal_describes_it(webhook):
    needed()
    assert object_faults("notifications_webhooks_v1.json", "webhook", webhook) == []


def test_the_events_are_those_of_the_readme():
    table = README.read_text().partition("these events:")[2].partition("Then enter")[0]
    assert set(re.findall(r"[A-Z]+\.[A-Z.-]+", table)) == set(EVENTS)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"url": "https://another.example/callbacks/token"}, "another address than this account's callbacks"),
        ({"event_types": [{"name": one} for one in EVENTS[1:]]}, "does not send CHECKOUT.ORDER.APPROVED$"),
        ({"event_types": None}, "does not send CHECKOUT.ORDER.APPROVED, "),
    ],
)
def test_a_webhook_that_tells_too_little(gateway, account, webhook, changed, told):
    webhook.update(changed)
    with pytest.raises(GatewayRejected, match=told):
        gateway.check(account)


def test_no_webhook_yet(gateway, account):
    none = replace(account, settings=replace(account.settings, webhook_id="none"))
    with pytest.raises(GatewayRejected, match="accepts the client ID and its secret, but this app has no webhook"):
        gateway.check(none)


def test_an_app_without_a_feature_that_is_needed(gateway, account, paypal, webhook):
    services = "https://uri.paypal.com/services/"
    all_of_it = [
        f"{services}vault/payment-tokens/readwrite",
        f"{services}payments/refund",
        f"{services}disputes/read-seller",
    ]
    paypal.scopes = ["openid", *all_of_it]
    assert gateway.check(account) == READY
    paypal.scopes = ["openid", *all_of_it[1:]]
    with pytest.raises(GatewayRejected, match=r"does not let this app save payment methods \(Vault\)$") as refused:
        gateway.check(account)
    assert "developer.paypal.com" in refused.value.hint
    paypal.scopes = ["openid", all_of_it[0]]
    with pytest.raises(GatewayRejected, match=r"give money back or read disputes$"):
        gateway.check(account)


def test_wrong_credentials_and_a_paypal_that_does_not_answer(gateway, account, paypal):
    wrong = replace(account, settings=replace(account.settings, client_secret="another"))
    with pytest.raises(GatewayRejected, match="does not accept the client ID and its secret"):
        gateway.check(wrong)
    paypal.fault("GET /v1/notifications/webhooks", "html")
    with pytest.raises(GatewayUnreachable):
        gateway.check(account)
