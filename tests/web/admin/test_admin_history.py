"""What a page is about has its history there: who did what to it, when and why."""

import re
from pathlib import Path

import pytest

import billhead.web.admin as area
from billhead import clock
from billhead.models.operations import AuditEntry
from billhead.web.admin.deeds import DEEDS
from billhead.web.admin.history import ABOUT

FOLDER = Path(area.__file__).parent
NO_HISTORY = {
    "assign",  # the form of one deposit, whose payment has the history
    "callback",  # what a gateway sent: nobody changes it
    "drop_screening_entry",  # a question
}


def shown_by(endpoint: str) -> bool:
    """Whether the view's module reads a trail itself."""
    sources = [path.read_text("utf-8") for path in FOLDER.glob("*.py")]
    (source,) = [one for one in sources if re.search(rf"^def {endpoint}\(", one, re.M)]
    return "trail_of(" in source


def test_each_page_that_a_list_leads_to_shows_its_history():
    led_to = {found for path in FOLDER.glob("*.py") for found in re.findall(r'\bto="(\w+)"', path.read_text("utf-8"))}
    assert len(led_to) > 40
    without = sorted(one for one in led_to - NO_HISTORY if one not in ABOUT and not shown_by(one))
    assert without == []


WRITTEN = (
    ("/admin/departments/new", {"name": "Help", "position": "1"}, "/admin/departments/1", "support.save_department"),
    ("/admin/bouquets/new", {"code": "sport", "name": "Sport"}, "/admin/bouquets/1/edit", "catalogue.save_bouquet"),
    ("/admin/prepared-answers/new", {"name": "Restart", "language": "en", "body": "Switch it off.", "department": "0"},
     "/admin/prepared-answers/1", "support.save_reply"),
    ("/admin/devices/models/new", {"code": "mag", "name": "MAG 540", "kind": "mag", "warranty_months": "24"},
     "/admin/devices/models/1/edit",
     "devices.save_model"),
)  # fmt: skip


@pytest.mark.parametrize(("form", "fields", "page", "verb"), WRITTEN)
def test_what_was_written_by_a_form_stands_on_its_page(counter, form, fields, page, verb):
    answer = counter.post(form, **fields)
    assert answer.status_code == 303, answer.text
    shown = counter.get(page).text
    assert "The whole history" in shown
    assert f'<span title="{verb}">{DEEDS[verb]}</span></td>' in shown


def test_an_accounts_page_says_who_changed_it(counter):
    page = f"/admin/gateways/{counter.shop.accounts['cards']}"
    assert "The whole history" not in counter.get(page).text
    answer = counter.post(page, name="Cards", position="1", enabled="y", page="pay")
    assert answer.status_code == 303, answer.text
    shown = counter.get(page).text
    assert ">Gateway account changed</span></td>" in shown
    assert "sam@example.com" in shown


def test_what_was_done_is_said_in_the_language_of_the_page_and_found_by_code_and_by_words(counter):
    """Greta works in German: a document of Ada's was made void, and the voucher plugin, whose deeds have no words,
    blocked a card."""

    def line(action, subject):
        why = f"because of {subject}"
        return AuditEntry(at=clock.now(), actor="staff:9", role="staff", action=action, subject=subject, reason=why,
                          details={})  # fmt: skip

    counter.add(line("documents.void", "customer:1"), line("voucher.block", "voucher_batch:A"))
    assert ">Document made void</span></td>" in counter.get("/admin/customers/1").text
    german = {"Accept-Language": "de"}
    assert (
        '<span title="documents.void">Dokument storniert</span>'
        in counter.get("/admin/customers/1", headers=german).text
    )
    whole = counter.get("/admin/audit", headers=german).text
    assert re.search(r"Dokument storniert<br>.*documents\.<wbr>void<", whole)
    assert "voucher.<wbr>block" in whole
    for typed in ("documents.", "documents.void", "storniert", "DOKUMENT STORN"):
        found = counter.get("/admin/audit", query_string={"verb": typed}, headers=german).text
        assert "because of customer:1" in found, typed
        assert "because of voucher_batch:A" not in found, typed
    listed = counter.get("/admin/audit", query_string={"format": "csv", "verb": "storniert"}, headers=german).text
    assert ",documents.void,customer:1," in listed
    assert "Dokument storniert" not in listed
