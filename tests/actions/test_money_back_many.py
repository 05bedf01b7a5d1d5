"""One payment over several documents, money without an owner, and debts that come back."""

import pytest
from card_shop import open_card_shop

from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.documents.issue_credit_note import issue_credit_note
from billhead.actions.documents.write_off import write_off
from billhead.actions.payments.assign_money import assign_money
from billhead.actions.payments.book_receipt import book_receipt
from billhead.actions.payments.keep_unassigned import keep_unassigned
from billhead.actions.payments.start_checkout import start_checkout
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.operations import Event
from billhead.models.payments import Payment, PaymentAttempt
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

SYSTEM = Context.system("test")


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


@pytest.fixture
def owed(shop):
    """Two invoices of 12.55, of 22 December and 22 January; nobody was charged."""
    shop.renewal("2026-12-22", card="4000000000000341")
    with shop.at("2027-01-22", hour=1):
        from billhead import clock
        from billhead.actions.billing.run import run_billing

        run_billing(clock.business_now())
    assert [one.state for one in shop.invoices()] == ["paid", "final", "final"]
    return [one.id for one in shop.invoices()[1:]]


def states(shop):
    return [(one.state, one.settled_minor) for one in shop.invoices()[1:]]


def test_one_transfer_pays_the_oldest_first(shop, owed):
    with shop.at("2027-01-25"):
        done = shop.act(book_receipt, shop.customer, shop.bank, 2000, "EUR", "t1")
        assert done.document_ids == owed
        # 20.00 = 12.55 + 7.45
        assert states(shop) == [("paid", 1255), ("partly_paid", 745)]
        shop.act(book_receipt, shop.customer, shop.bank, 1000, "EUR", "t2")
    assert states(shop) == [("paid", 1255), ("paid", 1255)]
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [490]


def test_the_chosen_ones_in_their_order(shop, owed):
    with shop.at("2027-01-25"):
        shop.act(book_receipt, shop.customer, shop.bank, 1300, "EUR", "t1", owed[::-1])
    assert states(shop) == [("partly_paid", 45), ("paid", 1255)]
    for wrong, refused in (([owed[1]], Conflict), ([owed[0], owed[0]], InvalidInput), ([999], NotFound)):
        with pytest.raises(refused):
            shop.act(book_receipt, shop.customer, shop.bank, 100, "EUR", "t3", wrong)
    with pytest.raises(Conflict, match="booked already"):
        shop.act(book_receipt, shop.customer, shop.bank, 100, "EUR", "t1")


def test_the_customer_pays_several_by_one_charge(shop, owed):
    with shop.at("2027-01-25"):
        begun = start_checkout(SYSTEM, owed[0], shop.cards, f"{shop.web}/back", also=[owed[1]])
        (attempt,) = shop.rows(PaymentAttempt, PaymentAttempt.id == begun.attempt_id)
        assert attempt.amount_minor == 2510
        shop.pay(begun)
        assert set(shop.hear("charge.succeeded")) == {"applied"}
    assert states(shop) == [("paid", 1255), ("paid", 1255)]
    assert len(shop.rows(Payment)) == 2
    assert shop.row(Subscription, shop.invoices()[-1].subscription_id).paid_through.isoformat() == "2027-02-22"


def test_several_orders_are_charged_in_full_and_begin_though_there_is_credit(shop):
    with shop.at("2027-01-25"):
        first, second = (shop.order().document_id for _ in range(2))
        shop.act(grant_credit, shop.customer, Money(500, "EUR"), "sorry")
        begun = start_checkout(SYSTEM, first, shop.cards, f"{shop.web}/back", also=[second])
        (attempt,) = shop.rows(PaymentAttempt, PaymentAttempt.id == begun.attempt_id)
        assert attempt.amount_minor == 2510  # as the page says; 15.10 if each of them drew the same 5.00
        shop.pay(begun)
        assert set(shop.hear("charge.succeeded")) == {"applied"}
    assert [shop.row(Document, key).state for key in (first, second)] == ["settled", "settled"]
    assert [(one.state, one.total_minor) for one in shop.invoices()] == [("paid", 1255), ("paid", 1255)]
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [500]


def test_while_one_charge_for_several_is_undecided_none_of_them_is_charged_again(shop, owed):
    with shop.at("2027-01-25"):
        with pytest.raises(InvalidInput, match="name each once"):
            start_checkout(SYSTEM, owed[0], shop.cards, f"{shop.web}/back", also=[owed[0]])
        begun = start_checkout(SYSTEM, owed[0], shop.cards, f"{shop.web}/back", also=[owed[1]])
        shop.change(PaymentAttempt, begun.attempt_id, state="unknown")
        for document in owed:
            with pytest.raises(Conflict, match="still being looked up"):
                start_checkout(SYSTEM, document, shop.cards, f"{shop.web}/back")


def test_money_without_an_owner_waits_in_suspense(shop, owed):
    with shop.at("2027-01-25"):
        before = shop.balances()
        kept = shop.act(keep_unassigned, shop.bank, 1255, "EUR", "t9", "A. Virtanen")
        assert shop.balances()["suspense"] == -1255
        with pytest.raises(Conflict, match="booked already"):
            shop.act(book_receipt, shop.customer, shop.bank, 1255, "EUR", "t9")
        shop.act(assign_money, kept.unassigned_money_id, shop.customer)
        with pytest.raises(Conflict, match="assigned already"):
            shop.act(assign_money, kept.unassigned_money_id, shop.customer)
    assert states(shop) == [("paid", 1255), ("final", 0)]
    after = shop.balances()
    assert "suspense" not in after
    assert (after["clearing"] - before["clearing"], after["receivable"]) == (1255, 1255)


@pytest.mark.parametrize(("policy", "lost", "tax"), [("keep", 1255, 0), ("reclaim", 1000, 255)])
def test_a_bad_debt_is_lost_and_comes_back_with_its_money(shop, owed, policy, lost, tax):
    shop.change(Seller, shop.seller, money_back={"bad_debt_tax": policy})
    with shop.at("2027-01-25"):
        before = shop.balances()
        done = shop.act(write_off, owed[0], reason="gone abroad")
        assert (done.lost_minor, done.tax_minor) == (lost, tax)
        assert shop.balances()["write_off"] == lost
        assert shop.balances()["tax"] == before["tax"] + tax
        shop.act(book_receipt, shop.customer, shop.bank, 500, "EUR", "t1", [owed[1]])
        with shop.app.app_context():
            from billhead.actions.payments.book_transfer import book_transfer

            shop.act(book_transfer, owed[0], shop.bank, 400, "EUR", "t2")
    # the whole debt is there again, and 4.00 of it are paid
    assert states(shop) == [("partly_paid", 400), ("partly_paid", 500)]
    assert "write_off" not in shop.balances()
    assert shop.balances()["receivable"] == 2510 - 900


def test_less_of_a_bad_debt_is_still_a_bad_debt(shop, owed):
    with shop.at("2027-01-25"):
        shop.act(write_off, owed[0], reason="gone abroad")
        from billhead.actions.documents.issue_credit_note import Correction
        from billhead.models.documents import DocumentLine

        (line,) = shop.rows(DocumentLine, DocumentLine.document_id == owed[0])
        shop.act(issue_credit_note, owed[0], [Correction(line.id, amount_minor=251)], reason="too much")
    assert shop.row(Document, owed[0]).state == "written_off"
    assert shop.balances()["write_off"] == 1255 - 251
    assert [one.type for one in shop.rows(Event, Event.type == "document.written_off")] == ["document.written_off"] * 2
