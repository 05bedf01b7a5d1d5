"""A document as e-invoice by EN 16931: as UBL, as CII, or as Factur-X, which is the PDF with the CII in it."""

from importlib.util import find_spec
from typing import NamedTuple

from sqlalchemy.orm import Session

from billhead.actions.documents._formats import FORMATS
from billhead.actions.documents._shown import read_shown
from billhead.actions.documents.einvoice.semantic import semantic
from billhead.actions.documents.einvoice.syntax import as_xml
from billhead.actions.documents.render_pdf import render_pdf
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.documents import Document
from billhead.wording import wording

__all__ = ["EInvoice", "write_einvoice"]


class EInvoice(NamedTuple):
    """`xml` is what is checked; `data` is what is sent: the same, or the PDF around it."""

    data: bytes
    xml: bytes
    syntax: str
    media_type: str
    suffix: str


def write_einvoice(session: Session, document: Document, format: str) -> EInvoice:
    """In the buyer's language, like its PDF, and as it stands: what was paid since is told.

    Raises Conflict for a document that EN 16931 has no words for, with the reason, and InvalidInput for an unknown
    format.
    """
    if format not in FORMATS:
        raise InvalidInput("format", f"{format!r} is not one", hint=f"there are: {', '.join(FORMATS)}")
    shown = read_shown(session, document)
    words = wording(shown.buyer.language)
    syntax = "ubl" if format == "ubl" else "cii"
    xml = as_xml(semantic(shown, words), syntax)
    if format != "facturx":
        return EInvoice(xml, xml, syntax, "application/xml", "xml")
    pdf = render_pdf(session, document, archivable=True)
    return EInvoice(_embedded(pdf, xml, words.language), xml, syntax, "application/pdf", "pdf")


def _embedded(pdf: bytes, xml: bytes, language: str) -> bytes:
    if find_spec("facturx") is None:
        raise Conflict("Factur-X needs factur-x", hint="pip install 'billhead[einvoice]'")
    from facturx import generate_from_binary

    made: bytes = generate_from_binary(
        pdf, xml, flavor="factur-x", level="en16931", check_xsd=False, lang=language, afrelationship="alternative"
    )
    return made
