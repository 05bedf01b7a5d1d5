"""Money that comes twice, too late, too much or with a strange fee: never refused, never lost."""

from datetime import date

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.dunning.dun import dun
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments.book_transfer import book_transfer
from billhead.actions.payments.resolve import resolve
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.suspend import suspend
from billhead.domain.errors import Conflict
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.operations import Event
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


def credits(shop):
    return [(lot.kind, lot.amount_minor, lot.remaining_minor) for lot in shop.rows(CustomerCredit)]


def told(shop, event):
    return [one.data for one in shop.rows(Event, Event.type == event)]


def test_an_order_that_is_paid_on_two_pages_is_one_month_and_credit(shop):
    with shop.at("2026-11-22"):
        started = shop.order()
        first, second = shop.checkout(started.document_id), shop.checkout(started.document_id)
        shop.pay(first)
        shop.pay(second)
        assert shop.hear("charge.succeeded", count=2) == ["applied", "applied"]
    assert len(shop.invoices()) == 1
    assert [payment.amount_minor for payment in shop.rows(Payment)] == [1255, 1255]
    assert credits(shop) == [("bought", 1255, 1255)]
    # 25.10 came in, 0.36 are fees; 12.55 are owed to the customer
    assert shop.balances() == {
        "clearing": 2474, "fees": 36, "credit_bought": -1255, "deferred_revenue": -1000, "tax": -255,
    }  # fmt: skip
    (data,) = told(shop, "payment.credited")
    assert (data["document_id"], data["amount_minor"]) == (started.document_id, 1255)


def test_credit_pays_the_next_invoice_before_the_card_is_asked(shop):
    with shop.at("2026-11-22"):
        started = shop.order()
        pages = [shop.checkout(started.document_id, save=True) for _ in range(2)]
        for page in pages:
            shop.pay(page, save=True)
        shop.hear("charge.succeeded", count=2)
    with shop.at("2026-12-22"):
        run_billing(clock.business_now())
        assert shop.collect_due() == []
    assert shop.invoices()[-1].state == "paid"
    assert credits(shop) == [("bought", 1255, 0)]
    assert shop.row(Subscription, started.subscription_id).paid_through == date(2027, 1, 22)
    assert shop.charges() == 2


def test_pitfall_07_paid_late_after_a_suspension_it_runs_again(shop):
    subscription, invoice = shop.renewal("2026-12-22", card="4000000000000341")
    with shop.at("2026-12-28"):
        shop.collect_due()
        shop.act(dun)
        assert shop.row(Subscription, subscription.id).state == "suspended"
        assert shop.service(subscription.id).desired_blocked
        shop.pay(shop.checkout(invoice.id))
        assert shop.hear("charge.succeeded") == ["applied"]
    subscription = shop.row(Subscription, subscription.id)
    assert (subscription.state, subscription.suspended_for) == ("active", "")
    assert subscription.paid_through == date(2027, 1, 22), "an invoice's period is the one that it was written for"
    assert not shop.service(subscription.id).desired_blocked
    assert shop.notices("restored") == ["restored"]
    assert len(told(shop, "subscription.restored")) == 1


def test_a_payment_does_not_lift_what_staff_have_stopped(shop):
    subscription, invoice = shop.renewal("2026-12-22", card="4000000000000341")
    with shop.at("2026-12-28"):
        shop.act(dun)
        assert shop.act(suspend, subscription.id, "staff").changed
        shop.pay(shop.checkout(invoice.id))
        shop.hear("charge.succeeded")
    assert shop.invoices()[-1].state == "paid"
    assert shop.row(Subscription, subscription.id).state == "suspended"
    assert shop.service(subscription.id).desired_blocked


def test_pitfall_07_paid_after_termination_is_credit_and_is_told(shop):
    subscription, invoice = shop.renewal("2026-12-22", card="4000000000000341")
    with shop.at("2026-12-28"):
        shop.act(dun)
        page = shop.checkout(invoice.id)
    with shop.at("2027-01-21"):
        assert shop.act(dun).terminated == 1
        shop.pay(page)
        assert shop.hear("charge.succeeded") == ["applied"]
    assert credits(shop) == [("bought", 1255, 1255)]
    owed = shop.row(Document, invoice.id)  # less the last of its 31 days: staff void it or write it off
    assert (owed.state, owed.total_minor - owed.settled_minor) == ("partly_paid", 1215)
    assert shop.row(Subscription, subscription.id).state == "canceled"
    assert shop.service(subscription.id).lifecycle == "unwanted"
    (data,) = told(shop, "payment.credited")
    assert (data["document_id"], data["amount_minor"]) == (invoice.id, 1255)


