"""The button on a gateway account's page: what is ready, or what is missing, in words."""

import pytest

from billhead.plugin import GatewayCapabilities, GatewayRejected, GatewayUnreachable
from billhead.plugin_host import plugins


@pytest.fixture
def account(counter):
    return f"/admin/gateways/{counter.shop.accounts['cards']}"


@pytest.fixture
def says(counter, monkeypatch):
    """The gateway can be checked from now on, and says this, or refuses with it."""
    with counter.shop.app.app_context():
        gateway = type(plugins().gateway("cards"))
    monkeypatch.setattr(gateway, "capabilities", lambda _: GatewayCapabilities(check=True))

    def say(answer):
        def check(_gateway, _account):
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(gateway, "check", check)

    return say


def test_an_account_is_checked_by_a_button(counter, says, account):
    assert "Check the account" in counter.get(account).text
    for answer, told in (
        ("The store takes coins.", "The store takes coins."),
        (
            GatewayRejected("the key lacks <b>refunds</b>", hint="make a new one"),
            "lacks &lt;b&gt;refunds&lt;/b&gt;. Make a",
        ),
        (GatewayUnreachable("the server did not answer"), "The server did not answer."),
    ):
        says(answer)
        assert told in counter.get(counter.post(f"{account}/check").location).text
    assert len(counter.trail("gateways.check")) == 3


def test_names_and_refusals_of_gateways_are_said_in_the_language_of_the_page(counter, says, account, monkeypatch):
    """Words of the plugins for transfers and for BTCPay Server, which are installed beside us."""
    with counter.shop.app.app_context():
        monkeypatch.setattr(type(plugins().gateway("transfer")), "label", "Bank transfer")
    counter.staff.post("/language", {"language": "de", "back": "/admin/"}, page="/admin/")
    assert "Überweisung" in counter.get("/admin/gateways/new").text
    assert "Überweisung" in counter.get("/admin/gateways/new/transfer").text
    for why, hint, told in (
        ("there is no BTCPay Server at this address", None, "Unter dieser Adresse gibt es keinen BTCPay Server."),
        (
            "the endpoint at Stripe does not send payout.paid",
            "add these events to it there",
            "Der Endpunkt bei Stripe sendet nicht: payout.paid. Fügen Sie ihm dort diese Ereignisse hinzu.",
        ),
        ("PayPal does not let this app read disputes", None, "PayPal erlaubt dieser App nicht: Streitfälle lesen."),
    ):
        says(GatewayRejected(why, hint=hint))
        assert told in counter.get(counter.post(f"{account}/check").location).text


def test_one_that_can_not_be_checked_has_no_button(counter, account):
    assert "Check the account" not in counter.get(account).text
    assert "can&#39;t be checked" in counter.get(counter.post(f"{account}/check").location).text


def test_who_may_not_change_accounts_may_not_check_them(counter, says, account):
    says(AssertionError("it was asked"))
    reader = counter.shop.person("staff", "reader@example.com", "payments.read")
    assert reader.post(f"{account}/check", {}, page="/admin/switches").status_code == 403
