"""Bank transfer: the customer gets account and reference, a person books what arrives, each transfer once."""

import time
from datetime import date
from threading import Event, Thread

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead.actions.payments._attempts import documents_of
from billhead.actions.payments.book_transfer import book_transfer
from billhead.actions.payments.resolve import resolve
from billhead.actions.payments.start_checkout import start_checkout
from billhead.db import writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.creditor_reference import About, Reference
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput, NotAllowed
from billhead.models.documents import Document
from billhead.models.payments import Payment, PaymentAttempt
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        yield shop


def test_from_the_instructions_to_the_paid_invoice(shop):
    started = shop.order()
    checkout = start_checkout(SYSTEM, started.document_id, shop.bank, f"{shop.web}/back")
    (attempt,) = shop.rows(PaymentAttempt)
    assert checkout.state == "requires_action"
    assert checkout.action["kind"] == "instructions"
    assert checkout.action["lines"]["Amount"] == "12.55 EUR"
    assert checkout.action["lines"]["Reference"] == Reference(About.DOCUMENT, started.document_id).printed
    assert resolve(SYSTEM, attempt.id) == "requires_action", "a look-up never takes it for paid"
    assert shop.rows(Payment) == []

    booked = shop.act(book_transfer, started.document_id, shop.bank, 1255, "EUR", " statement 47, line 3 ")
    (payment,) = shop.rows(Payment)
    assert (booked.payment_id, payment.attempt_id) == (payment.id, attempt.id)
    assert (payment.provider_ref, payment.fee_minor) == ("statement 47, line 3", 0)
    attempt = shop.row(PaymentAttempt, attempt.id)
    assert (attempt.state, attempt.next_look_at) == ("succeeded", None)
    assert shop.invoices()[0].state == "paid"
    assert shop.balances() == {"clearing": 1255, "deferred_revenue": -1000, "tax": -255}
    assert shop.row(Subscription, started.subscription_id).paid_through == date(2026, 12, 22)


def test_a_transfer_is_booked_once(shop):
    first, second = shop.order(), shop.order()
    shop.act(book_transfer, first.document_id, shop.bank, 1255, "EUR", "T-1")
    with pytest.raises(Conflict, match="'T-1' is booked already"):
        shop.act(book_transfer, second.document_id, shop.bank, 1255, "EUR", "T-1 ")
    assert len(shop.rows(Payment)) == 1


def test_an_invoice_takes_parts_and_a_proforma_its_whole_amount(shop):
    with pytest.raises(Conflict, match="whole amount"):
        shop.act(book_transfer, shop.order().document_id, shop.bank, 1254, "EUR", "T-1")
    subscription, invoice = shop.renewal("2026-12-22")
    shop.act(book_transfer, invoice.id, shop.bank, 1000, "EUR", "T-2")
    part = shop.row(Document, invoice.id)
    assert (part.state, part.settled_minor) == ("partly_paid", 1000)
    assert shop.row(Subscription, subscription.id).paid_through == date(2026, 12, 22), "a part buys nothing yet"
    with shop.at("2026-12-22", hour=2):
        assert shop.collect_due() == ["succeeded"]
    assert shop.rows(Payment)[-1].amount_minor == 255, "the card is charged what is left"
    assert shop.row(Document, invoice.id).state == "paid"
    assert shop.row(Subscription, subscription.id).paid_through == date(2027, 1, 22)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"currency": "SEK"}, CurrencyMismatch, "expected EUR, got SEK"),
        ({"amount": 0}, InvalidInput, "above zero"),
        ({"reference": "  "}, InvalidInput, "never booked twice"),
        ({"account": "cards"}, Conflict, "reports payments by itself"),
    ],
)
def test_what_can_not_be_booked(shop, change, error, says):
    wish = {"account": "bank", "amount": 1255, "currency": "EUR", "reference": "T-1", **change}
    document, account = shop.order().document_id, getattr(shop, wish["account"])
    with pytest.raises(error, match=says):
        shop.act(book_transfer, document, account, wish["amount"], wish["currency"], wish["reference"])
    assert shop.rows(Payment) == []


def test_a_customer_can_not_book_a_transfer(shop):
    started = shop.order()
    aino = Context("customer:1", Role.CUSTOMER, Scope(customer_id=shop.customer))
    with pytest.raises(NotAllowed, match=r"payments\.write"), writing(aino) as tx:
        book_transfer(tx, started.document_id, shop.bank, 1255, "EUR", "T-1")


def test_a_transfer_that_is_booked_while_its_attempt_is_settled_waits_and_nobody_waits_for_two(shop):
    started = shop.order()
    attempt = start_checkout(SYSTEM, started.document_id, shop.bank, f"{shop.web}/back").attempt_id
    locked, outcomes = Event(), []

    def settled():
        """As everybody who books for an attempt: it first, then what it pays."""
        with shop.app.app_context(), writing(SYSTEM) as tx:
            row = tx.session.get_one(PaymentAttempt, attempt, with_for_update=True)
            locked.set()
            time.sleep(0.4)
            documents_of(tx, row)
            outcomes.append("looked")

    def booked():
        with shop.app.app_context(), shop.at("2026-11-22"):
            locked.wait(10)
            shop.act(book_transfer, started.document_id, shop.bank, 1255, "EUR", "T-1")
            outcomes.append("booked")

    threads = [Thread(target=one) for one in (settled, booked)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes == ["looked", "booked"]
    assert [one.attempt_id for one in shop.rows(Payment)] == [attempt]
