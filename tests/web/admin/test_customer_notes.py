"""Staff write down what colleagues are to know about a customer: pinned on top, newest first, theirs alone."""

import io
import zipfile
from datetime import timedelta

import pytest
from web_shop import Shop

from billhead import clock
from billhead.actions.accounts.remove_note import remove_note
from billhead.actions.accounts.write_note import write_note
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.operations import AuditEntry
from billhead.models.people import Customer, CustomerNote

NEW = "/admin/customers/1/notes/new"


def test_notes_are_written_pinned_and_removed_with_a_reason(any_shop: Shop):
    shop = any_shop
    shop.customer()
    boss = shop.person("staff", "boss@example.com", "*")
    assert "Add a note" in boss.get("/admin/customers/1").text
    assert boss.post(NEW, {"text": "  "}).status_code == 422
    assert boss.post(NEW, {"text": "x" * 2001}).status_code == 422
    for text in ("Calls in the evening.", "Wants papers\nby post.", "Never call before noon."):
        assert boss.post(NEW, {"text": text}).location == "/admin/customers/1"
    page = boss.get("/admin/customers/1").text
    places = [page.index(text) for text in ("Never call", "Wants papers\nby post.", "Calls in the evening.")]
    assert places == sorted(places)
    assert places[0] > page.index("Credit to spend")
    assert "boss@example.com" in page[places[0] :][:300]

    assert boss.post("/admin/customer-notes/1/pin", {}).location == "/admin/customers/1"
    page = boss.get("/admin/customers/1").text
    assert page.index("Calls in the evening.") < page.index("Credit to spend") < page.index("Never call")
    boss.post("/admin/customer-notes/1/unpin", {})
    assert not shop.rows(CustomerNote)[0].pinned

    assert boss.post("/admin/customer-notes/2/remove", {"reason": ""}).status_code == 422
    assert boss.post("/admin/customer-notes/2/remove", {"reason": "by mail by now"}).location == "/admin/customers/1"
    assert [row.id for row in shop.rows(CustomerNote)] == [1, 3]
    assert boss.get("/admin/customer-notes/2/remove").status_code == 404
    trail = shop.rows(AuditEntry, AuditEntry.action.in_(["accounts.write_note", "accounts.remove_note"]))
    assert [(row.subject, row.details["note"]) for row in trail] == [("customer:1", n) for n in (1, 2, 3, 2)]
    assert trail[-1].reason == "by mail by now"
    assert "papers" not in repr([row.details for row in trail])


def test_who_may_not_change_customers_reads_them_only(shop: Shop):
    ada = shop.customer()
    boss = shop.person("staff", "boss@example.com", "*")
    boss.post(NEW, {"text": "Pays late, and always does.", "pinned": "y"})
    clerk = shop.person("staff", "clerk@example.com")
    page = clerk.get("/admin/customers/1").text
    assert "Pays late" in page
    assert "Add a note" not in page
    assert clerk.get(NEW).status_code == 403
    for deed in ("pin", "unpin", "remove"):
        assert clerk.post(f"/admin/customer-notes/1/{deed}", {"reason": "x"}, page="/admin/switches").status_code == 403
    for address in ("/account/", "/account/data", "/account/profile"):
        assert "Pays late" not in ada.get(address).text
    assert ada.get("/admin/customer-notes").status_code in (302, 303, 403, 404)


def test_older_ones_are_a_list_away(shop: Shop):
    shop.customer()
    shop.customer("ben@example.com")
    boss = shop.person("staff", "boss@example.com", "*")
    for number in range(1, 8):
        boss.post(NEW, {"text": f"Word {number}."})
    boss.post("/admin/customers/2/notes/new", {"text": "Of Ben."})
    page = boss.get("/admin/customers/1").text
    assert ["Word 3." in page, "Word 2." in page, "All notes" in page] == [True, False, True]
    listed = boss.get("/admin/customer-notes?customer=1").text
    assert ["Word 1." in listed, "Of Ben." in listed] == [True, False]
    assert "Word 7." in boss.get("/admin/customer-notes?format=csv").text
    assert "Word 7." not in boss.get("/admin/customer-notes?q=Ben").text


def test_they_are_in_no_copy_and_go_with_the_customer(shop: Shop):
    shop.customer()
    boss = shop.person("staff", "boss@example.com", "*")
    boss.post(NEW, {"text": "Zanzibar is where the cousin lives."})
    boss.post("/admin/customers/1/data/copy", {"reason": "by letter"})
    shop.work()
    copy = zipfile.ZipFile(io.BytesIO(boss.get("/admin/customers/1/data/copy/1").data))
    assert not [name for name in copy.namelist() if b"Zanzibar" in copy.read(name)]

    boss.post("/admin/customers/1/data/erase", {"reason": "by letter"})
    for days in (20, 30):
        with clock.business_time(clock.business_now() + timedelta(days=days)):
            shop.work()
    assert shop.rows(Customer)[0].erased_at is not None
    assert shop.rows(CustomerNote) == []
    with shop.app.app_context(), pytest.raises(Conflict), writing(Context.system("test")) as tx:
        write_note(tx, 1, "Somebody else.")


def test_without_a_reason_none_is_removed(shop: Shop):
    shop.customer()
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        written = write_note(tx, 1, "Calls in the evening.")
        with pytest.raises(InvalidInput, match="audit trail"):
            remove_note(tx, written.note_id)
