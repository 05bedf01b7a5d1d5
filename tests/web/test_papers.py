"""Papers in both areas: PDFs, receipts, statements, e-invoices; and the settings that shape them."""

import io
import struct
import zlib

import pytest
from facturx import get_xml_from_pdf
from paper_shop import text_of
from web_shop import Shop

from billhead.actions.documents.einvoice.check import findings
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.people import Customer
from billhead.models.sellers import ExchangeRate, Seller, SellerLogo


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


_HEAD = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
_DOT = zlib.compress(b"\x00\xff\x00\x00")  # one red pixel
PNG = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", _HEAD) + _chunk(b"IDAT", _DOT) + _chunk(b"IEND", b"")
SELLER = {
    "legal_name": "NorthCable Oy", "vat_id": "fi 1234 5678", "street": "Satamakatu 4", "postcode": "00160",
    "city": "Helsinki", "iban": "FI21 1234 5600 0007 85", "bic": "ndeafihh", "einvoice": "facturx",
    "legal_footer": "Managing director: Aino Virtanen", "accent": "#6236D6",
}  # fmt: skip


@pytest.fixture
def staff(shop: Shop):
    return shop.person("staff", "boss@example.com", "*")


@pytest.fixture
def payer(shop: Shop):
    """Ada has ordered and paid a month; her invoice has the number 2026-000001 or another year's."""
    browser = shop.customer()
    shop.order(browser)
    shop.pay()
    shop.work()
    return browser


def invoice(shop: Shop):
    (row,) = shop.rows(Document, Document.kind == "invoice")
    return row


def test_staff_set_what_documents_say_and_customers_get_it(shop: Shop, staff):
    page = f"/admin/sellers/{shop.seller_id}"
    assert staff.post(page, SELLER, page=page).status_code == 303
    (seller,) = shop.rows(Seller)
    assert (seller.vat_id, seller.invoicing["iban"]) == ("FI12345678", "FI2112345600000785")
    assert (seller.invoicing["accent"], "street" in seller.invoicing) == ("#6236d6", False)
    browser = shop.customer()
    shop.order(browser)
    shop.pay()
    shop.work()
    document = invoice(shop)
    shown = browser.get(f"/account/documents/{document.id}")
    assert "E-invoice" in shown.text
    assert "Receipt" in shown.text
    made = browser.get(f"/account/documents/{document.id}/e-invoice")
    assert made.mimetype == "application/pdf"
    assert f"invoice-{document.number_text}.pdf" in made.headers["Content-Disposition"]
    assert "Managing director: Aino Virtanen" in text_of(made.data)
    for form in ("ubl", "cii"):
        xml = staff.get(f"/admin/documents/{document.id}/e-invoice/{form}")
        assert findings(xml.data, form) == []


def test_what_the_seller_may_not_say_is_refused_at_its_field(shop: Shop, staff):
    page = f"/admin/sellers/{shop.seller_id}"
    for field, value, said in (
        ("iban", "FI21 1234 5600 0007 86", "wrong check digits"),
        ("bic", "NOPE", "is not a BIC"),
        ("accent", "#ffff00", "too light"),
        ("accent", "red", "is not a colour"),
        ("endpoint", "0204-1", "is not a list of addresses"),
        ("legal_footer", "a\nb\nc\nd", "more than 3 lines"),
    ):
        answer = staff.post(page, {**SELLER, field: value}, page=page)
        assert answer.status_code == 422, field
        assert said in answer.text, field
    assert shop.rows(Seller)[0].invoicing == {}


def test_a_logo_is_looked_at_before_it_is_kept(shop: Shop, staff):
    page = f"/admin/sellers/{shop.seller_id}"

    def send(data: bytes, **more):
        fields = {**SELLER, "logo": (io.BytesIO(data), "logo.png"), **more}
        return staff.post(page, fields, page=page, content_type="multipart/form-data")

    assert "no picture that documents can show" in send(b"GIF89a").text
    assert "damaged" in send(PNG[:40]).text
    assert shop.rows(SellerLogo) == []
    assert send(PNG).status_code == 303
    assert shop.rows(SellerLogo)[0].format == "png"
    shop.order(shop.customer())
    assert staff.get(f"/admin/documents/{shop.rows(Document)[0].id}.pdf").data.startswith(b"%PDF")
    assert staff.post(page, {**SELLER, "no_logo": "y"}, page=page).status_code == 303
    assert shop.rows(SellerLogo) == []


