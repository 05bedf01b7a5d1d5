"""Invoices, orders and credit notes: the list (and as CSV), one document, and its PDF."""

from collections.abc import Iterator

from flask import Response
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select

from billhead.actions.documents.render_pdf import render_pdf
from billhead.db import reading
from billhead.domain.money import Money
from billhead.models.documents import Document, DocumentLine, Party
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.csv_export import csv_response
from billhead.web.customer.blueprint import customer
from billhead.web.customer.read import open_documents, own_document
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_customer_id

__all__: list[str] = []


def _mine(customer_id: int) -> Select[Document]:
    return select(Document).where(Document.customer_id == customer_id, Document.state != "draft")


@customer.get("/documents")
@allow("customer")
def documents() -> ResponseReturnValue:
    with reading() as session:
        rows = page_of(session, _mine(current_customer_id()), Document.id)
        to_pay = {document.id for document in open_documents(session, current_customer_id())}
    return page("customer/documents.html", rows=rows, to_pay=to_pay)


@customer.get("/documents.csv")
@allow("customer")
def documents_csv() -> Response:
    customer_id = current_customer_id()

    def rows() -> Iterator[tuple[object, ...]]:
        with reading() as session:
            for one in session.scalars(_mine(customer_id).order_by(Document.id)):
                total, owed = (Money(minor, one.currency).decimal() for minor in (one.total_minor, _owed(one)))
                yield one.number_text, one.kind, one.issued_on, one.due_on, one.state, one.currency, total, owed

    return csv_response("documents", ("number", "kind", "issued", "due", "state", "currency", "total", "owed"), rows())


def _owed(document: Document) -> int:
    return document.total_minor - document.settled_minor if document.kind == "invoice" else 0


@customer.get("/documents/<int:document_id>")
@allow("customer")
def document(document_id: int) -> ResponseReturnValue:
    with reading() as session:
        found = own_document(session, current_customer_id(), document_id)
        lines = session.scalars(
            select(DocumentLine).where(DocumentLine.document_id == document_id).order_by(DocumentLine.position)
        ).all()
        buyer = session.get(Party, found.buyer_id) if found.buyer_id else None
        issuer = session.get(Party, found.issuer_id) if found.issuer_id else None
        related = session.scalars(
            select(Document).where((Document.proforma_id == found.id) | (Document.corrects_id == found.id))
        ).all()
        to_pay = any(one.id == document_id for one in open_documents(session, found.customer_id))
        me = session.get_one(Customer, found.customer_id)
    return page(
        "customer/document.html",
        document=found,
        lines=lines,
        buyer=buyer.data if buyer else {"name": me.name},
        issuer=issuer.data if issuer else {},
        related=related,
        to_pay=to_pay,
    )


@customer.get("/documents/<int:document_id>.pdf")
@allow("customer")
def document_pdf(document_id: int) -> Response:
    with reading() as session:
        found = own_document(session, current_customer_id(), document_id)
        pdf = render_pdf(session, found)
    name = found.number_text or f"order-{found.id}"
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(name)}.pdf"'
    return response


def _file_name(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in text)
