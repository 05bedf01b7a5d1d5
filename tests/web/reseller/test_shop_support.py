"""Support in a reseller's shop: its customers write to the reseller, who answers; and its own help articles."""

import pytest
from white_label import WhiteLabel

from billhead.actions.helping.save_article import ArticleEntry, save_article
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.shops.answer_shop_ticket import answer_shop_ticket
from billhead.actions.shops.save_shop_department import save_shop_department
from billhead.actions.support.open_dispute import open_dispute
from billhead.actions.support.save_department import DepartmentEntry, save_department
from billhead.db import reading
from billhead.domain.errors import NotFound
from billhead.models.documents import Document, DocumentLine
from billhead.models.helping import HelpArticle
from billhead.models.operations import Notice
from billhead.models.people import Reseller
from billhead.models.support import Department, Ticket, TicketMessage


def asks(white: WhiteLabel, who: str = "aurora", email: str = "ada@example.com") -> int:
    """Somebody new in the shop writes to it."""
    browser = white.customer(who, email)
    (department,) = white.shop.rows(Department, Department.seller_id == white.sellers[who])
    form = {"department": str(department.id), "subject": "No picture", "text": "It is black.", "about": ""}
    answer = browser.post("/account/tickets/new", form, page="/account/tickets/new")
    assert answer.status_code == 303, answer.text
    return int(answer.location.rsplit("/", 1)[-1])


def text_of(white: WhiteLabel, notice: Notice) -> str:
    with white.shop.app.app_context(), reading() as session:
        return render(notice.kind, gather(session, notice)).text


def test_a_customer_of_a_shop_writes_to_its_reseller_who_answers(any_white_label: WhiteLabel):
    white = any_white_label
    aurora, gulf = white.area.browsers["aurora"], white.area.browsers["gulf"]
    staff = white.shop.person("staff", "boss@example.com", "*")
    eve = white.customer("aurora", "eve@example.com")
    assert "Nobody can be written to here yet" in eve.get("/account/tickets/new").text
    made = aurora.post("/reseller/shop/departments/new", {"name": "Questions", "position": "1"}, page="/reseller/shop")
    assert made.status_code == 303
    key = asks(white)
    (told,) = white.shop.rows(Notice, Notice.kind == "ticket_news")
    assert told.recipient == "aurora@example.com"
    assert f"/reseller/shop/tickets/{key}" in text_of(white, told)
    (thanks,) = white.shop.rows(Notice, Notice.kind == "ticket_opened")
    assert "Aurora TV" in text_of(white, thanks)
    page = f"/reseller/shop/tickets/{key}"
    assert "No picture" in aurora.get("/reseller/shop/tickets?state=open").text
    assert "It is black." in aurora.get(page).text
    assert gulf.get(page).status_code == 404
    assert (
        gulf.post(page, {"text": "Mine", "afterwards": "answered", "seen": "9"}, page="/reseller/").status_code == 404
    )
    sent = aurora.post(page, {"text": "Restart it.", "afterwards": "waiting", "seen": "99"}, page=page)
    assert sent.status_code == 303, sent.text
    note = aurora.post(page, {"text": "Always her.", "afterwards": "note", "seen": "99"}, page=page)
    assert note.status_code == 303
    (ticket,) = white.shop.rows(Ticket)
    assert (ticket.state, ticket.seller_id) == ("waiting", white.sellers["aurora"])
    (answer,) = white.shop.rows(Notice, Notice.kind == "ticket_answer")
    assert "Restart it." in text_of(white, answer)
    browser = white.visitor("aurora")
    browser.sign_in("ada@example.com")
    seen = browser.get(f"/account/tickets/{key}").text
    assert "Restart it." in seen
    assert "Aurora TV" in seen
    assert "Always her." not in seen
    assert "northcable" not in seen.lower()
    assert browser.post(f"/account/tickets/{key}", {"text": "It works."}, page="/").status_code == 303
    assert len(white.shop.rows(Notice, Notice.kind == "ticket_news")) == 2
    assert aurora.post(f"{page}/close", {}, page=page).status_code == 303
    assert white.shop.rows(Ticket)[0].state == "closed"
    assert "No picture" not in staff.get("/admin/tickets").text  # it is not in staff's queue
    assert "Questions" not in staff.get("/admin/departments").text


def test_whose_department_it_is_is_not_changed_from_outside(white_label: WhiteLabel):
    aurora = white_label.area.ids["aurora"]
    mine = white_label.act(save_shop_department, aurora, DepartmentEntry("Questions"), who="aurora")
    theirs = white_label.act(save_department, white_label.shop.seller_id, DepartmentEntry("Support"))
    gulfs = white_label.act(save_shop_department, white_label.area.ids["gulf"], DepartmentEntry("Desk"), who="gulf")
    for key in (theirs, gulfs):
        with pytest.raises(NotFound):
            white_label.act(save_shop_department, aurora, DepartmentEntry("Mine"), key, who="aurora")
    with pytest.raises(NotFound):
        white_label.act(save_department, white_label.sellers["aurora"], DepartmentEntry("Ours"), mine)
    ticket = asks(white_label)
    with pytest.raises(NotFound):
        white_label.act(answer_shop_ticket, white_label.area.ids["gulf"], ticket, "Hi", "answered", who="gulf")
    white_label.shop.change(Reseller, aurora, suspended=True)
    page = f"/reseller/shop/tickets/{ticket}"
    told = white_label.area.browsers["aurora"].post(
        page, {"text": "Hi", "afterwards": "answered", "seen": "9"}, page="/"
    )
    assert told.status_code in (302, 303, 403, 409, 422)
    assert [row.kind for row in white_label.shop.rows(TicketMessage)] == ["customer"]


