"""A line of an invoice that a customer does not agree with: dunning waits, staff decide, once, and it is counted.

A month is 10.00 EUR and 20 %: 12.00. Billed on 1 November 2026, due on the 15th.
"""

from threading import Barrier, Thread

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import REMIND, SUSPEND, at, debtor, invoices, november, policy, run, sound, state, told

from billhead.actions.documents.add_line import FreeLine, add_line
from billhead.actions.documents.draft_invoice import draft_invoice
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.support._rules import SupportRules
from billhead.actions.support.open_dispute import open_dispute
from billhead.actions.support.save_department import DepartmentEntry, save_department
from billhead.actions.support.save_rules import save_rules
from billhead.actions.support.settle_dispute import settle_dispute
from billhead.actions.support.withdraw_dispute import withdraw_dispute
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotAllowed, NotFound
from billhead.models.documents import Document, DocumentLine
from billhead.models.support import BillDispute, Ticket, TicketMessage
from billhead.reports import ask, report_of, tabled


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        with writing(SYSTEM) as tx:
            save_department(tx, shop.seller_id, DepartmentEntry("Billing"))
        policy(shop, (3, REMIND), (10, SUSPEND))
        yield shop


def theirs(customer: int) -> Context:
    return Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer), frozenset({"own.support"}))


def dispute(shop, document: int, day=16, **more):
    customer = shop.get(Document, document).customer_id
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == document)
    with at(november(day)), writing(more.pop("ctx", theirs(customer))) as tx:
        return open_dispute(tx, document, line.id, more.pop("reason", "not_delivered"), "It was black.", 1, **more)


def settle(dispute_id: int, minor: int, day: int = 24, **more):
    with at(november(day)), writing(more.pop("ctx", SYSTEM)) as tx:
        return settle_dispute(tx, dispute_id, minor, "We have looked at it.", **more)


def test_dunning_waits_until_staff_have_refused(shop):
    waiting, other = debtor(shop), debtor(shop)
    first, second = invoices(shop)
    made = dispute(shop, first.id)
    assert made.waits_until == "2026-12-16"
    run(november(26))
    assert (state(shop, waiting), state(shop, other)) == ("active", "suspended")
    assert told(shop).count("reminder") == 1, "only the other one"
    done = settle(made.bill_dispute_id, 0, 27)
    assert (done.state, done.credit_note_id) == ("refused", None)
    run(november(27), 14)
    assert state(shop, waiting) == "suspended", "the debt is as old as it was"
    for again in (dispute, lambda *_: settle(made.bill_dispute_id, 100)):
        with pytest.raises(Conflict, match="already"):
            again(shop, first.id)
    (ticket,) = shop.all(Ticket)
    assert (ticket.state, ticket.document_id) == ("answered", first.id)
    assert [one.kind for one in shop.all(TicketMessage)] == ["customer", "staff"]
    assert shop.get(Document, second.id).state == "final"


def test_an_invoice_of_no_subscription_waits_too(shop):
    customer = shop.customer(card=False)
    with at(november(1)), writing(SYSTEM) as tx:
        drafted = draft_invoice(tx, customer).document_id
        add_line(tx, drafted, FreeLine("A cable", 1000))
        finalise_draft(tx, drafted)
    (invoice,) = invoices(shop)
    dispute(shop, invoice.id)
    run(november(19))
    assert "reminder" not in told(shop)
    settle(1, 0, 19)
    run(november(19), 14)
    assert told(shop).count("reminder") == 1


