"""Money that goes back, or is taken back."""

import pytest

from billhead.plugin import GatewayRejected, Money, OutcomeUnknown, RefundView, SavedMethod, VerifiedKind

EUR = "EUR"


@pytest.fixture
def paid(gateway, account, attempt, paypal):
    """The id of a capture of 11.90."""
    return gateway.charge_saved(account, attempt, SavedMethod(paypal.save(), "PayPal")).provider_ref


def refund_of(paid, minor, key="refund-1"):
    return RefundView(key, Money(minor, EUR), paid, "asked for")


@pytest.mark.parametrize(
    ("status", "state"),
    [("COMPLETED", "succeeded"), ("PENDING", "processing"), ("FAILED", "failed"), ("CANCELLED", "canceled"),
     ("A_WORD_OF_NEXT_YEAR", "unknown")],
)  # fmt: skip
def test_a_refund_is_made_once_and_can_be_looked_up(gateway, account, paypal, paid, status, state):
    refund = refund_of(paid, 190)
    assert gateway.lookup_refund(account, refund).state == "unknown"
    outcome = gateway.refund(account, refund)
    assert (outcome.state, outcome.amount) == ("succeeded", Money(190, EUR))
    assert gateway.refund(account, refund) == outcome
    assert len(paypal.all("refund")) == 1
    paypal.rows["refund"][outcome.provider_ref]["status"] = status
    assert gateway.lookup_refund(account, refund).state == state


def test_no_more_is_refunded_than_was_paid(gateway, account, paid):
    gateway.refund(account, refund_of(paid, 1000))
    with pytest.raises(GatewayRejected) as refused:
        gateway.refund(account, refund_of(paid, 191, "refund-2"))
    assert refused.value.code == "refund_amount_exceeded"
    gateway.refund(account, refund_of(paid, 190, "refund-3"))
    with pytest.raises(GatewayRejected) as refused:
        gateway.refund(account, refund_of(paid, 1, "refund-4"))
    assert refused.value.code == "capture_fully_refunded"


def test_a_refund_without_an_answer_is_found(gateway, account, paypal, paid):
    paypal.fault("POST /v2/payments/captures", "lost")
    with pytest.raises(OutcomeUnknown):
        gateway.refund(account, refund_of(paid, 190))
    assert gateway.lookup_refund(account, refund_of(paid, 190)).state == "succeeded"
    assert len(paypal.all("refund")) == 1


def test_a_refund_is_told_by_its_own_key_after_the_payment_that_it_is_of(gateway, account, attempt, paypal, told, paid):
    made = gateway.refund(account, refund_of(paid, 190))
    payment, refund = told("PAYMENT.CAPTURE.REFUNDED", "refund", made.provider_ref)
    assert (payment.kind, payment.reference, payment.outcome.state) == (VerifiedKind.ATTEMPT, attempt.key, "succeeded")
    assert (refund.kind, refund.reference, refund.outcome.state) == (VerifiedKind.REFUND, "refund-1", "succeeded")
    assert payment.outcome.amount == attempt.amount, "a refund is no smaller payment"
    paypal.rows["refund"][made.provider_ref]["status"] = "FAILED"
    _, refund = told("PAYMENT.REFUND.FAILED", "refund", made.provider_ref)
    assert refund.outcome.state == "failed"


def test_a_refund_that_was_made_at_paypal_is_told_by_its_payment(attempt, paypal, told, paid):
    there = paypal.refund_there(paid, "3.00")
    _, refund = told("PAYMENT.CAPTURE.REFUNDED", "refund", there)
    assert (refund.kind, refund.reference) == (VerifiedKind.REFUND, attempt.key)
    assert (refund.outcome.provider_ref, refund.outcome.amount) == (there, Money(300, EUR))


def test_a_refund_of_what_is_not_ours_is_left_alone(paypal, told, paid):
    there = paypal.refund_there(paid, "3.00")
    paypal.rows["capture"][paid].pop("custom_id")
    assert told("PAYMENT.CAPTURE.REFUNDED", "refund", there) == []


@pytest.mark.parametrize(
    ("status", "how", "state"),
    [
        ("WAITING_FOR_SELLER_RESPONSE", None, "processing"),
        ("UNDER_REVIEW", None, "processing"),
        ("RESOLVED", "RESOLVED_SELLER_FAVOUR", "failed"),
        ("RESOLVED", "CANCELED_BY_BUYER", "failed"),
        ("RESOLVED", "RESOLVED_WITH_PAYOUT", "failed"),
        ("RESOLVED", "RESOLVED_BUYER_FAVOUR", "succeeded"),
        ("RESOLVED", "ACCEPTED", "succeeded"),
        ("RESOLVED", "A_WORD_OF_NEXT_YEAR", "processing"),
    ],
)
def test_a_dispute_is_told_with_its_payment_and_its_fee(attempt, paypal, told, paid, status, how, state):
    fee = {"affected_party": "SELLER", "type": "DEBIT", "reason": "DISPUTE_FEE", "amount": _eur("14.00")}
    more = {"dispute_outcome": {"outcome_code": how}} if how else {}
    dispute = paypal.dispute(paid, status=status, money_movements=[fee], **more)
    payment, taken = told("CUSTOMER.DISPUTE.UPDATED", "dispute", dispute, resource={"dispute_id": dispute})
    assert (payment.kind, payment.outcome.state) == (VerifiedKind.ATTEMPT, "succeeded")
    outcome = taken.outcome
    assert (taken.kind, taken.reference, outcome.state) == (VerifiedKind.CHARGEBACK, attempt.key, state)
    assert (outcome.amount, outcome.fee, outcome.code) == (Money(1190, EUR), Money(1400, EUR), "unauthorised")
    assert outcome.provider_ref == dispute


def test_an_inquiry_takes_no_money_until_paypal_does(paypal, told, paid):
    dispute = paypal.dispute(paid, dispute_life_cycle_stage="INQUIRY")
    about = {"resource": {"dispute_id": dispute}}
    assert told("CUSTOMER.DISPUTE.CREATED", "dispute", dispute, **about) == []
    debit = {"affected_party": "SELLER", "type": "DEBIT", "reason": "DISPUTE_SETTLEMENT", "amount": _eur("11.90")}
    paypal.rows["dispute"][dispute]["money_movements"] = [debit]
    assert len(told("CUSTOMER.DISPUTE.UPDATED", "dispute", dispute, **about)) == 2


def test_a_reversal_is_told_as_its_dispute_or_as_lost(attempt, paypal, told, paid):
    up = {"rel": "up", "href": f"https://api-m.paypal.com/v2/payments/captures/{paid}"}
    paypal.rows["refund"]["1JU9"] = {"id": "1JU9", "amount": _eur("11.90"), "links": [up]}
    about = {"resource": {"id": "1JU9", "amount": _eur("99.00"), "links": []}}  # a hint only: what counts is fetched
    _, lost = told("PAYMENT.CAPTURE.REVERSED", "refund", "1JU9", **about)
    assert (lost.kind, lost.reference, lost.outcome.state) == (VerifiedKind.CHARGEBACK, attempt.key, "succeeded")
    assert (lost.outcome.provider_ref, lost.outcome.amount) == ("1JU9", Money(1190, EUR))
    dispute = paypal.dispute(paid)
    _, told_again = told("PAYMENT.CAPTURE.REVERSED", "refund", "1JU9", **about)
    assert (told_again.outcome.provider_ref, told_again.outcome.state) == (dispute, "processing")


def _eur(value):
    return {"currency_code": EUR, "value": value}