def test_who_cancels_pays_for_what_was_watched(shop):
    subscription, invoice = shop.renewal("2026-12-22", card="4000000000000341")
    with shop.at("2026-12-23"):
        shop.act(cancel, subscription.id, "immediate")
        shop.pay(shop.checkout(invoice.id))
        shop.hear("charge.succeeded")
    assert shop.row(Document, invoice.id).state == "paid"
    assert credits(shop) == []
    service = shop.service(subscription.id)
    assert (service.lifecycle, service.desired_expires_at.date()) == ("unwanted", date(2026, 12, 24)), "no longer"


def test_an_order_that_is_canceled_can_not_be_paid_and_a_late_payment_is_credit(shop):
    with shop.at("2026-11-22"):
        started = shop.order()
        page = shop.checkout(started.document_id)
        shop.act(cancel, started.subscription_id, "end_of_term")
        assert shop.row(Document, started.document_id).state == "void"
        with pytest.raises(Conflict, match="void"):
            shop.checkout(started.document_id)
        shop.pay(page)
        assert shop.hear("charge.succeeded") == ["applied"]
    assert shop.invoices() == []
    assert credits(shop) == [("bought", 1255, 1255)]
    assert shop.balances() == {"clearing": 1237, "fees": 18, "credit_bought": -1255}
    assert shop.row(Subscription, started.subscription_id).state == "canceled"


def test_pitfall_13_an_expired_line_begins_anew_on_the_day_of_the_payment(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought()
    with shop.at("2026-12-08"):
        run_billing(clock.business_now())
    (offer,) = shop.rows(Document, Document.kind == "proforma", Document.state == "open")
    with shop.at("2026-12-22", hour=1):
        assert shop.act(lapse).expired == 1
    with shop.at("2027-01-31"):  # forty days later
        shop.pay(shop.checkout(offer.id))
        assert shop.hear("charge.succeeded") == ["applied"]
    subscription = shop.row(Subscription, subscription.id)
    assert (subscription.state, subscription.anchor) == ("active", date(2027, 1, 31))
    assert subscription.paid_through == date(2027, 2, 28)
    line = shop.rows(DocumentLine, DocumentLine.document_id == shop.invoices()[-1].id)[0]
    assert (line.period_start, line.period_end) == (date(2027, 1, 31), date(2027, 2, 28))


def test_a_renewal_before_the_end_goes_on_from_the_end(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought()
    with shop.at("2026-12-08"):
        run_billing(clock.business_now())
        (offer,) = shop.rows(Document, Document.kind == "proforma", Document.state == "open")
        shop.pay(shop.checkout(offer.id))
        shop.hear("charge.succeeded")
    assert shop.row(Subscription, subscription.id).paid_through == date(2027, 1, 22)


def test_an_expired_page_that_was_paid_after_all(shop):
    """The poll finds nothing and the attempt expires; then the money arrives: failed and expired are not the end."""
    with shop.at("2026-11-22"):
        started = shop.order()
        page = shop.checkout(started.document_id)
        attempt = shop.rows(PaymentAttempt)[0]
        shop.change(PaymentAttempt, attempt.id, state="expired")
        shop.pay(page)
        assert shop.hear("charge.succeeded") == ["applied"]
        assert resolve(SYSTEM, attempt.id) == "succeeded"
    assert len(shop.rows(Payment)) == 1
    assert shop.row(Subscription, started.subscription_id).state == "active"


@pytest.mark.parametrize(
    ("fee", "expected"),
    [
        (Money(30, "EUR"), {"clearing": 1225, "fees": 30}),
        (Money(1300, "EUR"), {"clearing": -45, "fees": 1300}),
        (Money(1255, "EUR"), {"fees": 1255}),
        (Money(500, "SEK"), {"clearing": 1255}),
        (None, {"clearing": 1255}),
    ],
    ids=["usual", "more than the payment", "all of it", "another currency", "not told"],
)
def test_whatever_the_fee_the_entry_balances(shop, fee, expected):
    with shop.at("2026-11-22"):
        started = shop.order()

        def settle(tx):
            account = tx.session.get_one(GatewayAccount, shop.cards)
            receipt = Receipt(account, Money(1255, "EUR"), "ch_1", fee=fee)
            return book(tx, tx.session.get_one(Document, started.document_id), receipt).id

        shop.act(settle)
    assert shop.balances() == {**expected, "deferred_revenue": -1000, "tax": -255}


def test_a_transfer_of_more_than_is_owed_leaves_the_rest_as_credit(shop):
    with shop.at("2026-11-22"):
        started = shop.order()
        shop.act(book_transfer, started.document_id, shop.bank, 1500, "EUR", "statement 47, line 3")
    assert shop.invoices()[0].state == "paid"
    assert credits(shop) == [("bought", 245, 245)]  # 15.00 - 12.55
    assert sum(allocation.amount_minor for allocation in shop.rows(Allocation)) == 1255
