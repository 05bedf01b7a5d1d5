"""Staff write to a customer first: from their page or the list, with a prepared answer, and who may not."""

import pytest
from web_shop import Shop

from billhead.models.operations import Notice
from billhead.models.people import Customer
from billhead.models.support import CannedReply, Department, Ticket, TicketMessage


@pytest.fixture
def staff(shop: Shop):
    browser = shop.person("staff", "boss@example.com", "*")
    for name in ("Technical", "Billing"):
        page = "/admin/departments/new"
        browser.post(page, {"name": name, "mail": f"{name.lower()}@north.example", "position": "0"}, page=page)
    return browser


def write(browser, key=1, page="", **more):
    page = page or f"/admin/customers/{key}/tickets/new"
    fields = {"department": "1", "subject": "Your bill", "about": "", "text": "We have a question.",
              "priority": "normal", "afterwards": "answered", **more}  # fmt: skip
    return browser.post(page, fields, page=page, content_type="multipart/form-data")


def test_a_letter_of_the_house_becomes_a_ticket_that_the_customer_answers(shop: Shop, staff):
    ada = shop.customer()
    shop.order(ada)
    assert 'href="/admin/customers/1/tickets/new"' in staff.get("/admin/customers/1").text
    assert 'href="/admin/tickets/new"' in staff.get("/admin/tickets").text
    assert "Nobody fits" in staff.get("/admin/tickets/new?q=Nemo").text
    found = staff.get("/admin/tickets/new?q=ada@example.com")
    assert (found.status_code, found.location) == (303, "/admin/customers/1/tickets/new")
    sent = write(staff, about="document-1", afterwards="waiting", text="Dear {name}, what is {invoice}? ({ticket})")
    assert sent.location == "/admin/tickets/1", sent.text
    (ticket,) = shop.rows(Ticket)
    assert (ticket.state, ticket.document_id, ticket.first_answer_at is not None) == ("waiting", 1, True)
    (message,) = shop.rows(TicketMessage)
    assert (message.kind, message.body) == ("staff", "Dear Ada Lovelace, what is 1? (1)")
    (told,) = shop.rows(Notice, Notice.kind == "ticket_written")
    assert told.customer_id == 1
    assert "Your bill" in staff.get("/admin/customers/1").text
    seen = ada.get("/account/tickets/1")
    assert "Dear Ada Lovelace" in seen.text
    page = "/account/tickets/1"
    ada.post(page, {"text": "It is my renewal."}, page=page, content_type="multipart/form-data")
    assert shop.rows(Ticket)[0].state == "open"


def test_prepared_answers_come_in_the_customers_language(shop: Shop, staff):
    shop.customer()
    shop.change(Customer, 1, language="de")
    page = "/admin/prepared-answers/new"
    for language, body in (("en", "Hello {name}"), ("de", "Hallo {name}")):
        fields = {"name": "Greeting", "language": language, "department": "0", "body": body}
        assert staff.post(page, fields, page=page).status_code == 303
    (german,) = shop.rows(CannedReply, CannedReply.language == "de")
    form = staff.get(f"/admin/customers/1/tickets/new?reply={german.id}").text
    assert "Hallo {name}" in form
    assert "Hello {name}" not in form
    assert "Their language is de" in form
    write(staff, text="Hallo {name}", subject="Greeting", afterwards="closed")
    assert shop.rows(TicketMessage)[0].body == "Hallo Ada Lovelace"
    assert shop.rows(Ticket)[0].state == "closed"


def test_slips_and_strangers(shop: Shop, staff):
    shop.customer()
    for fields in (
        {"subject": ""},
        {"text": " "},
        {"department": "9"},
        {"about": "document-77"},
        {"afterwards": "note"},
    ):
        assert write(staff, **fields).status_code == 422, fields
    assert shop.rows(Ticket) == []
    assert staff.get("/admin/customers/99/tickets/new").status_code == 404
    clerk = shop.person("staff", "clerk@example.com", "customers.read")
    assert clerk.get("/admin/customers/1/tickets/new").status_code == 403
    shop.change(Department, 1, staff_ids=[1])  # the boss alone
    writer = shop.person("staff", "writer@example.com", "tickets.write")
    form = writer.get("/admin/customers/1/tickets/new").text
    assert "Billing" in form
    assert "Technical" not in form
    assert write(writer).status_code == 422
    assert "Write to Ada" in form
