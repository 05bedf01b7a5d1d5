"""Tickets: a customer writes, staff answer; files, notes, merging; what strangers and vandals get."""

import io
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, insert, select
from web_shop import Shop

from billhead.actions.documents.add_line import FreeLine, add_line
from billhead.actions.documents.draft_invoice import draft_invoice
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.db import db, writing
from billhead.domain.context import Context
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.support import BillDispute, Department, Ticket, TicketFile, TicketMessage

PDF = b"%PDF-1.7 a screen"
PNG = b"\x89PNG\r\n\x1a\n and a picture"


@pytest.fixture
def staff(shop: Shop):
    browser = shop.person("staff", "boss@example.com", "*")
    page = "/admin/departments/new"
    fields = {"name": "Technical", "mail": "Help@NorthCable.example", "position": "0"}
    assert browser.post(page, fields, page=page).status_code == 303
    return browser


def write(browser, subject="No picture", text="Since noon the screen is black.", files=(), **more):
    fields = {"department": "1", "about": "", "subject": subject, "text": text, **more}
    fields["files"] = [(io.BytesIO(data), name) for name, data in files]
    answered = browser.post("/account/tickets/new", fields, content_type="multipart/form-data")
    answered.request.environ["wsgi.input"].close()  # the client's own: a large one is a file
    return answered


def answer(browser, text="Switch it off and on.", afterwards="answered", ticket=1, seen=None, files=()):
    page = f"/admin/tickets/{ticket}"
    fields = {"text": text, "afterwards": afterwards, "files": [(io.BytesIO(data), name) for name, data in files]}
    fields["seen"] = str(seen) if seen is not None else "999999"
    return browser.post(page, fields, page=page, content_type="multipart/form-data")


def reply(browser, text="It works now.", ticket=1):
    page = f"/account/tickets/{ticket}"
    return browser.post(page, {"text": text}, page=page, content_type="multipart/form-data")


def test_from_a_question_to_the_answer_and_back_again(shop: Shop, staff):
    assert shop.rows(Department)[0].mail == "help@northcable.example"
    ada = shop.customer()
    assert "No tickets yet" in ada.get("/account/tickets").text
    shop.order(ada)
    refused = write(ada, subject="", text="x")
    assert refused.status_code == 422
    assert "what is it about" in refused.text
    sent = write(ada, about="document-1", files=[("my screen; (1).PNG", PNG), ("log.txt", b"line")])
    assert sent.location == "/account/tickets/1", sent.text
    (ticket,) = shop.rows(Ticket)
    assert (ticket.state, ticket.document_id, ticket.priority, len(ticket.token)) == ("open", 1, "normal", 24)
    page = ada.get("/account/tickets/1").text
    assert "Since noon the screen is black." in page
    assert "my screen- -1.png" in page
    saved = ada.get("/account/tickets/files/1")
    assert (saved.data, saved.mimetype) == (PNG, "image/png")
    assert saved.headers["Content-Disposition"].startswith("attachment;")
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in saved.headers["Content-Security-Policy"]

    queue = staff.get("/admin/tickets").text
    assert "No picture" in queue
    assert "Nobody’s <b>1</b>" in queue
    assert "Nothing fits" in staff.get("/admin/tickets?assignee=1").text
    assert "Ada Lovelace" in staff.get("/admin/tickets?unassigned=1&q=ada@example.com").text
    assert "No picture" in staff.get("/admin/tickets?q=%231&format=csv").text

    assert answer(staff, "She pays on time.", "note").status_code == 303
    assert shop.rows(Ticket)[0].state == "open", "a note changes nothing"
    assert answer(staff, files=[("how.pdf", PDF)]).status_code == 303
    (ticket,) = shop.rows(Ticket)
    assert (ticket.state, ticket.assignee_id is not None, ticket.first_answer_at is not None) == (
        "answered",
        True,
        True,
    )
    page = ada.get("/account/tickets/1").text
    assert "Switch it off and on." in page
    assert "She pays on time." not in page, "a note is staff's own"
    assert ada.get("/account/tickets/files/3").data == PDF
    assert reply(ada, "Still black.").status_code == 303
    assert shop.rows(Ticket)[0].state == "open"
    assert shop.rows(Notice)[-1].kind == "ticket_news", "whose ticket it is was told"
    assert answer(staff, "Then we call you.", "closed").status_code == 303
    assert shop.rows(Ticket)[0].closed_at is not None
    assert reply(ada).status_code == 303
    assert (shop.rows(Ticket)[0].state, shop.rows(Ticket)[0].closed_at) == ("open", None), "an answer opens it again"
    closed = ada.post("/account/tickets/1/close", page="/account/tickets/1")
    assert (closed.status_code, shop.rows(Ticket)[0].state) == (303, "closed")
    assert [one.kind for one in shop.rows(TicketMessage)] == [
        "customer", "note", "staff", "customer", "staff", "customer", "event",
    ]  # fmt: skip
    done = [one.action for one in shop.rows(AuditEntry, AuditEntry.subject == "ticket:1")]
    assert done[:3] == ["support.open_ticket", "support.answer_ticket", "support.answer_ticket"]
    assert [one.kind for one in shop.rows(Notice, Notice.kind.startswith("ticket_a"))] == ["ticket_answer"] * 2


