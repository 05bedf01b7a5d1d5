"""A document as PDF. The template gets its data as JSON, so that no customer's text is ever taken for code."""

import json
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.documents.describe_discount import describe_discount
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.documents.taxes_of import TaxSum, taxes_of
from billhead.domain.money import Money
from billhead.models.documents import Document, DocumentLine, Party
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["render_pdf"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_UNTAXED = {
    "reverse_charge": "Reverse charge: the VAT is due from the recipient.",
    "exempt": "Exempt from VAT.",
    "intra_community": "Intra-Community supply of goods, exempt from VAT.",
    "outside_scope": "Outside the scope of EU VAT.",
    "export": "Export of goods, exempt from VAT.",
}
_TITLES = {"invoice": "Invoice", "credit_note": "Credit note", "proforma": "Order"}


def render_pdf(session: Session, document: Document) -> bytes:
    """The document as it stands: the parties as they were when it was made, lines, tax by rate, what is paid."""
    compiled: bytes = typst.compile(
        str(_TEMPLATES / "invoice.typ"),
        root=str(_TEMPLATES),
        font_paths=list(_font_folders()),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_data(session, document))},
    )
    return compiled


@lru_cache(maxsize=1)
def _font_folders() -> tuple[str, ...]:
    """Fonts for scripts that typst does not bring itself, where the system has them; no others, so that a document
    looks the same on every machine for the scripts that it does bring."""
    places = ("/usr/share/fonts/truetype/noto", "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/opentype/noto")
    return tuple(place for place in places if Path(place).is_dir())


def _data(session: Session, document: Document) -> dict[str, Any]:
    lines = session.scalars(
        select(DocumentLine).where(DocumentLine.document_id == document.id).order_by(DocumentLine.position)
    ).all()
    corrected = session.get(Document, document.corrects_id) if document.corrects_id else None
    is_invoice = document.kind == "invoice"
    return {
        "title": _TITLES[document.kind],
        "number": document.number_text or str(document.id),
        "corrects": corrected.number_text if corrected else "",
        "issued": _day(document.issued_on or document.created_at.date()),
        "due": _day(document.due_on) if document.due_on and document.kind != "credit_note" else "",
        "void": document.state == "void",
        "issuer": _issuer(session, document),
        "buyer": _buyer(session, document),
        "lines": [_line(line, document.currency) for line in lines],
        "net": _amount(document.net_minor, document.currency),
        "taxes": [_tax(tax, document.currency) for tax in taxes_of(lines)],
        "total": _amount(document.total_minor, document.currency),
        "paid": _amount(document.settled_minor, document.currency) if is_invoice and document.settled_minor else "",
        "owed": _amount(document.total_minor - document.settled_minor, document.currency) if is_invoice else "",
        "notes": _notes(document, lines),
    }


def _notes(document: Document, lines: Sequence[DocumentLine]) -> list[str]:
    """What has to be said below the sums: the law asks for a word where no tax is charged."""
    notes = [str(note) for note in document.notes]
    if not notes:  # written before its tax engine had words for it
        reasons = dict.fromkeys(line.tax_code.partition(":")[2] for line in lines)
        notes = [_UNTAXED[reason] for reason in reasons if reason in _UNTAXED]
    if document.kind == "proforma":
        notes.append("This is an order, not an invoice: the invoice follows with the payment.")
    return notes


def _issuer(session: Session, document: Document) -> dict[str, str]:
    if document.issuer_id is not None:
        return _party(session.get_one(Party, document.issuer_id).data)
    seller = session.get_one(Seller, document.seller_id)
    return _party({"name": seller.legal_name, "country": seller.country, "vat_id": seller.vat_id,
                   "address": seller.address, "email": seller.mail_from})  # fmt: skip


def _buyer(session: Session, document: Document) -> dict[str, str]:
    if document.buyer_id is not None:
        return _party(session.get_one(Party, document.buyer_id).data)
    one = session.get_one(Customer, document.customer_id)
    return _party({"name": one.name, "company": one.company, "country": one.country, "vat_id": one.vat_id,
                   "address": one.address, "email": one.email})  # fmt: skip


def _party(data: dict[str, Any]) -> dict[str, str]:
    address = data.get("address") or {}
    if isinstance(address, str):
        address = json.loads(address or "{}")
    place = " ".join(str(address.get(part, "")) for part in ("postcode", "city")).strip()
    lines = [data.get("name", ""), data.get("company", ""), address.get("street", ""), place, data.get("country", "")]
    return {
        "lines": "\n".join(dict.fromkeys(str(line) for line in lines if line)),
        "vat_id": str(data.get("vat_id") or ""),
        "email": str(data.get("email") or ""),
    }


def _line(line: DocumentLine, currency: str) -> dict[str, str]:
    period = ""
    if line.period_start and line.period_end:
        # half-open inside; people read the last day
        period = f"{_day(line.period_start)} – {_day(date.fromordinal(line.period_end.toordinal() - 1))}"
    return {
        "description": "\n".join(filter(None, (describe_line(line), describe_discount(line, currency)))),
        "period": period or line.term,
        "net": _amount(line.net_minor, currency),
        "rate": _percent(line.tax_rate_ppm),
        "gross": _amount(line.net_minor + line.tax_minor, currency),
    }


def _tax(tax: TaxSum, currency: str) -> dict[str, str]:
    place = f"{tax.place} {tax.name}".strip()
    return {"place": place, "rate": _percent(tax.rate_ppm), "tax": _amount(tax.tax_minor, currency)}


def _amount(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).decimal():,f} {currency}"


def _percent(ppm: int) -> str:
    whole, rest = divmod(ppm, 10_000)
    part = f"{rest:04d}".rstrip("0")
    return f"{whole}{'.' if part else ''}{part} %"


def _day(day: date) -> str:
    return day.isoformat()
