"""The button on an account's page: what the key may read, and whether Stripe tells this shop what happens there."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fake_stripe import KEY

from billhead.plugin import GatewayRejected, GatewayUnreachable
from billhead_stripe.checking import EVENTS

README = Path(__file__).resolve().parents[1] / "README.md"
READY = "Its endpoint sends this shop what it needs to know."


@pytest.fixture
def endpoint(stripe, account):
    """As the README says: with this account's address and all events."""
    return stripe.endpoint(account.callback_url, list(EVENTS))


def test_an_account_that_is_ready(gateway, account, stripe, endpoint):
    assert gateway.capabilities().check
    assert gateway.check(account) == f"Stripe accepts the secret key (test mode: no money moves). {READY}"
    endpoint["enabled_events"] = ["*"]
    assert READY in gateway.check(account)
    assert not [one for one in stripe.requests if not one.startswith("GET ")], "a check writes nothing"


def test_the_events_are_those_of_the_readme():
    table = README.read_text().partition("these events:")[2].partition("Other events")[0]
    assert set(re.findall(r"\w+\.[\w.]+", table)) == set(EVENTS)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"url": "https://another.example/callbacks/token"}, "no endpoint at Stripe has the callback address"),
        ({"status": "disabled"}, "the endpoint is disabled"),
        ({"enabled_events": list(EVENTS[1:])}, "does not send checkout.session.completed"),
        ({"enabled_events": None}, "does not send checkout.session.completed, "),
    ],
)
def test_an_endpoint_that_tells_too_little(gateway, account, endpoint, changed, told):
    endpoint.update(changed)
    with pytest.raises(GatewayRejected, match=told):
        gateway.check(account)


def test_payouts_are_told_only_to_who_books_them(gateway, account, endpoint):
    endpoint["enabled_events"] = [one for one in EVENTS if not one.startswith("payout.")]
    with pytest.raises(GatewayRejected, match=r"does not send payout\.paid, payout\.failed$"):
        gateway.check(account)
    assert READY in gateway.check(replace(account, settings=replace(account.settings, book_payouts=False)))


def test_a_key_that_may_not_read_all(gateway, account, stripe, endpoint):
    stripe.fault("GET /v1/refunds", "permission")
    stripe.fault("GET /v1/disputes", "permission")
    with pytest.raises(GatewayRejected, match=r"may not read refunds, disputes$"):
        gateway.check(account)
    stripe.fault("GET /v1/webhook_endpoints", "permission")
    assert gateway.check(account).endswith("may not read: compare address and events there.")


@pytest.mark.parametrize(
    ("listed", "called", "always"),
    [
        ("charges", "charges", True),
        ("payouts", "payouts", False),
        ("balance_transactions", "balance transactions", True),
    ],
)
def test_a_key_that_may_not_read_where_the_money_went(gateway, account, stripe, endpoint, listed, called, always):
    """Each payment is read with its charge and its fee; payouts only by a shop that books them."""
    unbooked = replace(account, settings=replace(account.settings, book_payouts=False))
    for shop, asks in ((account, True), (unbooked, always)):
        stripe.fault(f"GET /v1/{listed}", "permission")
        if asks:
            with pytest.raises(GatewayRejected, match=rf"may not read {called}$"):
                gateway.check(shop)
        else:
            assert READY in gateway.check(shop)


def test_an_account_that_stripe_does_not_let_take_payments_yet(gateway, account, stripe, endpoint):
    due = {"currently_due": ["external_account", "tos_acceptance.date"]}
    stripe.account |= {"charges_enabled": False, "payouts_enabled": False, "requirements": due}
    in_test = gateway.check(account)
    assert "Before real money can move: Stripe does not let this account take payments and pays nothing out" in in_test
    assert "it wants external_account, tos_acceptance.date." in in_test
    live = replace(account, settings=replace(account.settings, api_key=KEY.replace("_test_", "_live_")))
    stripe.key = live.settings.api_key
    with pytest.raises(GatewayRejected, match=r"Stripe does not let this account take payments and pays") as refused:
        gateway.check(live)
    assert refused.value.hint.endswith("it wants external_account, tos_acceptance.date")
    stripe.account |= {"charges_enabled": True, "payouts_enabled": True, "capabilities": {"card_payments": "pending"}}
    with pytest.raises(GatewayRejected, match=r"card payments of this account are pending$"):
        gateway.check(live)
    cards_by_another = {"card_payments": "inactive", "legacy_payments": "active"}
    for able in ({"card_payments": "active"}, {"legacy_payments": "active"}, cards_by_another, {}, None):
        stripe.account |= {"capabilities": able}
        assert READY in gateway.check(live)


def test_a_wrong_key_and_a_stripe_that_does_not_answer(gateway, account, stripe):
    wrong = replace(account, settings=replace(account.settings, api_key="sk_test_of_nobody"))
    with pytest.raises(GatewayRejected, match="does not accept the secret key"):
        gateway.check(wrong)
    stripe.fault("GET /v1/payment_intents", "lost")
    with pytest.raises(GatewayUnreachable):
        gateway.check(account)