def test_two_of_staff_who_answer_at_once_and_what_else_staff_do(shop: Shop, staff):
    ada = shop.customer()
    write(ada)
    bob = shop.person("staff", "bob@example.com", "tickets.write")
    assert answer(bob, "I look at it.", seen=1).status_code == 303
    late = answer(staff, "Switch it off.", seen=1)
    assert (late.status_code, "Bob@example.com has written meanwhile" in late.text) == (422, True), late.text
    assert "Switch it off." in late.text, "what was typed stays"
    assert 'value="2"' in late.text, "the next try has seen it"
    assert answer(staff, "Switch it off.", seen=2).status_code == 303

    page = "/admin/prepared-answers/new"
    told = {"name": "Restart", "language": "en", "department": "0", "body": "Dear {name}, about {ticket}: {nonsense}"}
    assert "{nonsense} is not known" in staff.post(page, told, page=page).text
    assert staff.post(page, {**told, "body": "Dear {name}, about {ticket} {line}."}, page=page).status_code == 303
    assert "Dear Ada Lovelace, about 1 ." in staff.get("/admin/tickets/1?reply=1").text

    write(ada, "Again no picture", "Please!")
    page = "/admin/tickets/2/merge"
    assert 'value="1"' in staff.get(page).text, "her other ticket is offered"
    assert staff.post(page, {"into": "2", "reason": "same"}, page=page).status_code == 422
    assert staff.post(page, {"into": "1", "reason": "same"}, page=page).status_code == 303
    gone = shop.rows(Ticket)[1]
    assert (gone.state, gone.merged_into_id, shop.rows(Ticket)[0].state) == ("closed", 1, "open")
    assert ada.get("/account/tickets/2").location == "/account/tickets/1"
    assert "Please!" in ada.get("/account/tickets/1").text
    assert "goes on as" in staff.get("/admin/tickets/2").text
    assert answer(staff, ticket=2).status_code == 422
    staff.post(page, {"into": "1", "reason": "same"}, page=page)
    assert len(shop.rows(TicketMessage)) == 6, "not twice"

    page = "/admin/departments/new"
    staff.post(page, {"name": "Billing", "position": "1", "staff_ids": ["1"]}, page=page)
    told = {"department": "2", "priority": "urgent", "assignee": "0"}
    moved = bob.post("/admin/tickets/1/sort", told, page="/admin/tickets")
    assert moved.location == "/admin/tickets", "he does not see it any more"
    for path in ("/admin/tickets/1", "/admin/tickets/1/merge"):
        assert bob.get(path).status_code == 404
    assert bob.post("/admin/tickets/1/close", page="/admin/tickets").status_code == 404
    assert "No picture" not in bob.get("/admin/tickets").text
    assert shop.rows(Ticket)[0].priority == "urgent"
    assert "moved to Billing" in staff.get("/admin/tickets/1").text


def test_those_whom_a_department_names_are_told_of_what_is_nobodys_yet(shop: Shop, staff):
    page = "/admin/departments/new"
    staff.post(page, {"name": "Billing", "position": "1", "staff_ids": ["1"]}, page=page)
    ada = shop.customer()
    write(ada, "No picture", "Since noon.")
    assert shop.rows(Notice, Notice.kind == "ticket_news") == [], "Technical is all of staff"
    write(ada, "Twice", "It was taken twice.", department="2")
    (told,) = shop.rows(Notice, Notice.kind == "ticket_news")
    assert told.user_id == 1
    home = staff.get("/admin/").text
    assert 'href="/admin/tickets?state=open"' in home
    assert "tickets that wait for an answer" in home


