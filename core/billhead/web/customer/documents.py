"""Invoices, orders and credit notes: the list (and as CSV), one document, and its PDF."""

from collections.abc import Iterator

from flask import Response
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from billhead.actions.documents._disputed import asked_now, disputed_of
from billhead.actions.documents._formats import offered_format
from billhead.actions.documents.render_pdf import render_pdf
from billhead.actions.documents.render_receipt import render_receipt
from billhead.actions.documents.write_einvoice import write_einvoice
from billhead.db import reading
from billhead.domain.errors import NotFound
from billhead.domain.money import Money
from billhead.domain.rights import BUYERS
from billhead.models.documents import Allocation, Document, DocumentLine, Party
from billhead.models.payments import Payment
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.csv_export import csv_response
from billhead.web.customer.blueprint import customer
from billhead.web.customer.disputes import lines_to_dispute
from billhead.web.customer.read import claims, open_documents, own_document
from billhead.web.downloads import einvoice_response, pdf_response
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_customer_id

__all__: list[str] = []


def _mine(customer_id: int) -> Select[Document]:
    """Without orders whose invoice is there: what was bought once stands once."""
    invoice = aliased(Document)
    invoiced = select(invoice.proforma_id).where(invoice.customer_id == customer_id, invoice.proforma_id.is_not(None))
    return select(Document).where(
        Document.customer_id == customer_id, Document.state != "draft", Document.id.not_in(invoiced)
    )


@customer.get("/documents")
@allow(*BUYERS, permission="own.invoices")
def documents() -> ResponseReturnValue:
    with reading() as session:
        rows = page_of(session, _mine(current_customer_id()), Document.id)
        to_pay = {document.id for document in open_documents(session, current_customer_id())}
        to_claim = claims(session, current_customer_id())
    return page("customer/documents.html", rows=rows, to_pay=to_pay, to_claim=to_claim)


@customer.get("/documents.csv")
@allow(*BUYERS, permission="own.invoices")
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
@allow(*BUYERS, permission="own.invoices")
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
        einvoice = _offered(session, found)
        paid = select(Allocation.payment_id).where(Allocation.document_id == found.id)
        receipts = session.scalars(select(Payment).where(Payment.id.in_(paid)).order_by(Payment.id)).all()
        to_claim = claims(session, found.customer_id, found)
        disputed = disputed_of(session, [found.id]).get(found.id, 0) if _owed(found) else 0
        asked = asked_now(session, found)
        disputable = found.kind == "invoice" and found.number and bool(lines_to_dispute(session, found))
    return page(
        "customer/document.html",
        document=found,
        lines=lines,
        buyer=buyer.data if buyer else {"name": me.name},
        issuer=issuer.data if issuer else {},
        related=related,
        to_pay=to_pay,
        einvoice=einvoice,
        receipts=receipts,
        to_claim=to_claim,
        disputed=disputed,
        asked=asked,
        disputable=disputable,
    )


@customer.get("/documents/<int:document_id>.pdf")
@allow(*BUYERS, permission="own.invoices")
def document_pdf(document_id: int) -> Response:
    with reading() as session:
        found = own_document(session, current_customer_id(), document_id)
        pdf = render_pdf(session, found)
    return pdf_response(pdf, found.number_text or f"order-{found.id}")


@customer.get("/documents/<int:document_id>/e-invoice")
@allow(*BUYERS, permission="own.invoices")
def document_einvoice(document_id: int) -> Response:
    """In the format that is offered; there is no such page where none is."""
    with reading() as session:
        found = own_document(session, current_customer_id(), document_id)
        format = _offered(session, found)
        if not format:
            raise NotFound("e-invoice", document_id)
        made = write_einvoice(session, found, format)
    return einvoice_response(made, found)


def _offered(session: Session, document: Document) -> str:
    seller = session.get_one(Seller, document.seller_id)
    me = session.get_one(Customer, document.customer_id)
    return offered_format(document, seller.invoicing, me.invoicing)


@customer.get("/receipts/<int:payment_id>.pdf")
@allow(*BUYERS, permission="own.invoices")
def receipt_pdf(payment_id: int) -> Response:
    with reading() as session:
        payment = session.get(Payment, payment_id)
        if payment is None or payment.customer_id != current_customer_id():
            raise NotFound("payment", payment_id)
        return pdf_response(render_receipt(session, payment), f"receipt-{payment.id}")
