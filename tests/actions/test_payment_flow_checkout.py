"""From the order to the paid invoice, with the payer on the processor's page and callbacks over a real socket."""

from datetime import UTC, date, datetime

import httpx
import pytest
from card_shop import open_card_shop

from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.payments import Callback, Payment, PaymentAttempt, PaymentMethod
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        yield shop


def test_an_order_is_paid_and_everything_follows(shop):
    started = shop.order()
    proforma = shop.row(Document, started.document_id)
    assert (proforma.kind, proforma.state, proforma.number) == ("proforma", "open", None)
    assert (proforma.net_minor, proforma.tax_minor, proforma.total_minor) == (1000, 255, 1255)  # 10.00 + 25.5 %
    assert shop.balances() == {}, "a proforma books nothing"

    checkout = shop.checkout(started.document_id)
    assert checkout.state == "requires_action"
    assert shop.pay(checkout).headers["location"].startswith(f"{shop.web}/back?charge=ch_")
    assert shop.hear("charge.succeeded") == ["applied"]

    (invoice,) = shop.invoices()
    assert (invoice.state, invoice.total_minor, invoice.settled_minor) == ("paid", 1255, 1255)
    assert (invoice.number, invoice.number_text) == (1, "2026-000001")
    assert (invoice.proforma_id, invoice.issued_on) == (started.document_id, date(2026, 11, 22))
    assert shop.row(Document, started.document_id).state == "settled"
    (line,) = shop.rows(DocumentLine, DocumentLine.document_id == invoice.id)
    assert (line.period_start, line.period_end) == (date(2026, 11, 22), date(2026, 12, 22))
    (allocation,) = shop.rows(Allocation)
    assert (allocation.line_id, allocation.amount_minor) == (line.id, 1255)

    (payment,) = shop.rows(Payment)
    assert (payment.amount_minor, payment.fee_minor) == (1255, 18)  # 1.5 % of 12.55 are 0.18825
    assert payment.provider_ref.startswith("ch_")
    assert shop.balances() == {"clearing": 1237, "fees": 18, "deferred_revenue": -1000, "tax": -255}

    subscription = shop.row(Subscription, started.subscription_id)
    assert (subscription.state, subscription.paid_through) == ("active", date(2026, 12, 22))
    assert subscription.next_bill_on == date(2026, 12, 8), "a manual renewal is offered 14 days before the end"
    service = shop.service(started.subscription_id)
    # 22 December in Helsinki begins at 22:00 UTC of the 21st; three days of grace
    assert service.desired_expires_at == datetime(2026, 12, 24, 22, tzinfo=UTC)
    assert service.sync == "pending"
    (job,) = shop.jobs("provisioning.converge")
    assert job.args == {"service_id": service.id}
    assert shop.notices() == ["receipt"]


def test_a_card_that_the_payer_saves_pays_from_then_on(shop):
    subscription = shop.bought(save=True)
    (method,) = shop.rows(PaymentMethod)
    assert (method.label, method.expires, method.is_default, method.usable) == (
        "Visa •••• 4242", "2030-12", True, True,
    )  # fmt: skip
    assert "tok_ok" not in method.token, "tokens are stored encrypted"
    assert (subscription.collection, subscription.payment_method_id) == ("auto", method.id)
    assert subscription.next_bill_on == date(2026, 12, 22), "charged when the next period begins"


def test_a_trial_begins_when_it_is_paid(shop):
    subscription = shop.bought(plan="trial", trial=True)
    assert (subscription.state, subscription.phase) == ("trial", "trial")
    assert subscription.paid_through == subscription.phase_ends_on == date(2026, 11, 29)
    (invoice,) = shop.invoices()
    assert invoice.total_minor == 126  # 1.00 + 0.255, rounded half up
    assert shop.service(subscription.id).trial


def test_a_declined_card_leaves_the_order_open_to_another(shop):
    started = shop.order()
    shop.pay(shop.checkout(started.document_id), "4000000000009995")
    assert shop.hear("charge.failed") == ["applied"]
    (attempt,) = shop.rows(PaymentAttempt)
    assert (attempt.state, attempt.decline_class, attempt.decline_code) == ("failed", "soft", "insufficient_funds")
    assert shop.notices() == [], "the payer was told on the page"
    assert shop.jobs("payments.collect") == []
    shop.pay(shop.checkout(started.document_id))
    assert shop.hear("charge.succeeded") == ["applied"]
    assert shop.attempts() == ["failed", "succeeded"]
    assert len(shop.rows(Payment)) == 1


def test_a_payer_who_cancels_may_begin_anew(shop):
    started = shop.order()
    httpx.post(shop.checkout(started.document_id).action["url"], data={"cancel": "1"}, trust_env=False)
    assert shop.hear("charge.canceled") == ["applied"]
    (attempt,) = shop.rows(PaymentAttempt)
    assert (attempt.state, attempt.decline_class) == ("canceled", "")
    assert shop.checkout(started.document_id).state == "requires_action"


def test_the_start_of_a_checkout_may_be_heard_before_it_is_recorded(shop):
    """The processor is fast: its first callback comes before the answer of its API was written down."""
    started = shop.order()
    shop.checkout(started.document_id)
    assert shop.hear("charge.requires_action") == ["applied"]
    assert shop.attempts() == ["requires_action"]


def test_the_end_may_be_heard_before_the_beginning(shop):
    shop.control("cards", callback_out_of_order=True)
    started = shop.order()
    shop.pay(shop.checkout(started.document_id))
    assert shop.hear("charge.succeeded") == ["applied"]
    assert shop.hear("charge.requires_action") == ["applied"]
    assert shop.attempts() == ["succeeded"]
    assert [callback.error for callback in shop.rows(Callback)] == ["", ""]
