"""Documents, proofs and files of tickets: names of downloads, and strangers' files that are never shown."""

from flask import Response

from billhead.actions.documents.write_einvoice import EInvoice
from billhead.domain.document import Kind
from billhead.models.banking import TransferProof
from billhead.models.documents import Document
from billhead.models.support import TicketFile

__all__ = ["einvoice_response", "file_name", "pdf_response", "strangers_file"]

_WORDS = {Kind.PROFORMA.value: "order", Kind.INVOICE.value: "invoice", Kind.CREDIT_NOTE.value: "credit-note"}


def file_name(text: str) -> str:
    """Letters, digits, dots and dashes, whatever a number series is made of."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in text)


def pdf_response(data: bytes, name: str, *, inline: bool = False) -> Response:
    response = Response(data, mimetype="application/pdf")
    how = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = f'{how}; filename="{file_name(name)}.pdf"'
    return response


def einvoice_response(made: EInvoice, document: Document) -> Response:
    response = Response(made.data, mimetype=made.media_type)
    name = f"{_WORDS[document.kind]}-{file_name(document.number_text or str(document.id))}.{made.suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def strangers_file(row: TransferProof | TicketFile) -> Response:
    """Always to be saved, never to be shown here: who sent it may have made it of anything."""
    response = Response(row.data, mimetype=row.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(row.file_name)}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
