"""A change while the register of VAT ids is down, and the seller waits for it: its invoice is a draft until then."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM
from vat_shop import open_vat_shop

from billhead import clock
from billhead.actions.accounts.check_vat_id import check_vat_id
from billhead.actions.documents.finalise_draft import preview_finalise_draft
from billhead.actions.documents.look_after import look_after
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

ACME = "DE136695976"
NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def vat(database_url, tmp_path):
    with open_vat_shop(database_url, tmp_path, known={ACME: "Acme GmbH"}) as vat:
        yield vat


def paying(vat, *, collection="auto"):
    """November of `basic` was billed with 19 % of Germany; then a VAT id is entered that nobody can check."""
    basic = vat.shop.plan("basic", 1000)
    vat.shop.plan("gold", 3000), vat.shop.plan("plus", 1100)
    customer = vat.shop.customer(country="DE", company="Acme")
    with clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        subscription = vat.shop.subscribe(customer, basic, due=NOV, collection=collection)
        vat.shop.change(Subscription, subscription, collection="auto")
        vat.shop.run(NOV)
        vat.shop.change(Subscription, subscription, collection=collection)
    vat.settings(unchecked_vat_id="hold")
    vat.vies.mood = "MS_UNAVAILABLE"
    vat.shop.change(Customer, customer, vat_id=ACME, vat_id_state="pending")
    clock.move_business_clock(datetime(2026, 11, 16, 12, tzinfo=UTC))
    return customer, subscription


def changed(vat, subscription, plan):
    wish = ChangeWish(subscription, plan=plan, when="immediate")
    with reading() as session:
        before = preview_change(Tx(SYSTEM, session), wish)
    with writing(SYSTEM) as tx:
        done = change(tx, wish)
    assert done.total_minor == before.total_minor
    return done.document_id


def figures(vat, document_id):
    one = vat.shop.get(Document, document_id)
    return one.kind, one.state, one.net_minor, one.tax_minor, bool(one.number_text)


def answered(vat, customer):
    vat.vies.mood = ""
    check_vat_id(SYSTEM, customer)
    look_after(SYSTEM)


def in_order():
    with reading() as session:
        return verify_ledger(session).faults == []


def test_the_invoice_of_a_change_waits_for_the_register_and_is_final_with_its_answer(vat):
    customer, subscription = paying(vat)
    held = changed(vat, subscription, "gold")
    # 15 of 30 days: −5.00 and 15.00, until it is known with 19 %
    assert figures(vat, held) == ("invoice", "draft", 1000, 190, False)
    assert vat.shop.get(Document, held).held_because.startswith(f"The VAT id {ACME} has not been confirmed")
    answered(vat, customer)
    # what comes back was charged with tax, 0.95 of it; what is charged now is for the recipient to tax
    assert figures(vat, held) == ("invoice", "final", 1000, -95, True)
    assert in_order()


def test_it_becomes_a_credit_note_where_more_comes_back_than_is_charged_without_tax(vat):
    customer, subscription = paying(vat)
    held = changed(vat, subscription, "plus")
    # 5.50 and 1.05 of tax, less 5.00 and 0.95
    assert figures(vat, held) == ("invoice", "draft", 50, 10, False)
    answered(vat, customer)
    # 5.50 − 5.00 − 0.95
    assert figures(vat, held) == ("credit_note", "paid", -50, 95, True)
    invoice = vat.shop.all(Document, Document.kind == "invoice")[0]
    assert (invoice.total_minor, invoice.settled_minor) == (1190, 45)  # not paid yet: less is owed on it
    assert vat.shop.all(CustomerCredit) == []
    assert in_order()


def test_the_figures_of_the_draft_are_those_that_it_is_made_final_with(vat):
    customer, subscription = paying(vat)
    held = changed(vat, subscription, "gold")
    vat.vies.mood = ""
    check_vat_id(SYSTEM, customer)
    with reading() as session:
        would = preview_finalise_draft(session, session.get_one(Document, held))
    assert (would.net, would.tax, would.total) == (1000, -95, 905)
    assert vat.shop.get(Document, held).total_minor == 905
    look_after(SYSTEM)
    assert vat.shop.get(Document, held).total_minor == 905


def test_the_proforma_of_a_change_that_is_paid_by_hand_waits_too(vat):
    customer, subscription = paying(vat, collection="manual")
    vat.shop.change(Document, vat.shop.all(Document)[0].id, state="paid", settled_minor=1190)
    me = Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))
    with writing(me) as tx:
        done = change(tx, ChangeWish(subscription, plan="gold"))
    assert done.state == "offered"
    offer = vat.shop.get(Document, done.document_id)
    assert (offer.kind, offer.state, offer.total_minor) == ("proforma", "open", 1190)
    assert offer.held_because.startswith(f"The VAT id {ACME}")