def test_a_disputed_bill_of_a_shop_is_read_by_its_reseller_and_decided_by_staff(white_label: WhiteLabel):
    white_label.act(save_shop_department, white_label.area.ids["aurora"], DepartmentEntry("Bills"), who="aurora")
    white_label.sell()
    white_label.shop.work()
    (invoice,) = white_label.shop.rows(Document, Document.kind == "invoice")
    (line,) = white_label.shop.rows(DocumentLine, DocumentLine.document_id == invoice.id)
    (department,) = white_label.shop.rows(Department)
    opened = white_label.act(open_dispute, invoice.id, line.id, "not_ordered", "I did not order it.", department.id)
    page = white_label.area.browsers["aurora"].get(f"/reseller/shop/tickets/{opened.ticket_id}").text
    assert "€25.00" in page
    assert "the operator decides" in page
    decides = white_label.shop.person("staff", "money@example.com", "tickets.write", "money.correct")
    assert "Ada Lovelace" in decides.get("/admin/disputed-bills").text
    assert decides.get(f"/admin/tickets/{opened.ticket_id}").status_code == 200
    in_admin, in_shop = f"/admin/tickets/{opened.ticket_id}", f"/reseller/shop/tickets/{opened.ticket_id}"
    aurora = white_label.area.browsers["aurora"]
    for browser, where, words in ((decides, in_admin, "Looks like fraud."), (aurora, in_shop, "Always her.")):
        note = {"text": words, "afterwards": "note", "seen": "99"}
        assert browser.post(where, note, page=where).status_code == 303
    for browser, where, own, others in (
        (decides, in_admin, "Looks like fraud.", "Always her."),
        (aurora, in_shop, "Always her.", "Looks like fraud."),
    ):
        read = browser.get(where).text
        assert own in read
        assert others not in read, "a note is for the colleagues of who wrote it"
    other = white_label.shop.person("staff", "desk@example.com", "tickets.write")
    assert "Ada Lovelace" not in other.get("/admin/disputed-bills").text
    assert other.get(f"/admin/tickets/{opened.ticket_id}").status_code == 404


def test_help_in_a_shop_is_its_own_and_what_the_operator_has_for_all_shops(white_label: WhiteLabel):
    operators = white_label.shop.seller_id
    ours = ArticleEntry("Our office", "About", "en", "NorthCable is in Helsinki.", published=True)
    shared = ArticleEntry("Set up a box", "Boxes", "en", "Press the button.", published=True, in_shops=True)
    draft = ArticleEntry("Later", "Boxes", "en", "Not yet.", in_shops=True)
    for entry in (ours, shared, draft):
        white_label.act(save_article, operators, entry)
    aurora = white_label.area.browsers["aurora"]
    form = {"title": "Our hours", "category": "About", "language": "en", "body": "Nine to five.", "published": "y"}
    assert aurora.post("/reseller/shop/help/new", form, page="/reseller/shop/help/new").status_code == 303
    own = {"title": "Set up a box", "category": "Boxes", "language": "en", "body": "Aurora’s way.", "published": "y"}
    visitor = white_label.visitor("aurora")
    assert "Press the button." in visitor.get("/help/en/set-up-a-box").text
    assert aurora.post("/reseller/shop/help/new", own, page="/reseller/shop/help/new").status_code == 303
    assert "Aurora’s way." in visitor.get("/help/en/set-up-a-box").text
    home = visitor.get("/help").text
    assert "Our hours" in home
    assert "Our office" not in home
    assert "Later" not in home
    assert "Our hours" in visitor.get("/help?q=nine").text
    assert visitor.get("/help/en/our-office").status_code == 404
    gulfs = white_label.visitor("gulf").get("/help").text
    assert "Set up a box" in gulfs
    assert "Our hours" not in gulfs
    assert "Our hours" not in white_label.shop.visitor().get("/help").text
    listed = aurora.get("/reseller/shop/help").text
    assert "Our hours" in listed
    assert "Set up a box" in listed
    (theirs,) = white_label.shop.rows(HelpArticle, HelpArticle.slug == "our-office")
    assert aurora.get(f"/reseller/shop/help/{theirs.id}").status_code == 404
    boss = white_label.shop.person("staff", "boss@example.com", "*")
    assert "Our hours" not in boss.get("/admin/articles").text
