"""Refunds: a page where the payer claims them, made once, and ended when the coins have left."""

from dataclasses import replace

import pytest

from billhead.plugin import (
    AttemptState,
    GatewayRejected,
    Money,
    Outcome,
    OutcomeUnknown,
    RefundView,
    VerifiedKind,
)

EUR = "EUR"


@pytest.fixture
def paid(gateway, account, attempt, btcpay):
    invoice = gateway.start_checkout(account, attempt).provider_ref
    btcpay.pay(invoice, "11.90", method="BTC-LN")
    return invoice


def refund_of(invoice, minor, key="pay1-r1-0a0b0c", reference=""):
    return RefundView(key, Money(minor, EUR), invoice, "asked for", reference)


def test_what_it_says_it_can(gateway):
    able = gateway.capabilities()
    assert (able.refund, able.partial_refund, able.refund_claimed) == (True, True, True)
    assert (able.save, able.save_unpaid, able.off_session) == (False, False, False)


def test_a_refund_is_a_page_to_claim_it_on_and_made_once(gateway, account, btcpay, paid):
    made = gateway.refund(account, refund_of(paid, 500))
    (page,) = btcpay.pull_payments.values()
    assert (made.state, made.provider_ref, made.action_url) == ("processing", page["id"], page["viewLink"])
    assert (page["name"], page["amount"], page["currency"]) == ("Refund pay1-r1-0a0b0c", "5.00", EUR)
    assert gateway.refund(account, refund_of(paid, 500)) == made
    assert gateway.lookup_refund(account, refund_of(paid, 500, reference=made.provider_ref)) == made
    gateway.refund(account, refund_of(f"{paid}#2", 690, key="pay2-r1-0a0b0c"))
    assert [one["amount"] for one in btcpay.pull_payments.values()] == ["5.00", "6.90"]


@pytest.mark.parametrize("kind", ["lost", "html", "empty", "cut"])
def test_a_refund_whose_answer_is_lost_is_found(gateway, account, btcpay, paid, kind):
    btcpay.fault("POST /api/v1/stores", kind)
    with pytest.raises(OutcomeUnknown):
        gateway.refund(account, refund_of(paid, 1190))
    assert gateway.lookup_refund(account, refund_of(paid, 1190)).state == "processing"
    gateway.refund(account, refund_of(paid, 1190))
    assert len(btcpay.pull_payments) == 1


def test_a_refund_that_did_not_arrive_is_in_doubt_until_it_is_repeated(gateway, account, btcpay, paid):
    btcpay.fault("POST /api/v1/stores", "refused")
    with pytest.raises(OutcomeUnknown):
        gateway.refund(account, refund_of(paid, 1190))
    assert gateway.lookup_refund(account, refund_of(paid, 1190)) == Outcome(AttemptState.UNKNOWN)
    assert gateway.refund(account, refund_of(paid, 1190)).state == "processing"


@pytest.mark.parametrize(
    ("claims", "archived", "state", "code"),
    [
        ([], False, "processing", ""),
        ([("11.90", "AwaitingApproval")], False, "processing", ""),
        ([("5.00", "Completed")], False, "processing", ""),
        ([("5.00", "Completed"), ("6.90", "Completed")], False, "succeeded", ""),
        ([("11.90", "Completed")], True, "succeeded", ""),
        ([("11.90", "Cancelled")], False, "processing", ""),
        ([], True, "failed", "not_claimed"),
        ([("11.90", "InProgress")], True, "processing", ""),
        ([("5.00", "Completed")], True, "unknown", "claimed_in_part"),
        ([("five", "Completed")], False, "unknown", "claims_not_readable"),
    ],
)
def test_what_became_of_a_refund(gateway, account, btcpay, paid, claims, archived, state, code):
    page = gateway.refund(account, refund_of(paid, 1190)).provider_ref
    for amount, how in claims:
        btcpay.claim(page, amount, how)
    btcpay.pull_payments[page]["archived"] = archived
    seen = gateway.lookup_refund(account, refund_of(paid, 1190, reference=page))
    assert (seen.state, seen.code, seen.amount) == (state, code, Money(1190, EUR))
    (fact,) = gateway.parse_callback(account, btcpay.payout_callback(page, "delivery-9"))
    assert (fact.kind, fact.event_id, fact.reference) == (VerifiedKind.REFUND, "delivery-9", "pay1-r1-0a0b0c")
    assert fact.outcome == seen


def test_a_pull_payment_that_others_made_is_left_alone(gateway, account, btcpay, paid):
    page = gateway.refund(account, refund_of(paid, 1190)).provider_ref
    btcpay.pull_payments[page]["name"] = "Wages"
    assert gateway.parse_callback(account, btcpay.payout_callback(page)) == []


def test_nothing_is_refunded_of_an_invoice_that_the_server_does_not_know(gateway, account, paid):
    with pytest.raises(GatewayRejected, match="does not know the invoice"):
        gateway.refund(account, refund_of("inv-of-nobody", 100))


def test_a_refund_that_was_made_stands_whatever_is_answered_after_it(gateway, account, btcpay, paid):
    btcpay.fault("GET /api/v1/pull-payments", "status", status=403)
    made = gateway.refund(account, refund_of(paid, 500))
    (page,) = btcpay.pull_payments.values()
    assert (made.state, made.provider_ref, made.action_url) == ("processing", page["id"], page["viewLink"])


def test_a_refund_that_the_server_does_not_find_again_is_in_doubt_and_never_made_twice(gateway, account, btcpay, paid):
    page = gateway.refund(account, refund_of(paid, 500)).provider_ref
    btcpay.pull_payments.clear()
    assert gateway.refund(account, refund_of(paid, 500, reference=page)) == Outcome(AttemptState.UNKNOWN)
    assert btcpay.pull_payments == {}


def test_what_staff_booked_under_a_number_of_their_own_is_refunded_of_the_attempts_invoice(gateway, account, paid):
    refund = replace(refund_of("txid ab12", 500), attempt_ref=paid)
    assert gateway.refund(account, refund).state == "processing"
