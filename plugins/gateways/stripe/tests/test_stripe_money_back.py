"""Money that goes back, is taken back, or leaves for the bank."""

from dataclasses import replace

import pytest
from fake_stripe import Card

from billhead.plugin import GatewayRejected, Money, OutcomeUnknown, RefundView, VerifiedKind

EUR = "EUR"


@pytest.fixture
def paid(gateway, account, attempt, stripe):
    """The id of a payment of 11.90 that was made on the page."""
    return stripe.pay(gateway.start_checkout(account, attempt).provider_ref)


def refund_of(paid, minor, key="refund-1"):
    return RefundView(key, Money(minor, EUR), paid, "asked for")


@pytest.mark.parametrize(
    ("status", "state"),
    [("succeeded", "succeeded"), ("pending", "processing"), ("requires_action", "processing"), ("failed", "failed"),
     ("canceled", "canceled"), ("a word of next year", "unknown")],
)  # fmt: skip
def test_a_refund_is_made_once_and_can_be_looked_up(gateway, account, stripe, paid, status, state):
    refund = refund_of(paid, 190)
    assert gateway.lookup_refund(account, refund).state == "unknown"
    outcome = gateway.refund(account, refund)
    assert (outcome.state, outcome.amount) == ("succeeded", Money(190, EUR))
    assert gateway.refund(account, refund) == outcome
    assert len(stripe.all("refund")) == 1
    stripe.rows["refund"][outcome.provider_ref]["status"] = status
    assert gateway.lookup_refund(account, refund).state == state


def test_no_more_is_refunded_than_was_paid(gateway, account, paid):
    gateway.refund(account, refund_of(paid, 1000))
    with pytest.raises(GatewayRejected) as refused:
        gateway.refund(account, refund_of(paid, 191, "refund-2"))
    assert refused.value.code == "charge_already_refunded"
    gateway.refund(account, refund_of(paid, 190, "refund-3"))


def test_a_refund_without_an_answer_is_found(gateway, account, stripe, paid):
    stripe.fault("POST /v1/refunds", "lost")
    with pytest.raises(OutcomeUnknown):
        gateway.refund(account, refund_of(paid, 190))
    assert gateway.lookup_refund(account, refund_of(paid, 190)).state == "succeeded"
    assert len(stripe.all("refund")) == 1


def test_a_refund_is_told_by_its_own_key_after_the_payment_that_it_is_of(gateway, account, attempt, stripe, told, paid):
    made = gateway.refund(account, refund_of(paid, 190))
    payment, refund = told("refund", made.provider_ref, "created")
    assert (payment.kind, payment.reference, payment.outcome.state) == (VerifiedKind.ATTEMPT, attempt.key, "succeeded")
    assert (refund.kind, refund.reference, refund.outcome.state) == (VerifiedKind.REFUND, "refund-1", "succeeded")
    stripe.rows["refund"][made.provider_ref] |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
    _, refund = told("refund", made.provider_ref, "failed")
    assert (refund.outcome.state, refund.outcome.code) == ("failed", "lost_or_stolen_card")


def test_a_refund_that_was_made_in_the_dashboard_is_told_by_its_payment(gateway, account, attempt, stripe, told, paid):
    gateway.refund(account, refund_of(paid, 190))
    there = stripe.refund_there(paid, 300)
    charge = stripe.rows["payment_intent"][paid]["latest_charge"]
    _, *refunds = told("charge", charge, "refunded")
    assert [fact.reference for fact in refunds] == ["refund-1", attempt.key]
    assert (refunds[1].outcome.provider_ref, refunds[1].outcome.amount) == (there, Money(300, EUR))


@pytest.mark.parametrize(
    ("status", "state"),
    [("needs_response", "processing"), ("under_review", "processing"), ("lost", "succeeded"), ("won", "failed")],
)
def test_a_dispute_is_told_with_its_payment_and_its_fee(attempt, stripe, told, paid, status, state):
    dispute = stripe.dispute(paid)
    stripe.decide(dispute, status)
    payment, taken = told("dispute", dispute, "ignored"), told("charge.dispute", dispute, "closed")
    assert payment == [], "only charge.dispute.* is a dispute of a payment"
    assert [fact.kind for fact in taken] == [VerifiedKind.ATTEMPT, VerifiedKind.CHARGEBACK]
    outcome = taken[1].outcome
    assert (taken[1].reference, outcome.state, outcome.provider_ref) == (attempt.key, state, dispute)
    assert (outcome.amount, outcome.fee, outcome.code) == (Money(1190, EUR), Money(1500, EUR), "fraudulent")


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_closed", "needs_response", "prevented", "won"])
def test_while_no_money_was_taken_there_is_nothing_to_book(stripe, told, paid, status):
    dispute = stripe.dispute(paid, status=status, withdrawn=False)
    assert told("charge.dispute", dispute, "created") == []
    stripe.withdraw(dispute)
    assert len(told("charge.dispute", dispute, "funds_withdrawn")) == 2


@pytest.mark.parametrize(
    ("status", "amount", "state"),
    [("paid", 5000, "succeeded"), ("paid", -700, "succeeded"), ("failed", 5000, "failed"), ("canceled", 1, "canceled")],
)
def test_a_payout_is_told_by_its_own_id(stripe, told, status, amount, state):
    payout = stripe.payout(amount, status=status)
    (fact,) = told("payout", payout, "paid")
    assert (fact.kind, fact.reference, fact.outcome.state) == (VerifiedKind.PAYOUT, payout, state)
    assert (fact.outcome.amount, fact.outcome.provider_ref) == (Money(amount, EUR), payout)


@pytest.mark.parametrize("booked", [True, False])
def test_staff_book_payouts_by_hand_only_where_none_are_told(gateway, account, booked):
    account = replace(account, settings=replace(account.settings, book_payouts=booked))
    assert gateway.tells_payouts(account) is booked


@pytest.mark.parametrize("status", ["pending", "in_transit"])
def test_a_payout_on_its_way_says_nothing_yet(stripe, told, status):
    assert told("payout", stripe.payout(5000, status=status), "created") == []


def test_a_fee_in_another_currency_is_told_as_it_is(gateway, account, attempt, stripe):
    start = gateway.start_checkout(account, attempt)
    paid = stripe.pay(start.provider_ref, Card(fee=42))
    stripe.rows["balance_transaction"][stripe.all("charge")[0]["balance_transaction"]]["currency"] = "usd"
    outcome = gateway.lookup(account, attempt)
    assert (outcome.provider_ref, outcome.fee) == (paid, Money(42, "USD"))
    assert outcome.settled == Money(outcome.amount.minor, "USD"), "what the balance got for it, before the fee"