def test_on_a_customers_page_are_the_tickets_of_ones_departments_however_many_others_there_are(shop: Shop, staff):
    """Two of Technical, then a hundred and one of Billing, which is for its own people."""
    shop.customer()
    bob = shop.person("staff", "bob@example.com", "customers.write")
    page = "/admin/departments/new"
    staff.post(page, {"name": "Billing", "position": "1", "staff_ids": ["1"]}, page=page)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        shared = {"seller_id": shop.seller_id, "customer_id": tx.session.scalars(select(Customer.id)).one()}
        for n in range(1, 104):
            row = {"department_id": 1 if n < 3 else 2, "subject": f"about {n}.", "last_message_id": n, "opened_at": at}
            tx.session.add(Ticket(**shared, **row, token=f"t{n}"))
    assert re.findall(r">about (\d+)\.<", bob.get("/admin/customers/1").text) == ["2", "1"]
    newest = [str(n) for n in range(103, 93, -1)]
    assert re.findall(r">about (\d+)\.<", staff.get("/admin/customers/1").text) == newest


def test_what_vandals_get(shop: Shop, staff):
    ada = shop.customer()
    shop.order(ada)
    evil = '<script>alert("x")</script>{{ 7*7 }}'
    write(ada, evil, evil, files=[('"><img src=x>.txt', b"<script>")])
    assert answer(staff, evil).status_code == 303
    for page in (ada.get("/account/tickets/1"), ada.get("/account/tickets"), staff.get("/admin/tickets/1"),
                 staff.get("/admin/tickets")):  # fmt: skip
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    for name, data, said in (
        ("a.exe", b"MZ", "can&#39;t be sent"),
        ("a.pdf", b"<html>", "is no PDF file"),
        ("a.txt", b"a\0b", "is no TXT file"),
        ("../../etc/passwd", b"root", "can&#39;t be sent"),
        ("big.txt", b"x" * (5 * 1024 * 1024 + 1), "is larger than 5 MB"),
    ):
        refused = write(ada, files=[(name, data)])
        assert (refused.status_code, said in refused.text) == (422, True), name
    assert "At most 5 at a time" in write(ada, files=[(f"{n}.txt", b"x") for n in range(6)]).text
    bomb = b"PK\x03\x04" + b"\0" * 1000
    assert write(ada, "A zip", "x", files=[("../../x/bomb.zip", bomb)]).status_code == 303
    kept = shop.rows(TicketFile)[-1]
    assert (kept.file_name, kept.media_type, kept.size) == ("x-bomb.zip", "application/zip", 1004), "kept, not opened"

    eve = shop.customer("eve@example.com")
    for path in ("/account/tickets/1", "/account/tickets/files/1", "/account/tickets/999"):
        assert eve.get(path).status_code == 404, path
    assert eve.post("/account/tickets/1/close").status_code == 404
    assert reply(eve, ticket=1).status_code == 404
    assert write(eve, about="document-1").status_code == 422, "Ada's invoice is no choice of Eve's"
    answer(staff, "with a file", "note", files=[("note.txt", b"secret")])
    note = shop.rows(TicketFile)[-1].id
    assert ada.get(f"/account/tickets/files/{note}").status_code == 404, "a note's file is staff's"
    assert staff.get(f"/admin/tickets/files/{note}").data == b"secret"
    trainee = shop.person("staff", "trainee@example.com")
    assert trainee.post("/admin/tickets/1/close").status_code == 403
    said = len(shop.rows(TicketMessage))
    assert (answer(trainee).status_code, len(shop.rows(TicketMessage))) == (403, said)

    for _ in range(9):
        write(eve, "flood", "x")
    assert write(eve, "flood", "x").status_code == 303
    flooded = write(eve, "flood", "x")
    assert (flooded.status_code, "many tickets today" in flooded.text) == (422, True)


