"""Tickets on both databases: two of staff at once, the same mail piped twice at once, the queue and its search."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select
from web_shop import open_shop

from apps import close_app
from billhead.actions.support.answer_ticket import answer_ticket
from billhead.actions.support.open_ticket import NewTicket, open_ticket
from billhead.actions.support.save_department import DepartmentEntry, save_department
from billhead.actions.support.store_mail import store_mail
from billhead.actions.support.take_mail import take_mail
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError
from billhead.models.people import Customer
from billhead.models.support import SupportMail, TicketMessage

SYSTEM = Context.system("test")
MAIL = b"From: ada@example.com\r\nTo: help@n.example\r\nSubject: Sound\r\nMessage-ID: <1@x>\r\n\r\nIt is late.\r\n"


@pytest.fixture
def shop(database_url, tmp_path):
    shop = open_shop(database_url, tmp_path / "home")
    with shop.app.app_context(), writing(SYSTEM) as tx:
        save_department(tx, shop.seller_id, DepartmentEntry("Technical", "help@n.example"))
    yield shop
    close_app(shop.app)


def at_once(shop, *calls):
    """What each of them returned, or the code of what refused it."""
    ready, came = Barrier(len(calls)), []

    def run(call):
        with shop.app.app_context():
            ready.wait()
            try:
                with writing(SYSTEM) as tx:
                    came.append(call(tx))
            except BillheadError as refused:
                came.append(refused.code)

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return came


def test_of_two_at_once_one_is_warned_and_one_mail_is_kept(shop):
    ada = shop.customer()
    with shop.app.app_context(), writing(SYSTEM) as tx:
        customer = tx.session.scalars(select(Customer.id)).one()
        opened = open_ticket(tx, customer, NewTicket(1, "No picture", "It is black."))
    seen = opened.message_id
    came = at_once(
        shop,
        lambda tx: answer_ticket(tx, 1, "Mine.", "answered", seen=seen).ticket_id,
        lambda tx: answer_ticket(tx, 1, "Yours.", "answered", seen=seen).ticket_id,
    )
    assert sorted(map(str, came)) == ["1", "written_meanwhile"]
    stored = at_once(shop, *[lambda tx: store_mail(tx, 1, MAIL).again] * 3)
    assert sorted(stored) == [False, True, True]
    assert at_once(shop, *[lambda tx: take_mail(tx, 1).state] * 2) == ["taken", "taken"]
    with shop.app.app_context(), reading() as session:
        said = session.scalars(select(TicketMessage.body).order_by(TicketMessage.id)).all()
        assert (len(said), said[2]) == (3, "It is late."), "the mail opened one ticket"
        assert session.scalar(select(func.count()).select_from(SupportMail)) == 1
    staff = shop.person("staff", "boss@example.com", "*")
    page = staff.get("/admin/tickets?state=open&q=ADA").text
    assert "Sound" in page
    assert "No picture" not in page, "it is answered"
    assert "Nobody’s <b>1</b>" in page
    for path in ("/admin/tickets/2", "/admin/support-mails?state=taken", "/admin/disputed-bills", "/admin/articles",
                 "/admin/announcements", "/admin/network-status", "/admin/prepared-answers"):  # fmt: skip
        assert staff.get(path).status_code == 200, path
    assert "Sound" in ada.get("/account/tickets").text
