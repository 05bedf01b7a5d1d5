"""A customer sees what is held, takes a copy of it, agrees and takes it back, and asks to be forgotten."""

import io
import json
import zipfile
from datetime import timedelta

from sqlalchemy import update
from web_shop import PASSWORD, Shop

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.consents import Consent
from billhead.models.operations import Notice
from billhead.models.people import UserSession
from billhead.models.privacy import DataExport, DataExportPart, ErasureRequest
from billhead.models.support import Department, Ticket, TicketFile, TicketMessage


def bought(shop: Shop):
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    return ada


def a_while_later(shop: Shop) -> None:
    """So long that the password has to be given again."""
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.execute(update(UserSession).values(confirmed_at=clock.now() - timedelta(hours=1)))


def test_a_copy_of_all_that_is_held(any_shop: Shop):
    shop = any_shop
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(Department(seller_id=shop.seller_id, name="Help", position=1))
    ada = bought(shop)
    eve = shop.customer("eve@example.com", name="Eve")
    asked = {"department": "1", "about": "", "subject": "No sound", "body": "It is <b>silent</b>"}
    ada.post("/account/tickets/new", asked | {"files": (io.BytesIO(b"hello"), "note.txt")}, page="/account/tickets/new")
    assert "Make a copy" in ada.get("/account/data").text
    assert ada.post("/account/data/copy").location == "/account/data"
    assert "It is being made" in ada.get("/account/data").text
    refused = ada.post("/account/data/copy")
    assert (refused.status_code, "being made already" in refused.text) == (422, True)
    shop.work()

    page = ada.get("/account/data").text
    assert "Download (0." in page
    assert [one.kind for one in shop.rows(Notice)][-1] == "export_ready"
    answer = ada.get("/account/data/copy/1")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    names = archive.namelist()
    assert {"index.html", "data.json", "data/profile/customer.csv", "data/services/service.csv"} <= set(names)
    assert [name for name in names if name.startswith("documents/invoice-")]
    pdf = archive.read(next(name for name in names if name.startswith("documents/invoice-")))
    assert pdf.startswith(b"%PDF")
    data = json.loads(archive.read("data.json"))
    assert data["customer"][0]["email"] == "ada@example.com"
    assert data["user_login"][0].keys().isdisjoint({"password_hash"})
    html = archive.read("index.html").decode()
    assert "Your data at NorthCable" in html
    assert "<b>silent" not in html
    assert "eve@example.com" not in b"".join(archive.read(name) for name in names).decode("utf-8", "ignore")
    raw = shop.rows(DataExportPart)[0].sealed
    assert b"PK" not in raw[:4], "encrypted at rest"

    # nobody else's, not for long, and one a day
    assert eve.get("/account/data/copy/1").status_code == 404
    assert shop.visitor().get("/account/data/copy/1").status_code == 303
    assert "less than a day ago" in ada.post("/account/data/copy").text
    shop.change(DataExport, 1, ends_at=clock.now() - timedelta(minutes=1))
    assert ada.get("/account/data/copy/1").status_code == 404
    assert "Download" not in ada.get("/account/data").text


def test_what_staff_attach_to_their_own_notes_is_not_in_it(shop: Shop):
    ada = shop.customer()
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        at = clock.now()
        department = Department(seller_id=shop.seller_id, name="Help", position=1)
        tx.session.add(department)
        tx.session.flush()
        ticket = Ticket(
            seller_id=shop.seller_id, customer_id=1, department_id=department.id, subject="No sound", token="t1",
            opened_at=at,
        )  # fmt: skip
        tx.session.add(ticket)
        tx.session.flush()
        for kind in ("staff", "note"):
            message = TicketMessage(ticket_id=ticket.id, kind=kind, author="boss", body=f"body of {kind}", at=at)
            tx.session.add(message)
            tx.session.flush()
            name, data = f"of-{kind}.txt", f"held by {kind}".encode()
            tx.session.add(
                TicketFile(message_id=message.id, file_name=name, media_type="text/plain", size=len(data), data=data)
            )
    ada.post("/account/data/copy")
    shop.work()
    archive = zipfile.ZipFile(io.BytesIO(ada.get("/account/data/copy/1").data))
    assert [name for name in archive.namelist() if name.startswith("files/")] == ["files/tickets/1-of-staff.txt"]
    assert [row["file_name"] for row in json.loads(archive.read("data.json"))["ticket_file"]] == ["of-staff.txt"]
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"held by staff" in everything
    for ours in (b"of-note", b"held by note", b"body of note"):
        assert ours not in everything


def test_the_password_is_asked_for_again(shop: Shop):
    ada = bought(shop)
    a_while_later(shop)
    assert ada.get("/account/data").status_code == 200
    for path in ("/account/data/copy", "/account/data/erase", "/account/data/copy/1"):
        assert ada.get(path).location.startswith("/security/confirm"), path
    assert shop.rows(DataExport) == []
    confirmed = ada.post("/security/confirm?next=/account/data/copy", {"password": PASSWORD}, page="/security/confirm")
    assert confirmed.location == "/account/data/copy"
    assert ada.get("/account/data/copy").status_code == 200


def test_advertising_is_agreed_to_and_taken_back(shop: Shop):
    ada = bought(shop)
    assert ada.post("/account/data/advertising", {"wanted": "y"}).status_code == 303
    assert "Write to me about no offers" in ada.get("/account/data").text
    assert ada.post("/account/data/advertising", {"wanted": ""}).status_code == 303
    assert "You may write to me about offers" in ada.get("/account/data").text
    (row,) = shop.rows(Consent)
    assert (row.what, row.address, row.withdrawn_at is not None) == ("marketing", "127.0.0.1", True)


def test_she_reads_in_figures_what_goes_and_what_stays_before_she_decides(shop: Shop):
    ada = bought(shop)
    page = ada.get("/account/data/erase").text
    assert "Subscriptions still run" in page
    assert 'as the law of the seller wants it: 1, until <time datetime="2037-01-01">' in page
    assert ada.post("/account/data/erase", {"ends_lines": "y"}).status_code == 422, "not without being sure"
    assert shop.rows(ErasureRequest) == []
    assert ada.post("/account/data/erase", {"ends_lines": "y", "sure": "y"}).location == "/account/data"
    page = ada.get("/account/data").text
    assert "Keep my account" in page
    assert "Be forgotten" not in page
    assert "asked for already" in ada.post("/account/data/erase", {"sure": "y"}).text
    assert ada.post("/account/data/keep").status_code == 303
    assert shop.rows(ErasureRequest)[0].state == "revoked"
    assert "Be forgotten" in ada.get("/account/data").text
