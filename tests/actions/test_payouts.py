"""What a provider sends to the bank, and fees that it tells late: booked once, whatever the order of the messages."""

import itertools

import pytest
from card_shop import open_card_shop

from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments import apply_callback as applying
from billhead.actions.payments._apply import apply_outcome
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import AmountMismatch
from billhead.domain.money import Money
from billhead.models.payments import Payment, PaymentAttempt, Payout
from billhead.plugin import AttemptState, Outcome, Verified, VerifiedKind


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        yield shop
        with reading() as session:
            assert verify_ledger(session).faults == []


def told(shop, state, minor=1000, currency="EUR", reference="po_1"):
    amount = None if minor is None else Money(minor, currency)
    fact = Verified(VerifiedKind.PAYOUT, "evt", reference, Outcome(AttemptState(state), reference, amount))
    with writing(Context.system("test")) as tx:
        applying._apply(tx, shop.cards, fact)


def states(shop):
    return [(row.provider_ref, row.amount_minor, row.state) for row in shop.rows(Payout)]


def test_a_payout_moves_what_the_provider_held_to_the_bank(shop):
    shop.bought()
    for _ in range(3):
        told(shop, "succeeded", 1237)  # 12.55 less the fee of 0.18
    assert shop.balances() == {"cash": 1237, "fees": 18, "deferred_revenue": -1000, "tax": -255}
    assert states(shop) == [("po_1", 1237, "paid")]


def test_one_that_did_not_get_there_is_back_with_the_provider(shop):
    told(shop, "succeeded")
    for _ in range(2):
        told(shop, "failed")
    told(shop, "succeeded")
    assert shop.balances() == {}
    assert states(shop) == [("po_1", 1000, "returned")]


@pytest.mark.parametrize("order", sorted(set(itertools.permutations(["processing", "succeeded", "failed"]))))
def test_whatever_the_order_a_failed_payout_is_not_in_the_bank(shop, order):
    for state in order:
        told(shop, state)
    assert shop.balances() == {}


def test_a_payout_below_zero_was_taken_from_the_bank(shop):
    told(shop, "succeeded", -700)
    assert shop.balances() == {"cash": -700, "clearing": 700}


def test_a_payout_is_known_by_account_and_id(shop):
    told(shop, "succeeded", 100)
    told(shop, "succeeded", 100, reference="po_2")
    told(shop, "succeeded", 100, "USD", reference="po_3")
    assert len(shop.rows(Payout)) == 3


@pytest.mark.parametrize(("minor", "currency"), [(None, "EUR"), (1001, "EUR"), (1000, "USD")])
def test_another_amount_than_before_is_for_staff(shop, minor, currency):
    told(shop, "succeeded")
    with pytest.raises(AmountMismatch):
        told(shop, "failed", minor, currency)
    assert shop.balances() == {"cash": 1000, "clearing": -1000}


@pytest.mark.parametrize(
    ("fee", "fees"), [(Money(18, "EUR"), 18), (Money(18, "USD"), 0), (Money(0, "EUR"), 0), (Money(-5, "EUR"), 0)]
)
def test_a_fee_that_is_told_late_is_booked_once(shop, fee, fees):
    started = shop.order()
    shop.checkout(started.document_id)
    (attempt,) = shop.rows(PaymentAttempt)
    paid = Outcome(AttemptState.SUCCEEDED, "ch-late", Money(1255, "EUR"))
    for outcome in (paid, Outcome(paid.state, paid.provider_ref, paid.amount, fee), paid):
        for _ in range(2):
            with writing(Context.system("test")) as tx:
                apply_outcome(tx, tx.session.get_one(PaymentAttempt, attempt.id), outcome)
    assert (shop.balances().get("fees", 0), shop.balances()["clearing"]) == (fees, 1255 - fees)
    assert [payment.fee_minor for payment in shop.rows(Payment)] == [fees]
