"""Refunds to source and to credit, with a credit note before, after or without: nobody is paid twice."""

import threading

import pytest
from card_shop import SYSTEM, open_card_shop
from sqlalchemy import update

from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments.book_transfer import book_transfer
from billhead.actions.payments.close_refund import close_refund
from billhead.actions.payments.refund import refund
from billhead.actions.payments.send_refund import send_refund
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.jobs.kinds import KINDS
from billhead.models.credits import CustomerCredit
from billhead.models.documents import DocumentLine
from billhead.models.payments import Callback, Payment, Refund


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        yield shop
        with reading() as session:
            assert verify_ledger(session).faults == []


@pytest.fixture
def paid(shop):
    """12.55 paid by card: the payment."""
    shop.bought()
    (payment,) = shop.rows(Payment)
    return payment


def give(shop, payment, minor, to="source"):
    done = shop.act(refund, payment.id, minor, to, reason="asked for")
    if done.refund_id:
        send_refund(SYSTEM, done.refund_id)
    return done


def credit(shop, *corrections, way="credit"):
    return shop.act(issue_credit_note, shop.invoices()[0].id, corrections, reason="wrong", way=way)


def standing(shop):
    invoice = shop.invoices()[0]
    left = sum(lot.remaining_minor for lot in shop.rows(CustomerCredit))
    return invoice.state, invoice.total_minor - invoice.settled_minor, left


def test_without_a_credit_note_the_debt_is_open_again(shop, paid):
    done = give(shop, paid, 1255)
    assert (done.from_credit, done.reopened) == (0, {str(shop.invoices()[0].id): 1255})
    assert standing(shop) == ("final", 1255, 0)
    assert [(one.state, one.amount_minor) for one in shop.rows(Refund)] == [("succeeded", 1255)]
    # 12.55 came in and went out again, 0.18 fee stays with the processor; 12.55 are owed
    assert shop.balances() == {
        "receivable": 1255, "clearing": -18, "fees": 18, "deferred_revenue": -1000, "tax": -255,
    }  # fmt: skip
    assert shop.notices("refunded") == ["refunded"]


def test_credit_note_first_the_refund_eats_the_credit(shop, paid):
    credit(shop)
    assert standing(shop) == ("paid", 0, 1255)
    assert give(shop, paid, 1255).from_credit == 1255
    assert standing(shop) == ("paid", 0, 0)
    assert shop.balances() == {"clearing": -18, "fees": 18}


def test_refund_first_the_credit_note_pays_the_open_debt(shop, paid):
    give(shop, paid, 1255)
    made = credit(shop)
    assert (made.on_documents, made.credited) == (1255, 0)
    assert standing(shop) == ("paid", 0, 0)
    assert shop.balances() == {"clearing": -18, "fees": 18}


def test_a_part_each_way_round(shop, paid):
    (line,) = shop.rows(DocumentLine, DocumentLine.document_id == shop.invoices()[0].id)
    credit(shop, Correction(line.id, amount_minor=500))  # 5.00 of credit
    done = give(shop, paid, 800)  # 5.00 of it was credit, 3.00 are owed again
    assert (done.from_credit, list(done.reopened.values())) == (500, [300])
    assert standing(shop) == ("partly_paid", 300, 0)
    made = credit(shop, Correction(line.id, amount_minor=400))  # 3.00 of it are owed, 1.00 was paid
    assert (made.on_documents, made.credited) == (300, 100)
    assert standing(shop) == ("paid", 0, 100)


def test_credit_that_was_spent_is_owed_where_it_was_spent(shop, paid):
    credit(shop)
    with shop.at("2026-11-23"):
        second = shop.order()
        lot = shop.rows(CustomerCredit)[0]
        assert lot.payment_id == paid.id
        shop.act(book_transfer, second.document_id, shop.bank, 1255, "EUR", "t1")
        # pay it by the credit instead of the transfer
        invoice = shop.invoices()[-1]
        _spend(shop, lot, invoice)
        done = give(shop, paid, 1255)
    assert done.reopened == {str(invoice.id): 1255}
    assert shop.invoices()[-1].state == "final"


def _spend(shop, lot, invoice):
    from billhead.actions.ledger.post import post
    from billhead.actions.payments._allocating import Source, locked_documents, put_on
    from billhead.actions.payments.reallocate import reallocate
    from billhead.domain.ledger import AccountCode, debit
    from billhead.domain.ledger import credit as credited
    from billhead.domain.money import Money

    with writing(SYSTEM) as tx:
        reallocate(tx, invoice.id, 1255)
        amount = Money(1255, "EUR")
        legs = [debit(AccountCode.CREDIT_BOUGHT, amount), credited(AccountCode.RECEIVABLE, amount)]
        post(tx, shop.seller, "credit_applied", invoice.issued_on, "spent:1", legs, customer_id=shop.customer)
        put_on(tx, locked_documents(tx, [invoice.id])[invoice.id], Source(None, lot.id), 1255)
        tx.session.execute(update(CustomerCredit).where(CustomerCredit.id == lot.id).values(remaining_minor=0))


