"""The payer is told exactly where to send how much; the gateway itself proves nothing, and says so."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billhead.plugin import (
    AttemptState,
    CallbackForged,
    GatewayConnection,
    GatewayRejected,
    HttpClient,
    InvalidInput,
    Money,
    RawCallback,
    RefundView,
    load_settings,
)
from billhead.testing import GatewayConformance
from billhead_bank_transfer import plugin
from billhead_bank_transfer.gateway import BankTransfer
from billhead_bank_transfer.settings import BankTransferSettings, checked_bic, checked_iban

BANK = {"holder": "NorthCable Oy", "iban": "fi21 1234 5600 0007 85", "bic": "nde afihh", "bank": "Nordea"}


NAMED = {"reference": "RF48000081", "description": "2026-000012"}


def connected(**settings):
    loaded = load_settings(BankTransferSettings, {**BANK, **settings})
    return GatewayConnection("transfer-eur", loaded, HttpClient("transfer-eur"), "https://shop.example/callbacks/t")


class TestBankTransferConforms(GatewayConformance):
    claims = BankTransfer().capabilities()
    calls_back = False

    @pytest.fixture
    def gateway(self):
        return BankTransfer()

    @pytest.fixture
    def account(self):
        account = connected()
        yield account
        account.http.close()

    def test_the_payer_reads_account_amount_and_reference(self, gateway, account, attempt):
        shown = gateway.start_checkout(account, replace(attempt, key="doc81-a2", amount=Money(1250, "EUR"), **NAMED))
        assert shown.lines == {
            "Account holder": "NorthCable Oy",
            "IBAN": "FI21 1234 5600 0007 85",
            "BIC": "NDEAFIHH",
            "Bank": "Nordea",
            "Amount": "12.50 EUR",
            "Reference": "RF48 0000 81",
            "For": "2026-000012",
        }
        assert shown.provider_ref == "doc81-a2"

    @pytest.mark.parametrize(
        ("amount", "printed"), [(Money(1500, "JPY"), "1500 JPY"), (Money(12345, "KWD"), "12.345 KWD")]
    )
    def test_an_amount_has_the_decimals_of_its_currency(self, gateway, account, attempt, amount, printed):
        assert gateway.start_checkout(account, replace(attempt, amount=amount)).lines["Amount"] == printed

    def test_what_the_operator_left_out_is_not_shown(self, gateway, attempt):
        shown = gateway.start_checkout(connected(bic="", bank=""), replace(attempt, **NAMED))
        assert list(shown.lines) == ["Account holder", "IBAN", "Amount", "Reference", "For"]

    def test_it_waits_for_a_person(self, gateway, account, attempt):
        assert gateway.capabilities().confirmed_by_staff
        outcome = gateway.lookup(account, attempt)
        assert (outcome.state, outcome.amount) == (AttemptState.REQUIRES_ACTION, None)

    def test_a_callback_is_always_forged(self, gateway, account):
        raw = RawCallback("/callbacks/t", "", {}, b'{"paid": true}', datetime(2026, 11, 22, tzinfo=UTC))
        with pytest.raises(CallbackForged, match="transfer-eur"):
            gateway.parse_callback(account, raw)

    def test_a_refund_is_made_by_hand(self, gateway, account):
        with pytest.raises(GatewayRejected, match="by hand"):
            gateway.refund(account, RefundView("refund-1", Money(100, "EUR"), "doc81-a2", "asked for"))


@pytest.mark.parametrize("iban", ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "nl91abna0417164300"])
def test_a_right_iban_is_taken_however_it_is_spelt(iban):
    assert checked_iban(iban) == iban.replace(" ", "").upper()


@pytest.mark.parametrize(
    ("iban", "why"),
    [
        ("DE89 3704 0044 0532 0130 01", "wrong check digits"),  # last digit
        ("DE98 3704 0044 0532 0130 00", "wrong check digits"),  # check digits swapped
        ("DE89", "not an IBAN"),
        ("8937 0400 4405 3201 3000", "not an IBAN"),
        ("DE89-3704-0044-0532-0130-00", "not an IBAN"),
        ("DE٨٩370400440532013000", "not an IBAN"),  # Arabic-Indic digits
    ],
)
def test_a_wrong_iban_is_refused_by_name(iban, why):
    with pytest.raises(InvalidInput, match=why) as refused:
        load_settings(BankTransferSettings, {**BANK, "iban": iban})
    assert refused.value.field == "iban"


@pytest.mark.parametrize("bic", ["DEUTDE", "DEUTDEFF5", "1EUTDEFF", "DEUTDEFF500X"])
def test_a_wrong_bic_is_refused(bic):
    with pytest.raises(InvalidInput, match="BIC"):
        checked_bic(bic)


def test_the_plugin_offers_it():
    assert plugin.API == 1
    assert [gateway.code for gateway in plugin.payment_gateways()] == ["bank_transfer"]