def test_a_customer_chooses_language_reference_and_format_for_documents_to_come(shop: Shop, payer):
    before = invoice(shop)
    told = {"language": "de", "reference": "PO 7", "einvoice": "ubl"}
    assert payer.post("/account/invoicing", told, page="/account/invoicing").status_code == 303
    (me,) = shop.rows(Customer)
    assert (me.language, me.invoicing) == ("de", {"reference": "PO 7", "einvoice": "ubl"})
    assert "Invoice" in text_of(payer.get(f"/account/documents/{before.id}.pdf").data)  # frozen
    shop.order(payer, "gift")
    newest = shop.rows(Document)[-1]
    text = text_of(payer.get(f"/account/documents/{newest.id}.pdf").data)
    assert "Rechnung" in text
    assert "Ihr Zeichen PO 7" in text
    bad = payer.post("/account/invoicing", {"language": "de", "endpoint": "x"}, page="/account/invoicing")
    assert (bad.status_code, "ist kein Verzeichnis von Adressen" in bad.text) == (422, True)


def test_nobody_is_offered_what_nobody_has_set(shop: Shop, payer):
    document = invoice(shop)
    assert "E-invoice" not in payer.get(f"/account/documents/{document.id}").text
    assert payer.get(f"/account/documents/{document.id}/e-invoice").status_code == 404


def test_a_document_that_the_norm_has_no_words_for_is_refused_in_words(shop: Shop, staff):
    shop.order(shop.customer())
    (order,) = shop.rows(Document)
    answer = staff.get(f"/admin/documents/{order.id}/e-invoice/ubl")
    assert answer.status_code == 409
    assert "an order is no invoice yet" in answer.text


def test_receipts_and_statements_are_ones_own(shop: Shop, payer, staff):
    document = invoice(shop)
    receipt = payer.get("/account/receipts/1.pdf")
    text = text_of(receipt.data)
    for said in ("Receipt", "€9.99 received on", "Paid with Card", f"Invoice {document.number_text}", "Ada Lovelace"):
        assert said in text, said
    text = text_of(payer.get("/account/statement.pdf").data)
    for said in ("Statement of account", "Balance before", f"Invoice {document.number_text}", "9.99 0.00", "€0.00"):
        assert said in text, said
    other = shop.customer("eve@example.com")
    assert other.get("/account/receipts/1.pdf").status_code == 404
    assert other.get(f"/account/documents/{document.id}/e-invoice").status_code == 404
    assert other.get("/account/statement.pdf?from=2026-01-01&to=nonsense").status_code == 422
    assert staff.get(f"/admin/customers/{document.customer_id}/statement.pdf").status_code == 200
    assert staff.get("/admin/payments/1/receipt.pdf").status_code == 200
    assert "Rechnung" in text_of(staff.get(f"/admin/documents/{document.id}.pdf?language=de").data)


def test_staff_set_a_customers_invoicing(shop: Shop, payer, staff):
    (me,) = shop.rows(Customer)
    page = f"/admin/customers/{me.id}/invoicing"
    told = {"language": "ar", "reference": "08111000-STUTT-42", "einvoice": "none"}
    assert staff.post(page, told, page=page).status_code == 303
    assert shop.rows(Customer)[0].invoicing == {"reference": "08111000-STUTT-42", "einvoice": "none"}
    assert "08111000-STUTT-42" in staff.get(f"/admin/customers/{me.id}").text


def test_rates_are_taken_in_on_a_page(shop: Shop, staff):
    def send(data: bytes):
        fields = {"file": (io.BytesIO(data), "rates.csv")}
        return staff.post("/admin/rates/new", fields, page="/admin/rates/new", content_type="multipart/form-data")

    assert "1,08" in send(b'day,currency,base,rate\n2026-11-20,USD,EUR,"1,08"\n').text
    assert "UTF-8" in send(b"\xff\xfe").text
    assert shop.rows(ExchangeRate) == []
    assert send(b"day,currency,base,rate\n2026-11-20,USD,EUR,0.9215\n").status_code == 303
    assert "0.9215" in staff.get("/admin/rates").text


def test_an_invoice_goes_with_the_mail_where_the_seller_wants_it(shop: Shop, staff, monkeypatch):
    from billhead.actions.notifications import _attachments

    page = f"/admin/sellers/{shop.seller_id}"
    staff.post(page, {**SELLER, "attach": "y"}, page=page)
    browser = shop.customer()
    shop.order(browser)
    shop.pay()
    shop.work()
    document = invoice(shop)
    from billhead.actions.notifications.queue import queue_notice
    from billhead.db import writing
    from billhead.domain.context import Context

    with shop.app.app_context():
        with writing(Context.system("test")) as tx:
            queue_notice(tx, document.customer_id, "invoice", "invoice:test", {"document_id": document.id})
        notice = shop.rows(Notice, Notice.kind == "invoice")[-1]
        (file,) = _attachments.attachments_of(notice.id)
    assert (file.name, file.media_type) == (f"{document.number_text}.pdf", "application/pdf")
    assert get_xml_from_pdf(file.data)[0] == "factur-x.xml"
    shop.change(Seller, shop.seller_id, invoicing={})
    with shop.app.app_context():
        assert _attachments.attachments_of(notice.id) == ()