def test_the_sellers_limit_ends_the_waiting_and_a_newer_debt_does_not_hide(shop):
    with writing(SYSTEM) as tx:
        save_rules(tx, shop.seller_id, SupportRules(waits_days=5, dispute_days=20))
    late = debtor(shop)
    (invoice,) = invoices(shop)
    made = dispute(shop, invoice.id, 20)
    assert made.waits_until == "2026-11-25"
    run(november(25))
    assert state(shop, late) == "active"
    run(november(26))
    assert state(shop, late) == "suspended", "nobody has decided, and the days are over"
    debtor(shop)
    with pytest.raises(Conflict, match="older than 20 days"):
        dispute(shop, invoices(shop)[-1].id, 22)
    with writing(SYSTEM) as tx:
        save_rules(tx, shop.seller_id, SupportRules(waits_days=0))
    assert dispute(shop, invoices(shop)[-1].id, 22).waits_until == ""
    with writing(SYSTEM) as tx, pytest.raises(InvalidInput, match="from 0 to 365"):
        save_rules(tx, shop.seller_id, SupportRules(waits_days=999))


def test_granted_in_part_and_withdrawn(shop):
    debtor(shop)
    (invoice,) = invoices(shop)
    made = dispute(shop, invoice.id)
    with pytest.raises(InvalidInput, match=r"amount|left|more"):
        settle(made.bill_dispute_id, 1201)
    clerk = Context("staff:9", Role.STAFF, Scope(everything=True), frozenset({"tickets.write"}))
    with pytest.raises(NotAllowed, match=r"money\.correct"):
        settle(made.bill_dispute_id, 500, ctx=clerk)
    assert shop.all(BillDispute)[0].state == "open"
    done = settle(made.bill_dispute_id, 500)
    assert (done.state, done.granted_minor, done.on_documents) == ("granted", 500, 500)
    note = shop.get(Document, done.credit_note_id)
    assert (note.corrects_id, note.total_minor, note.net_minor, note.tax_minor) == (
        invoice.id,
        500,
        417,
        83,
    )  # 5.00/1.2
    assert f"ticket {made.ticket_id}" in note.notes[-1]
    assert shop.get(Document, invoice.id).settled_minor == 500, "7.00 are owed still"
    debtor(shop)
    second = dispute(shop, invoices(shop)[-1].id)
    with writing(theirs(shop.get(Document, invoices(shop)[-1].id).customer_id)) as tx:
        withdraw_dispute(tx, second.bill_dispute_id)
    assert [one.state for one in shop.all(BillDispute)] == ["granted", "withdrawn"]
    found = report_of("bill-disputes")
    with reading() as session:
        asked = ask(session, found.report, {"from": "2026-11-01", "to": "2026-11-30"}, november(30))
        table = tabled(session, found, asked, page=1)
    assert [[str(cell) for cell in row] for row in table.rows] == [
        ["2026-11", "It did not work", "2", "0", "0", "1", "1", "24.00 EUR", "5.00 EUR"]
    ]
    sound()


def test_a_stranger_finds_nothing_and_a_slip_is_refused(shop):
    debtor(shop)
    (invoice,) = invoices(shop)
    eve = theirs(shop.customer())
    with pytest.raises(NotFound):
        dispute(shop, invoice.id, ctx=eve)
    with pytest.raises(InvalidInput, match="reason"):
        dispute(shop, invoice.id, reason="because")
    made = dispute(shop, invoice.id)
    with writing(eve) as tx, pytest.raises(NotFound):
        withdraw_dispute(tx, made.bill_dispute_id)
    with pytest.raises(InvalidInput, match="below zero"):
        settle(made.bill_dispute_id, -1)


def test_two_decide_at_once_and_one_credit_note_is_written(shop):
    debtor(shop)
    (invoice,) = invoices(shop)
    made = dispute(shop, invoice.id)
    ready, came = Barrier(2), []

    def decide(minor):
        with shop.app.app_context():
            ready.wait()
            try:
                with writing(SYSTEM) as tx:
                    came.append(settle_dispute(tx, made.bill_dispute_id, minor, "We have looked at it.").state)
            except BillheadError as refused:
                came.append(refused.code)

    threads = [Thread(target=decide, args=(minor,)) for minor in (500, 700)]
    with at(november(24)):
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert sorted(came) == ["decided_already", "granted"]
    assert len(shop.all(Document, Document.kind == "credit_note")) == 1
    sound()
