"""A shop that takes coins, by a BTCPay Server over a real socket: in part, late, over, and a refund that is claimed."""

from datetime import timedelta

import pytest
from fake_btcpay import KEY, SECRET, STORE, FakeBTCPay

from billhead import clock
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.payments.decide_attempt import decide_attempt
from billhead.actions.payments.refund import refund
from billhead.actions.payments.send_refund import send_refund
from billhead.db import reading
from billhead.domain.context import Context
from billhead.jobs.kinds import KINDS
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.payments import Payment, PaymentAttempt, Refund
from billhead.testing.paying_shop import SYSTEM, open_paying_shop

OWED = 1255


@pytest.fixture
def btcpay():
    with FakeBTCPay() as btcpay:
        yield btcpay
    assert btcpay.wrong == []


@pytest.fixture
def shop(btcpay, tmp_path):
    store = {"url": btcpay.url, "store_id": STORE, "api_key": KEY, "webhook_secret": SECRET, "timeout_seconds": 5}
    with open_paying_shop(tmp_path, "btcpay", store) as shop:
        yield shop
        shop.balances()


@pytest.fixture
def invoice(shop):
    """The server's invoice over 12.55 EUR."""
    shop.checkout()
    return shop.attempt().provider_ref


def paid(shop):
    return [(one.provider_ref, one.amount_minor) for one in shop.rows(Payment)]


def document(shop):
    row = shop.row(Document, shop.invoice)
    return row.state, row.total_minor - row.settled_minor


def mail(shop, kind):
    """What the only notice of this kind says."""
    (notice,) = shop.rows(Notice, Notice.kind == kind)
    with reading() as session:
        return render(kind, gather(session, notice)).text


def test_short_then_late_then_late_again(shop, btcpay, invoice):
    btcpay.pay(invoice, "5.00", status="Processing")
    assert shop.hear(btcpay.callback(invoice)) == "applied"
    assert (shop.state(), document(shop)) == ("requires_action", ("final", OWED))
    btcpay.confirm(invoice)
    btcpay.expire(invoice)
    assert shop.hear(btcpay.callback(invoice)) == "applied"
    assert (paid(shop), document(shop)) == ([(invoice, 500)], ("partly_paid", 755))
    assert "€7.55 is still open" in mail(shop, "receipt")

    btcpay.pay(invoice, "7.55")
    assert shop.hear(btcpay.callback(invoice, kind="InvoicePaymentSettled")) == "applied"
    assert (paid(shop)[1:], document(shop)) == ([(f"{invoice}#2", 755)], ("paid", 0))
    btcpay.pay(invoice, "1.00")
    for _ in range(3):
        shop.hear(btcpay.callback(invoice, kind="InvoicePaymentSettled"))
        shop.look()
    assert [minor for _, minor in paid(shop)] == [500, 755, 100]
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [100]


def test_without_any_message_it_is_found_by_looking_also_after_the_time_to_pay(shop, btcpay, invoice):
    resolve = KINDS["payments.resolve_open"].run
    begun = clock.now()

    def after(hours):
        with clock.business_time(begun + hours * timedelta(hours=1)):
            resolve(Context.system("test"), {})
        return shop.state()

    assert after(0.2) == "requires_action"
    btcpay.expire(invoice)
    assert after(1.5) == "expired"
    btcpay.pay(invoice, "12.55")
    assert after(2) == "expired", "it is looked up every hour"
    assert after(3) == "succeeded"
    assert document(shop) == ("paid", 0)


def test_two_pages_for_one_invoice_are_credit(shop, btcpay, invoice):
    btcpay.pay(invoice, "5.00")
    btcpay.expire(invoice)
    shop.hear(btcpay.callback(invoice))
    shop.checkout()  # the rest, 7.55, on a page of its own
    second = shop.attempt().provider_ref
    btcpay.pay(invoice, "7.55")  # and once more to the first address
    btcpay.pay(second, "7.55")
    shop.hear(btcpay.callback(second))
    shop.hear(btcpay.callback(invoice))
    assert document(shop) == ("paid", 0)
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [755]


def test_a_refund_is_claimed_by_a_link_that_is_mailed_once(shop, btcpay, invoice):
    btcpay.pay(invoice, "12.55")
    shop.hear(btcpay.callback(invoice))
    owed = shop.act(refund, shop.rows(Payment)[0].id, 500, "source", reason="a week without pictures").refund_id
    assert send_refund(SYSTEM, owed) == "processing"
    assert send_refund(SYSTEM, owed) == "processing"
    (page,) = btcpay.pull_payments.values()
    row = shop.row(Refund, owed)
    assert (row.claim_url, row.provider_ref) == (page["viewLink"], page["id"])
    assert row.next_look_at - clock.business_now() > timedelta(hours=23), "it may take them weeks"
    assert f"Claim your refund: {page['viewLink']}" in mail(shop, "refund_claim")
    assert shop.balances()["refunds_payable"] == -500

    btcpay.claim(page["id"], "5.00")
    assert shop.hear(btcpay.payout_callback(page["id"])) == "applied"
    assert shop.row(Refund, owed).state == "succeeded"
    assert "were sent to where you claimed them" in mail(shop, "refunded")
    assert "refunds_payable" not in shop.balances()
    assert shop.balances()["clearing"] == 755  # 12.55 - 5.00


def test_what_staff_decided_is_paid_is_refunded_of_the_servers_invoice(shop, btcpay, invoice):
    with clock.business_time(clock.now() + timedelta(minutes=10)):
        shop.act(decide_attempt, shop.rows(PaymentAttempt)[0].id, "paid", "txid ab12")
    assert paid(shop) == [("txid ab12", OWED)]
    btcpay.mark(invoice, "Settled")
    owed = shop.act(refund, shop.rows(Payment)[0].id, 500, "source", reason="a week without pictures").refund_id
    assert send_refund(SYSTEM, owed) == "processing"
    assert [page["amount"] for page in btcpay.pull_payments.values()] == ["5.00"]


def test_a_part_that_is_taken_back_stops_nothing(shop, btcpay, invoice):
    btcpay.pay(invoice, "5.00", status="Processing")
    btcpay.expire(invoice)
    shop.hear(btcpay.callback(invoice))
    btcpay.confirm(invoice, "Invalid")
    btcpay.invoices[invoice] |= {"status": "Expired", "additionalStatus": "PaidPartial"}  # the server leaves it so
    shop.look()
    assert (shop.state(), document(shop)) == ("expired", ("final", OWED))


def test_a_refund_that_nobody_claims_can_be_taken_back(shop, btcpay, invoice):
    btcpay.pay(invoice, "12.55")
    shop.hear(btcpay.callback(invoice))
    owed = shop.act(refund, shop.rows(Payment)[0].id, OWED, "source", reason="asked for").refund_id
    send_refund(SYSTEM, owed)
    assert document(shop) == ("final", OWED)
    (page,) = btcpay.pull_payments.values()
    page["archived"] = True
    assert send_refund(SYSTEM, owed) == "failed"
    assert document(shop) == ("paid", 0)
    assert shop.rows(PaymentAttempt)[-1].state == "succeeded"
