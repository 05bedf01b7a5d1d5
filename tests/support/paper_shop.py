"""Documents without a database: what one says, in sentences, for tests of PDFs and e-invoices."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from billhead.actions.documents._paper import page_of_document
from billhead.actions.documents._shown import PartyShown, Shown, ShownLine, ShownPayment, ShownTax
from billhead.actions.documents._typeset import typeset
from billhead.actions.documents.taxes_of import taxes_of
from billhead.wording import wording

__all__ = ["GERMAN", "ISSUER", "READERS", "document", "line", "paid", "party", "pdf_of", "reader", "text_of"]

DAY, DUE = date(2026, 11, 22), date(2026, 12, 6)
MONTH = (date(2026, 11, 22), date(2026, 12, 22))


def party(name: str, company: str = "", country: str = "FI", vat_id: str = "", language: str = "en", **more: str):
    place = {"street": "Satamakatu 4", "postcode": "00160", "city": "Helsinki"}
    place = {name: more.pop(name, text) for name, text in place.items()}
    email = more.pop("email", "someone@example.com")
    return PartyShown(name, company, email, country, "", vat_id=vat_id, language=language, more=more, **place)


ISSUER = party(
    "NorthCable Oy", "NorthCable", vat_id="FI12345678", iban="FI2112345600000785", bic="NDEAFIHH", bank="Nordea",
    registration="Trade register Helsinki, 1234567-8", phone="+358 9 123 4567",
    legal_footer="Managing director: Aino Virtanen",
)  # fmt: skip
GERMAN = party(
    "Jörg Müller", "Müßiggang Medien GmbH", "DE", "DE123456789", "de", street="Königstraße 7", postcode="70173",
    city="Stuttgart", reference="04011000-12345-34",
)  # fmt: skip
READERS = {
    "en": party("Sarah Connolly", country="IE", city="Dublin", postcode="D02 X285", street="12 Harbour Road"),
    "de": GERMAN,
    "es": party("Íñigo Núñez", country="ES", language="es"),
    "fr": party("Zoé Lefèvre", country="FR", language="fr"),
    "ru": party("Жанна Прокофьева", country="KZ", language="ru", street="ул. Абая, д. 5", city="Алматы"),
    "ar": party("أحمد عبد الرحمن", "شركة الأفق", "SA", language="ar", street="شارع الملك فهد 12", city="الرياض"),
    "tr": party("Çağla Şahin", country="TR", language="tr"),
}


def reader(language: str) -> PartyShown:
    return READERS[language]


def line(net: int, what: str = "Premium, TV box and app", **more: Any) -> ShownLine:
    """A month of a plan at Finland's 25.5 %, unless told otherwise."""
    ppm, code = more.pop("ppm", 255_000), more.pop("code", "FI:standard")
    tax = (2 * abs(net) * ppm + 1_000_000) // 2_000_000 * (1 if net >= 0 else -1)
    start, end = more.pop("period", MONTH)
    taxes = more.pop("taxes", (ShownTax(code, ppm, tax),))
    values = {
        "position": 1, "kind": "recurring", "description": what, "term": "1 month", "start": start, "end": end,
        "quantity": 1, "discount_minor": 0, "discount_code": "", "net_minor": net,
        "tax_minor": sum(one.minor for one in taxes), "taxes": taxes,
    }  # fmt: skip
    return ShownLine(**{**values, **more})


def paid(minor: int, how: str = "Card", on: date = DAY, credit_note: str = "") -> ShownPayment:
    return ShownPayment(on, minor, how, credit_note)


def document(lines: Sequence[ShownLine], **more: Any) -> Shown:
    """An unpaid invoice to somebody in Ireland, unless told otherwise."""
    net, tax = sum(one.net_minor for one in lines), sum(one.tax_minor for one in lines)
    kind, state, settled = more.get("kind", "invoice"), more.get("state", "final"), more.get("settled_minor", 0)
    owed = net + tax - settled if kind != "credit_note" and state in ("final", "partly_paid", "open") else 0
    values = {
        "document_id": 1, "kind": kind, "state": state, "number": "2026-000123", "issued_on": DAY,
        "due_on": None if kind == "credit_note" else DUE, "currency": "EUR", "issuer": ISSUER, "buyer": READERS["en"],
        "lines": tuple(lines), "taxes": tuple(taxes_of(lines)), "net_minor": net, "tax_minor": tax,
        "total_minor": net + tax, "settled_minor": settled, "owed_minor": owed, "payments": (), "corrects": None,
        "notes": (), "base": None,
    }  # fmt: skip
    return Shown(**{**values, **more})


def pdf_of(shown: Shown, language: str = "", *, archivable: bool = False, logo: bytes = b"") -> bytes:
    words = wording(language or shown.buyer.language)
    data = page_of_document(shown, words, "#6236d6", "https://tv.example/pay/1")
    return typeset("document", data, logo, archivable=archivable)


def text_of(pdf: bytes) -> str:
    """What a reader sees, as poppler takes it out: words of one line joined by blanks."""
    import subprocess

    out = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(out.stdout.decode().split())
