"""A credit note is what we owe: nobody pays on it, and what waits on it can be placed later.

A month of TV is 12.00 EUR, billed and paid on 1 November 2026; staff give 6.00 of it back on the 2nd.
"""

from dataclasses import replace

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import NOV, at, debtor, give, invoices, november, pay, sound

from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.place_credit import place_credit
from billhead.actions.payments._allocating import Source, put_on
from billhead.actions.payments.book_transfer import book_transfer
from billhead.actions.payments.reallocate import reallocate
from billhead.actions.payments.start_checkout import start_checkout
from billhead.db import writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry
from billhead.models.subscriptions import Subscription

STAFF = replace(SYSTEM, reason="asked by phone")


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def kept(shop):
    """(subscription, credit note): 6.00 of what was paid waits on it."""
    subscription = debtor(shop)
    (invoice,) = invoices(shop)
    (line,) = shop.all(DocumentLine)
    with at(NOV):
        pay(invoice.id)
    with at(november(2)), writing(STAFF) as tx:
        made = issue_credit_note(tx, invoice.id, [Correction(line.id, 600)], reason="the outage", way="keep")
    assert (made.kept, made.on_documents) == (600, 0)
    return subscription, made.credit_note_id


def refused(why, verb, *args, **more):
    with at(november(3)), pytest.raises(Conflict, match=why), writing(STAFF) as tx:
        verb(tx, *args, **more)


def stands(shop, note):
    found = shop.get(Document, note)
    return found.state, found.total_minor - found.settled_minor


def test_no_money_is_put_on_it(shop):
    subscription, note = kept(shop)
    with at(november(2)):
        give(shop, subscription, 600)
    why = "is a credit note: nobody pays on it"
    refused(why, pay_with_credit, note)
    refused(why, book_transfer, note, shop.cards_id, 600, "EUR", "statement 7")
    refused("only 0.00 EUR is open on", reallocate, invoices(shop)[0].id, 100, note)
    with pytest.raises(Conflict, match=why):
        start_checkout(STAFF, note, shop.cards_id, "https://tv.example/back")
    with pytest.raises(Conflict, match=why), writing(STAFF) as tx:
        put_on(tx, tx.session.get_one(Document, note), Source(payment_id=1), 600)
    assert stands(shop, note) == ("final", 600)
    assert [(lot.kind, lot.remaining_minor) for lot in shop.all(CustomerCredit)] == [("gifted", 600)]
    sound()


def test_what_waits_is_placed_later(shop):
    subscription, note = kept(shop)
    stranger = Context("customer:99", Role.CUSTOMER, Scope(customer_id=99))
    with at(november(9)), pytest.raises(NotFound), writing(replace(stranger, permissions=STAFF.permissions)) as tx:
        place_credit(tx, note)
    with pytest.raises(InvalidInput) as wrong, writing(STAFF) as tx:
        place_credit(tx, note, "keep")
    assert wrong.value.field == "way"
    shop.change(Subscription, subscription, next_bill_on=november(8))
    with at(november(9)), writing(STAFF) as tx:
        placed = place_credit(tx, note)
    assert (placed.on_documents, placed.credited, placed.refunded, placed.kept) == (0, 600, 0, 0)
    assert stands(shop, note) == ("paid", 0)
    (lot,) = shop.all(CustomerCredit)
    assert (lot.kind, lot.remaining_minor, lot.payment_id) == ("bought", 600, 1)
    (line,) = shop.all(AuditEntry, AuditEntry.action == "documents.place_credit")
    assert line.reason == "asked by phone"
    refused("there is nothing to place", place_credit, note)
    refused("there is nothing to place", place_credit, invoices(shop)[0].id)
    sound()
