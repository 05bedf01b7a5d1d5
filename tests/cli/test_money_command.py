"""`billhead money`: what would happen and what happens are the same figures."""

import json

import pytest
from card_shop import open_card_shop
from click.testing import CliRunner

from billhead.cli import main
from billhead.models.documents import Document
from billhead.models.payments import Payment


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        shop.bought()
        yield shop


def run(shop, *words):
    return CliRunner().invoke(main, ["money", *words], obj=shop.app)


def test_a_credit_note_is_shown_then_issued(shop):
    (invoice,) = shop.invoices()
    words = ("credit-note", invoice.number_text, "--line", "1", "--amount", "5.00", "--reason", "outage", "--json")
    shown = json.loads(run(shop, *words, "--dry-run").stdout)
    assert len(shop.rows(Document, Document.kind == "credit_note")) == 0
    made = json.loads(run(shop, *words).stdout)
    # 5.00 of 12.55 with 25.5 % tax: 2.55 × 5.00 ÷ 12.55 = 1.016
    assert (made["net_minor"], made["tax_minor"], made["credited"]) == (398, 102, 500)
    same = ("net_minor", "tax_minor", "total_minor", "credited", "on_documents")
    assert [shown[name] for name in same] == [made[name] for name in same]
    assert "CN-" in made["number_text"]


def test_what_waits_on_a_credit_note_is_shown_then_placed(shop):
    (invoice,) = shop.invoices()
    why = ("--reason", "outage", "--json")
    words = ("credit-note", invoice.number_text, "--line", "1", "--amount", "5.00", "--way", "keep", *why)
    note = json.loads(run(shop, *words).stdout)
    assert (note["kept"], note["credited"]) == (500, 0)
    place = ("place-credit", note["number_text"], *why)
    assert json.loads(run(shop, *place, "--dry-run").stdout)["credited"] == 500
    assert json.loads(run(shop, *place).stdout)["credited"] == 500
    assert "there is nothing to place" in run(shop, *place).stderr


def test_a_refund_is_shown_then_sent(shop):
    (payment,) = shop.rows(Payment)
    words = ("refund", str(payment.id), "12.55", "--reason", "asked for")
    assert "12.55 EUR would go to source" in run(shop, *words, "--dry-run").stdout
    said = run(shop, *words).stdout
    assert "owed again" in said
    assert said.endswith("refund: succeeded\n")
    assert "succeeded" in run(shop, "refunds").stdout
    refused = run(shop, *words)
    assert (refused.exit_code, refused.stderr) == (1, "Error: only 0.00 EUR of this payment can still go back\n")


def test_a_debt_is_written_off_and_what_is_not_there_is_named(shop):
    (payment,) = shop.rows(Payment)
    run(shop, "refund", str(payment.id), "12.55", "--reason", "asked for")
    (invoice,) = shop.invoices()
    said = run(shop, "write-off", invoice.number_text, "--reason", "gone")
    assert said.stdout == "12.55 EUR are written off.\n"
    assert "There is no document 2020-1." in run(shop, "void", "2020-1", "--reason", "x").stderr
    asked = run(shop, "credit-note", invoice.number_text, "--amount", "1.00", "--reason", "x").stderr
    assert "line: is needed" in asked