def test_to_credit_the_money_stays_here(shop, paid):
    done = give(shop, paid, 555, "credit")
    assert done.refund_id is None
    assert standing(shop) == ("partly_paid", 555, 555)
    assert give(shop, paid, 1255).from_credit == 555
    assert standing(shop) == ("final", 1255, 0)


def test_a_credit_note_refunds_by_itself_what_was_paid(shop, paid):
    made = credit(shop, way="refund")
    assert (made.refunded, made.credited) == (1255, 0)
    (job,) = shop.jobs("payments.refund")
    KINDS[job.kind].run(SYSTEM, job.args)
    assert [one.state for one in shop.rows(Refund)] == ["succeeded"]
    assert shop.balances() == {"clearing": -18, "fees": 18}


@pytest.mark.parametrize(("minor", "refused"), [(1256, "only 12.55 EUR"), (0, "above zero"), (-5, "above zero")])
def test_no_more_than_was_paid(shop, paid, minor, refused):
    with pytest.raises((Conflict, InvalidInput), match=refused):
        give(shop, paid, minor)


def test_no_second_refund_than_what_is_left(shop, paid):
    give(shop, paid, 1000)
    with pytest.raises(Conflict, match=r"only 2\.55 EUR"):
        give(shop, paid, 300)
    give(shop, paid, 255)
    assert shop.row(Payment, paid.id).refunded_minor == 1255


def test_two_refunds_at_once_only_one_goes_out(shop, paid):
    results, gate = [], threading.Barrier(2)

    def one():
        with shop.app.app_context():
            gate.wait()
            try:
                results.append(shop.act(refund, paid.id, 1255, "source", reason="asked for").amount_minor)
            except Conflict as refused:
                results.append(refused.code)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [1255, "refund_too_large"]


def test_an_unknown_outcome_blocks_and_is_looked_up(shop, paid):
    shop.control("faults", kind="crash", match="/cards/v1/refunds", count=1)
    shop.act(refund, paid.id, 500, "source", reason="asked for")
    (row,) = shop.rows(Refund)
    assert send_refund(SYSTEM, row.id) == "unknown"
    with pytest.raises(Conflict, match="still being sent or looked up"):
        give(shop, paid, 100)
    assert send_refund(SYSTEM, row.id) == "succeeded"
    give(shop, paid, 100)
    assert shop.row(Payment, paid.id).refunded_minor == 600


def test_a_refund_that_fails_leaves_things_as_they_were(shop, paid):
    shop.control("cards", refund_status="failed")
    done = shop.act(refund, paid.id, 1255, "source", reason="asked for")
    assert standing(shop) == ("final", 1255, 0)
    assert send_refund(SYSTEM, done.refund_id) == "failed"
    assert standing(shop) == ("paid", 0, 0)
    assert shop.row(Payment, paid.id).refunded_minor == 0
    assert shop.balances() == {"clearing": 1237, "fees": 18, "deferred_revenue": -1000, "tax": -255}


def test_a_refund_that_comes_back_is_the_customers_again(shop, paid):
    credit(shop)
    done = give(shop, paid, 1255)
    key = shop.row(Refund, done.refund_id).key
    shop.control("bounce", reference=key)
    assert shop.hear("refund.failed") == ["applied"]
    assert shop.row(Refund, done.refund_id).state == "reversed"
    assert standing(shop) == ("paid", 0, 1255)


def test_callbacks_end_a_refund_that_was_processing(shop, paid):
    shop.control("cards", refund_status="processing", processing_seconds=0)
    done = shop.act(refund, paid.id, 1255, "source", reason="asked for")
    assert send_refund(SYSTEM, done.refund_id) in ("processing", "succeeded")
    assert set(shop.hear("refund.succeeded")) == {"applied"}
    assert set(shop.hear("refund.processing")) == {"applied"}  # late: it changes nothing
    assert shop.row(Refund, done.refund_id).state == "succeeded"
    again = shop.rows(Callback)[-1]
    shop.stored_again(again)
    assert shop.balances()["clearing"] == -18


def test_a_transfer_is_sent_back_by_hand(shop):
    started = shop.order()
    booked = shop.act(book_transfer, started.document_id, shop.bank, 1255, "EUR", "t1")
    done = shop.act(refund, booked.payment_id, 1255, "source", reason="asked for")
    assert done.by_hand
    assert shop.jobs("payments.refund") == []
    assert shop.balances()["refunds_payable"] == -1255
    with pytest.raises(InvalidInput, match="reference: is needed"):
        shop.act(close_refund, done.refund_id, "sent")
    assert shop.act(close_refund, done.refund_id, "sent", "out-1").state == "succeeded"
    assert "refunds_payable" not in shop.balances()
    assert shop.act(close_refund, done.refund_id, "failed").state == "reversed"
    assert standing(shop) == ("paid", 0, 0)
