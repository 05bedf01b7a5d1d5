"""A credit note finds its place: what is owed first, then back to the customer as it had come."""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop

from billhead.actions.billing._rated import LineDetail, Rated, RatedLine
from billhead.actions.billing._reading import read_buyers
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.documents._place_credit import place_credit_note
from billhead.actions.payments._book import Receipt, book
from billhead.db import writing
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.payments import GatewayAccount

DEC = date(2026, 12, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def invoiced(shop, customer, minor=1000):
    """A month at so much plus 20 %."""
    subscription = shop.subscribe(customer, shop.plan(f"tv{minor}", minor), due=DEC)
    shop.run(DEC)
    return shop.all(Document, Document.subscription_id == subscription)[-1]


def pay(shop, invoice, minor, ref="t1"):
    with writing(SYSTEM) as tx:
        account = tx.session.get_one(GatewayAccount, shop.cards_id)
        document = tx.session.get_one(Document, invoice.id)
        return book(tx, document, Receipt(account, Money(minor, "EUR"), ref)).id


def noted(shop, invoice, net, tax):
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == invoice.id)
    detail = LineDetail(corrects_line_id=line.id)
    given = RatedLine(None, None, line.plan_id, "corrected", "less", "", None, None, 1, net, net, tax, "FI:standard",
                      200_000, detail)  # fmt: skip
    with writing(SYSTEM) as tx:
        buyer = read_buyers(tx.session, [invoice.customer_id])[invoice.customer_id].party
        rated = Rated("credit_note", invoice.seller_id, invoice.customer_id, invoice.subscription_id, None, "EUR", DEC,
                      DEC, (given,), net, tax, net + tax, (("FI:standard", tax),), (), buyer, False, None,
                      corrects_id=invoice.id)  # fmt: skip
        return issue_invoice(tx, rated).document_id


def place(shop, note, way="credit"):
    with writing(SYSTEM) as tx:
        return place_credit_note(tx, note, way)


def standing(shop, key):
    document = shop.get(Document, key)
    return document.state, document.settled_minor


def lots(shop):
    return [(lot.kind, lot.amount_minor, lot.remaining_minor, lot.payment_id) for lot in shop.all(CustomerCredit)]


def test_an_unpaid_invoice_is_owed_less(shop):
    invoice = invoiced(shop, shop.customer())
    note = noted(shop, invoice, 500, 100)
    placed = place(shop, note)
    assert (placed.on_documents, placed.credited) == (600, 0)
    assert standing(shop, invoice.id) == ("partly_paid", 600)
    assert standing(shop, note) == ("paid", 600)
    assert place(shop, note).on_documents == 0


def test_what_was_paid_becomes_credit_that_knows_its_payment(shop):
    invoice = invoiced(shop, shop.customer())
    payment = pay(shop, invoice, 1200)
    note = noted(shop, invoice, 500, 100)
    placed = place(shop, note)
    assert (placed.on_documents, placed.credited) == (0, 600)
    assert lots(shop) == [("bought", 600, 600, payment)]
    assert standing(shop, invoice.id) == ("paid", 1200)
    # 12.00 paid, 6.00 of it taken off for 6.00 of the credit note
    assert [(a.payment_id, a.credit_note_id, a.amount_minor) for a in shop.all(Allocation)] == [
        (payment, None, 1200), (payment, None, -600), (None, note, 600),
    ]  # fmt: skip


def test_half_open_half_paid_first_the_open_half(shop):
    invoice = invoiced(shop, shop.customer())
    pay(shop, invoice, 700)
    placed = place(shop, noted(shop, invoice, 1000, 200))
    # 12.00 given back: 5.00 was open, 7.00 was paid
    assert (placed.on_documents, placed.credited) == (500, 700)
    assert standing(shop, invoice.id) == ("paid", 1200)


def test_a_gift_returns_as_a_gift_and_money_first(shop):
    customer = shop.customer()
    gift = shop.grant(customer, 700, kind="gifted", expires_on=date(2027, 1, 31))
    invoice = invoiced(shop, customer)
    payment = pay(shop, invoice, 500)
    assert place(shop, noted(shop, invoice, 500, 100)).credited == 600
    # as if the invoice had been 6.00: the gift would have paid it, and 1.00 of the gift would be left
    assert lots(shop) == [("gifted", 700, 100, None), ("bought", 500, 500, payment)]
    assert shop.get(CustomerCredit, gift).remaining_minor == 100


def test_free_money_pays_the_next_invoice_of_the_subscription(shop):
    customer = shop.customer()
    invoice = invoiced(shop, customer)
    payment = pay(shop, invoice, 1200)
    shop.run(date(2027, 1, 1))
    later = shop.all(Document)[-1]
    placed = place(shop, noted(shop, invoice, 1000, 200))
    assert (placed.on_documents, placed.credited) == (1200, 0)
    assert standing(shop, later.id) == ("paid", 1200)
    moved = shop.all(Allocation, Allocation.document_id == later.id)
    assert [(a.payment_id, a.amount_minor) for a in moved] == [(payment, 1200)]


def test_keep_leaves_the_rest_on_the_note(shop):
    invoice = invoiced(shop, shop.customer())
    pay(shop, invoice, 700)
    note = noted(shop, invoice, 1000, 200)
    assert place(shop, note, "keep").kept == 700
    assert standing(shop, note) == ("partly_paid", 500)
    assert lots(shop) == []
    assert place(shop, note).credited == 700
    assert standing(shop, note) == ("paid", 1200)


def test_a_refund_that_can_not_be_sent_is_credit(shop):
    invoice = invoiced(shop, shop.customer())
    payment = pay(shop, invoice, 1200)  # the shop's gateway is not installed
    assert place(shop, noted(shop, invoice, 1000, 200), "refund").credited == 1200
    assert lots(shop) == [("bought", 1200, 1200, payment)]
