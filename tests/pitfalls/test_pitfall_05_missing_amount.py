"""Pitfall 5: a callback that names no amount is never "the whole balance"; it is refused and kept."""

from dataclasses import replace

import pytest
from card_shop import open_card_shop

import billhead.actions.payments.apply_callback as reading_callbacks
from billhead.models.payments import Callback, Dispute, Payment, PaymentAttempt, Refund


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


@pytest.fixture
def without_amount(monkeypatch):
    """The gateway proves what it says, but says no amount."""
    call = reading_callbacks._call

    def bare(intent):
        return [replace(fact, outcome=replace(fact.outcome, amount=None)) for fact in call(intent)]

    monkeypatch.setattr(reading_callbacks, "_call", bare)


def read(shop):
    return [(one.state, one.error) for one in shop.rows(Callback) if one.state != "received"][-1]


def test_pitfall_05_a_payment_without_an_amount_pays_nothing(shop, without_amount):
    started = shop.order()
    shop.pay(shop.checkout(started.document_id))
    assert shop.hear("charge.succeeded") == ["rejected"]
    assert "names no amount" in read(shop)[1]
    assert shop.rows(Payment) == []
    assert shop.invoices() == []


def test_pitfall_05_nor_does_it_take_all_of_it_back(shop, request):
    shop.bought()
    (payment,) = shop.rows(Payment)
    key = shop.row(PaymentAttempt, payment.attempt_id).key
    request.getfixturevalue("without_amount")
    shop.control("dispute", reference=key, status="opened", fee=1500)
    assert shop.hear("dispute.opened") == ["rejected"]
    assert shop.rows(Dispute) == []
    assert shop.rows(Refund) == []
    assert shop.row(Payment, payment.id).state == "received"
