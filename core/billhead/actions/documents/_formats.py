"""The formats of e-invoices, and which of them somebody is offered."""

from collections.abc import Mapping
from typing import Any

from billhead.domain.document import Kind
from billhead.models.documents import Document

__all__ = ["FORMATS", "NO_EINVOICE", "offered_format"]

FORMATS = {"facturx": "Factur-X (PDF with data)", "ubl": "UBL 2.1 (XML)", "cii": "CII (XML)"}
NO_EINVOICE = "none"


def offered_format(document: Document, seller: Mapping[str, Any], customer: Mapping[str, Any]) -> str:
    """The format that this customer is offered of this document, or "": their own choice, else the seller's."""
    if document.kind == Kind.PROFORMA or document.state in ("draft", "void", "merged"):
        return ""
    chosen = str(customer.get("einvoice") or seller.get("einvoice") or "")
    return "" if chosen == NO_EINVOICE else chosen
