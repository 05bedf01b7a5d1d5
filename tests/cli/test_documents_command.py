"""`billhead documents`: a PDF, an e-invoice, and what its validator says."""

import json
from datetime import date

import pytest
from billing_shop import open_shop
from click.testing import CliRunner
from facturx import get_xml_from_pdf

from billhead.actions.documents.einvoice import syntax
from billhead.cli import main
from billhead.models.documents import Document
from billhead.models.sellers import Seller


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path, vat_id="FI12345678") as shop:
        plan = shop.plan("tv", 999)
        shop.subscribe(shop.customer(), plan, due=date(2026, 11, 1))
        shop.run(date(2026, 11, 1))
        yield shop


def said(shop, *words):
    return CliRunner().invoke(main, ["documents", *words], obj=shop.app)


@pytest.mark.parametrize("form", ["ubl", "cii", "facturx"])
def test_a_valid_one_is_called_valid(shop, form):
    answer = said(shop, "einvoice", "2026-000001", "--format", form, "--check")
    assert (answer.exit_code, answer.stdout) == (
        0,
        f"2026-000001 as {form}: valid by the schema and by the rules of EN 16931.\n",
    )


def test_a_broken_total_is_shown_and_fails(shop, monkeypatch):
    template = syntax._environment().get_template("ubl.xml")

    class Broken:
        def render(self, **facts):
            return template.render(**facts).replace(">11.99</cbc:PayableAmount>", ">12.99</cbc:PayableAmount>")

    monkeypatch.setattr(syntax, "_environment", lambda: type("E", (), {"get_template": lambda *_: Broken()})())
    answer = said(shop, "einvoice", "2026-000001", "--check")
    assert answer.exit_code == 1
    assert answer.stdout.startswith("2026-000001 as ubl: NOT VALID.\n  BR-CO-16: [BR-CO-16]-Amount due for payment")
    told = json.loads(said(shop, "einvoice", "2026-000001", "--check", "--json").stdout)
    assert (told["valid"], told["findings"][0]["rule"]) == (False, "BR-CO-16")


def test_files_are_written_and_the_xml_is_printed(shop, tmp_path):
    assert said(shop, "einvoice", "2026-000001").stdout.startswith("<?xml")
    out = tmp_path / "x.pdf"
    assert said(shop, "pdf", "2026-000001", "--language", "ru", "--out", str(out)).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert said(shop, "einvoice", "1", "--format", "facturx", "--out", str(out)).exit_code == 0
    assert get_xml_from_pdf(out.read_bytes())[0] == "factur-x.xml"


def test_what_is_no_document_and_what_can_not_be_one_are_refused(shop):
    assert "There is no document 2020-1" in said(shop, "pdf", "2020-1").stderr
    assert "is not one of" in said(shop, "pdf", "1", "--language", "xx").stderr
    (document,) = shop.all(Document)
    shop.change(Document, document.id, state="void")
    answer = said(shop, "einvoice", "1")
    assert (answer.exit_code, "it is void" in answer.stderr) == (1, True)
    assert shop.get(Seller, 1).vat_id == "FI12345678"
