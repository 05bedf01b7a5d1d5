"""A payment that is disputed more than once, and a fee that leaves another balance: every cent is booked, once.

12.55 EUR are paid, of which the processor keeps 0.18.
"""

import itertools
from datetime import date

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead.actions.payments import apply_callback as applying
from billhead.actions.payments.charge_back import charge_back
from billhead.db import writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.payments import Dispute, Payment, PaymentAttempt
from billhead.models.subscriptions import Subscription
from billhead.plugin import AttemptState, Outcome, Verified, VerifiedKind


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        shop.bought()
        yield shop
        assert sum(shop.balances().values()) == 0


def told(shop, reference, state, minor=1255, fee=None):
    (payment,) = shop.rows(Payment)
    key = shop.row(PaymentAttempt, payment.attempt_id).key
    outcome = Outcome(AttemptState(state), reference, Money(minor, "EUR"), fee=fee)
    with writing(SYSTEM) as tx:
        applying._apply(tx, shop.cards, Verified(VerifiedKind.CHARGEBACK, f"evt-{reference}-{state}", key, outcome))


def held(shop):
    return shop.balances().get("clearing", 0)


def stands(shop):
    return shop.rows(Payment)[0].state, [(one.provider_ref, one.state) for one in shop.rows(Dispute)]


def test_two_halves_are_taken_one_after_the_other_and_each_comes_back(shop):
    told(shop, "dp_1", "processing", 600)
    told(shop, "dp_2", "processing", 655)
    assert held(shop) == 1237 - 600 - 655
    told(shop, "dp_1", "failed", 600)
    assert (held(shop), stands(shop)[0]) == (1237 - 655, "charged_back"), "the second still stands"
    told(shop, "dp_2", "failed", 655)
    assert (held(shop), stands(shop)) == (1237, ("received", [("dp_1", "won"), ("dp_2", "won")]))


@pytest.mark.parametrize("order", list(itertools.permutations(["dp_1", "dp_2"])))
@pytest.mark.parametrize("end", ["failed", "succeeded"])
def test_the_same_money_under_another_number_is_taken_once(shop, order, end):
    """A dispute that goes on as a case of the bank has a new number there."""
    told(shop, "dp_1", "processing")
    told(shop, "dp_2", "processing", fee=Money(1500, "EUR"))
    assert held(shop) == 1237 - 1255 - 1500
    for reference in order:
        for _ in range(2):
            told(shop, reference, end)
    back = 1255 if end == "failed" else 0
    assert held(shop) == 1237 - 1255 - 1500 + back
    paid = "received" if end == "failed" else "charged_back"
    assert stands(shop)[0] == paid


@pytest.mark.parametrize("decided", ["processing", "succeeded"])
def test_the_second_takes_what_the_first_gives_back(shop, decided):
    told(shop, "dp_1", "processing")
    told(shop, "dp_2", decided)
    for _ in range(2):
        told(shop, "dp_1", "failed")
    # 12.37 - 12.55 + 12.55 - 12.55: the second still has the money
    assert (held(shop), stands(shop)[0]) == (1237 - 1255, "charged_back")
    (invoice,) = shop.rows(Document, Document.kind == "invoice")
    assert (invoice.state, invoice.settled_minor, shop.balances()["receivable"]) == ("final", 0, 1255)
    (subscription,) = shop.rows(Subscription)
    assert subscription.paid_through == date(2026, 11, 22), "nothing of it is paid"
    told(shop, "dp_2", "succeeded")
    assert held(shop) == 1237 - 1255, "lost: it stays gone"
    told(shop, "dp_2", "failed")
    assert (held(shop), stands(shop)[0]) == (1237, "received")
    (subscription,) = shop.rows(Subscription)
    assert subscription.paid_through == date(2026, 12, 22)


def test_the_second_takes_as_much_as_it_is_short_of(shop):
    told(shop, "dp_1", "processing", 1000)
    told(shop, "dp_2", "processing", 755)
    assert held(shop) == 1237 - 1255
    told(shop, "dp_1", "failed", 1000)
    assert (held(shop), stands(shop)[0]) == (1237 - 755, "charged_back")  # 2.55, and the 5.00 that it was short of
    told(shop, "dp_2", "failed", 755)
    assert (held(shop), stands(shop)[0]) == (1237, "received")


def test_more_than_is_left_takes_what_is_left(shop):
    told(shop, "dp_1", "processing", 1000)
    told(shop, "dp_2", "processing", 1255)
    assert held(shop) == 1237 - 1255
    told(shop, "dp_2", "failed", 1255)
    assert held(shop) == 1237 - 1000


def test_staff_book_a_second_one_for_what_is_left_and_no_more(shop):
    (payment,) = shop.rows(Payment)
    shop.act(charge_back, payment.id, 1000, "letter 1")
    with pytest.raises(InvalidInput, match="at most"):
        shop.act(charge_back, payment.id, 256, "letter 2")
    shop.act(charge_back, payment.id, 255, "letter 2")
    with pytest.raises(Conflict, match="already"):
        shop.act(charge_back, payment.id, 1, "letter 3")
    assert held(shop) == 1237 - 1255


def test_a_fee_in_another_currency_leaves_the_balance_in_it(shop):
    for _ in range(2):
        told(shop, "dp_1", "processing", fee=Money(1500, "USD"))
    (dispute,) = shop.rows(Dispute)
    assert (dispute.fee_minor, dispute.fee_currency) == (1500, "USD")
    # 18 cents of the payment and 15.00 USD; the sums of this shop don't tell currencies apart
    assert shop.balances()["fees"] == 18 + 1500
    assert held(shop) == 1237 - 1255 - 1500
