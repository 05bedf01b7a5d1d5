"""Documents and payments: found, looked at, fetched as PDF; and a transfer booked that somebody has seen arrive."""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.actions.documents.render_pdf import render_pdf
from billhead.actions.payments.book_transfer import book_transfer
from billhead.db import reading
from billhead.domain.money import Money
from billhead.models.documents import Document, DocumentLine
from billhead.plugin import allow
from billhead.web.admin.area import found
from billhead.web.admin.documents import DOCUMENTS
from billhead.web.admin.payments import PAYMENTS
from billhead.web.api_staff.asking import REASON, amount, api_staff, day, instant, listed, number
from billhead.web.downloads import pdf_response
from billhead.web.programs import acting, fields, text

__all__: list[str] = []


@api_staff.get("/documents")
@allow("anyone")
def documents() -> ResponseReturnValue:
    with reading() as session:
        return listed(DOCUMENTS, session, _told)


def _told(row: Any) -> dict[str, object]:
    return {
        "id": row.id,
        "number": row.number_text or None,
        "kind": row.kind,
        "state": row.state,
        "customer": row.customer_id,
        "issued_on": day(row.issued_on),
        "due_on": day(row.due_on),
        "currency": row.currency,
        "total": amount(row.total_minor, row.currency),
        "open": amount(row.open_minor, row.currency),
    }


@api_staff.get("/documents/<int:key>")
@allow("anyone")
def document(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, Document, key, "document")
        row = session.execute(DOCUMENTS.query.where(Document.id == key)).one()
        query = select(DocumentLine).where(DocumentLine.document_id == key).order_by(DocumentLine.position)
        return _told(row) | {"lines": [_line(line, row.currency) for line in session.scalars(query)]}


def _line(line: DocumentLine, currency: str) -> dict[str, object]:
    return {
        "id": line.id,
        "description": line.description,
        "kind": line.kind,
        "subscription": line.subscription_id,
        "starts_on": day(line.period_start),
        "ends_on": day(line.period_end),
        "quantity": line.quantity,
        "net": amount(line.net_minor, currency),
        "tax": amount(line.tax_minor, currency),
    }


@api_staff.get("/documents/<int:key>.pdf")
@allow("anyone")
def document_pdf(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
        return pdf_response(render_pdf(session, row), row.number_text or f"{row.kind}-{row.id}")


@api_staff.post("/documents/<int:key>/transfer")
@allow("anyone")
def book_document_transfer(key: int) -> ResponseReturnValue:
    """`account` is a gateway account by its number; `reference` can't be booked twice for it."""
    known = REASON | {"account": number, "amount": text(30), "reference": text(140)}
    told = fields(known, ("reason", "account", "amount", "reference"))
    with acting(told["reason"]) as tx:
        row = found(tx.session, Document, key, "document")
        paid = Money.parse(told["amount"], row.currency)
        booked = book_transfer(tx, key, told["account"], paid.minor, row.currency, told["reference"])
    return {"payment": booked.payment_id}, 201


@api_staff.get("/payments")
@allow("anyone")
def payments() -> ResponseReturnValue:
    with reading() as session:
        return listed(PAYMENTS, session, _payment)


def _payment(row: Any) -> dict[str, object]:
    return {
        "id": row.id,
        "customer": row.customer_id,
        "account": row.account,
        "reference": row.provider_ref,
        "state": row.state,
        "currency": row.currency,
        "amount": amount(row.amount_minor, row.currency),
        "refunded": amount(row.refunded_minor, row.currency),
        "fee": amount(row.fee_minor, row.currency),
        "received": instant(row.received_at),
    }