def test_ten_thousand_tickets_cost_as_many_statements_as_one(shop: Shop, staff):
    ada = shop.customer()
    write(ada)
    with shop.app.app_context():
        statements = []
        event.listen(db.engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    pages = {staff: ("/admin/tickets", "/admin/tickets/1"), ada: ("/account/tickets", "/account/tickets/1")}

    def counted():
        found = {}
        for browser, paths in pages.items():
            for path in paths:
                browser.get(path)  # once, so that what is only done now and then is done
                statements.clear()
                assert browser.get(path).status_code == 200
                found[path] = len(statements)
        return found

    with shop.remembering():
        before = counted()
    at = datetime(2026, 11, 1, tzinfo=UTC)
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        customer = tx.session.scalars(select(Customer.id)).one()
        shared = {"seller_id": shop.seller_id, "customer_id": customer, "department_id": 1, "subject": "old"}
        many = [{**shared, "token": f"t{n}", "last_message_id": n, "opened_at": at} for n in range(2, 10_002)]
        tx.session.execute(insert(Ticket), many)
        said = [{"ticket_id": 1, "kind": "customer", "author": "a", "body": "b", "at": at} for _ in range(2000)]
        tx.session.execute(insert(TicketMessage), said)
    with shop.remembering():
        assert counted() == before
    assert max(before.values()) <= 29, before  # one of them names whom the trail names
    assert len(staff.get("/admin/tickets?state=open&format=csv").text.splitlines()) == 10_002


def test_a_line_of_an_invoice_is_disputed_and_given_back_in_part(shop: Shop, staff):
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    (invoice,) = shop.rows(Document, Document.kind == "invoice")
    assert "Something on it is wrong" in ada.get(f"/account/documents/{invoice.id}").text
    page = f"/account/documents/{invoice.id}/dispute"
    assert "9.99" in ada.get(page).text
    told = {"line": "99", "reason": "twice", "text": "I paid already.", "department": "1"}
    assert ada.post(page, told, page=page).status_code == 422
    (line,) = shop.rows(DocumentLine, DocumentLine.document_id == invoice.id)
    without = ada.post(page, {**told, "line": str(line.id), "reason": ""}, page=page)
    assert (without.status_code, "choose one of the list" in without.text) == (422, True), "nothing is said for her"
    sent = ada.post(page, {**told, "line": str(line.id)}, page=page)
    assert sent.location == "/account/tickets/1", sent.text
    assert "You dispute" in ada.get("/account/tickets/1").text
    assert "Nothing is left to dispute" in ada.get(page).text, "each line once"
    assert "Something on it is wrong" not in ada.get(f"/account/documents/{invoice.id}").text
    eve = shop.customer("eve@example.com")
    assert eve.get(page).status_code == 404
    assert eve.post("/account/disputes/1/withdraw").status_code == 404
    assert eve.get("/account/disputes/1/withdraw").status_code == 404
    asked = ada.get("/account/disputes/1/withdraw").text
    assert "It is paid, and nothing of it comes back." in asked
    assert shop.rows(BillDispute)[0].state == "open", "it was only asked"
    assert "I was charged twice" in staff.get("/admin/disputed-bills?state=open").text
    assert f">{invoice.number_text}</a>" in staff.get("/admin/tickets/1").text

    page = "/admin/disputed-bills/1/decide"
    told = {"granted": "5.00", "way": "credit", "words": "You are right about half of it.", "reason": "half a month"}
    shown = staff.post(page, told, page=page)
    assert "Becomes credit" in shown.text, "in figures, before it is done"
    assert shop.rows(Document, Document.kind == "credit_note") == []
    seen = re.search(r'name="seen"[^>]*value="([0-9a-f]+)"', shown.text)[1]
    assert staff.post(page, {**told, "seen": seen}, page=page).status_code == 303
    (note,) = shop.rows(Document, Document.kind == "credit_note")
    assert (note.total_minor, note.corrects_id) == (500, invoice.id)
    again = staff.post(page, {**told, "seen": seen}, page=page)
    assert "this dispute is granted already" in again.text.lower()
    page = ada.get("/account/tickets/1").text
    assert "You are right about half of it." in page
    assert f"/account/documents/{note.id}" in page
    page = "/admin/support-rules"
    rules = {"waits_days": "0", "dispute_days": "0", "tickets_a_day": "3", "messages_an_hour": "9"}
    assert staff.post(page, rules, page=page).status_code == 303
    assert shop.rows(Seller)[0].support["waits_days"] == 0
    assert "<td" in staff.get("/admin/reports/bill-disputes").text


def test_no_more_is_disputed_than_an_upgrade_came_to(shop: Shop, staff):
    """Gold for 14.99, less 11.24 of what was paid for the smaller plan: the invoice is over 3.75, and no more of it can
    come back. The form was filled in with 14.99, which was refused in cents."""
    ada = shop.customer()
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        drafted = draft_invoice(tx, 1, tax_inclusive=True).document_id
        add_line(tx, drafted, FreeLine("Gold", 1499))
        add_line(tx, drafted, FreeLine("Basic, unused days", -1124))
        finalise_draft(tx, drafted)
    (line, _) = shop.rows(DocumentLine, DocumentLine.document_id == drafted)
    page = f"/account/documents/{drafted}/dispute"
    assert "€14.99, of which €3.75 can be given back" in ada.get(page).text
    sent = {"line": str(line.id), "reason": "twice", "text": "I have it already.", "department": "1"}
    assert ada.post(page, sent, page=page).status_code == 303
    assert "You dispute €3.75 of a line over €14.99." in ada.get("/account/tickets/1").text
    page = "/admin/disputed-bills/1/decide"
    assert 'value="3.75"' in staff.get(page).text
    told = {"granted": "14.99", "way": "credit", "words": "You are right.", "reason": "twice"}
    assert "14.99 EUR is more than the 3.75 EUR that are left of the invoice" in staff.post(page, told, page=page).text
    assert "Owed less" in staff.post(page, {**told, "granted": "3.75"}, page=page).text
