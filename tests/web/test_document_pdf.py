"""Documents as PDF: each kind, what is paid and owed, and whatever customers call themselves."""

from datetime import UTC, date, datetime

import pytest
from web_shop import Shop

from billhead.actions.documents import render_pdf as rendering
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer

NAME = 'Zoë "#panic" Ünal\\ [*x*] $y$ #sys.inputs // Жанна'  # words are never taken for code
AT = datetime(2026, 11, 22, tzinfo=UTC)


def written(shop: Shop, kind: str, **more: object) -> int:
    """A document over 10.00 with 19 % tax and a set-up for 5.00 under reverse charge."""
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        customer = Customer(
            seller_id=shop.seller_id, name=NAME, email="z@example.com", country="DE", currency="EUR", created_at=AT
        )
        tx.session.add(customer)
        tx.session.flush()
        document = Document(
            seller_id=shop.seller_id, customer_id=customer.id, kind=kind, state="draft", currency="EUR",
            net_minor=1500, tax_minor=190, total_minor=1690, created_at=AT, **more,
        )  # fmt: skip
        tx.session.add(document)
        tx.session.flush()
        lines = [
            ("recurring", 1000, 190, 190000, "DE:oss", date(2026, 11, 22), date(2026, 12, 22)),
            ("setup", 500, 0, 0, "DE:reverse_charge", None, None),
        ]
        for position, (part, net, tax, ppm, code, start, end) in enumerate(lines):
            line = DocumentLine(
                document_id=document.id, position=position, kind=part, description="Premium", unit_minor=net,
                net_minor=net, tax_minor=tax, tax_rate_ppm=ppm, tax_code=code, period_start=start, period_end=end,
            )  # fmt: skip
            tx.session.add(line)
        return int(document.id)


@pytest.fixture
def told(monkeypatch) -> dict:
    """What the template is given."""
    seen: dict = {}
    data = rendering._data

    def keep(session, document):
        seen.update(data(session, document))
        return seen

    monkeypatch.setattr(rendering, "_data", keep)
    return seen


def render(shop: Shop, document_id: int) -> bytes:
    with shop.app.app_context(), reading() as session:
        return rendering.render_pdf(session, session.get_one(Document, document_id))


@pytest.mark.parametrize(
    ("kind", "title"), [("invoice", "Invoice"), ("proforma", "Order"), ("credit_note", "Credit note")]
)
def test_each_kind_is_a_pdf_of_its_own(shop: Shop, told: dict, kind: str, title: str):
    pdf = render(shop, written(shop, kind, number_text="N 1"))
    assert pdf.startswith(b"%PDF-")
    assert told["title"] == title
    assert told["buyer"]["lines"] == f"{NAME}\nDE"
    assert told["issuer"]["lines"] == "NorthCable Oy\nSatamakatu 4\n00160 Helsinki\nFI"


def test_an_invoice_says_what_is_paid_what_is_owed_and_why_a_line_has_no_tax(shop: Shop, told: dict):
    render(shop, written(shop, "invoice", number_text="N 1", settled_minor=1000, due_on=date(2026, 12, 6)))
    assert (told["net"], told["total"]) == ("15.00 EUR", "16.90 EUR")
    assert (told["paid"], told["owed"], told["due"]) == ("10.00 EUR", "6.90 EUR", "2026-12-06")
    assert told["taxes"] == [
        {"place": "DE", "rate": "19 %", "tax": "1.90 EUR"},
        {"place": "DE reverse charge", "rate": "0 %", "tax": "0.00 EUR"},
    ]
    assert told["notes"] == ["Reverse charge: the VAT is due from the recipient."]
    first, second = told["lines"]
    assert first["period"] == "2026-11-22 – 2026-12-21"  # half-open inside, the last day on paper
    assert second["description"] == "Premium (set-up)"
    assert (first["gross"], second["gross"]) == ("11.90 EUR", "5.00 EUR")  # 11.90 + 5.00 = 16.90


def test_an_order_says_that_it_is_no_invoice(shop: Shop, told: dict):
    render(shop, written(shop, "proforma"))
    assert "not an invoice" in told["notes"][-1]
    assert (told["paid"], told["owed"]) == ("", "")
