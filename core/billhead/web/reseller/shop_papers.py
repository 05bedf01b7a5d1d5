"""One document of the own shop: what stands on it, what paid it, and what its customer has sent to show that."""

from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from billhead.actions.documents.render_pdf import render_pdf
from billhead.actions.shops._own import OwnShop
from billhead.db import reading
from billhead.domain.document import Kind, State
from billhead.domain.errors import NotAllowed, NotFound
from billhead.models.banking import TransferProof
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.payments import AttemptDocument, GatewayAccount, Payment, PaymentAttempt, Refund
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.plugin_host import gateway_abilities
from billhead.web.admin.documents import payable
from billhead.web.admin.money_back import UNDER_WAY
from billhead.web.downloads import pdf_response, strangers_file
from billhead.web.request_context import signed_in
from billhead.web.reseller.area import reseller
from billhead.web.reseller.shop import own_shop, shop_page

__all__ = ["shops_document", "shops_payment", "shops_proof", "shops_refund", "waiting_proofs"]

_CORRECTED = (State.FINAL, State.PARTLY_PAID, State.PAID, State.WRITTEN_OFF)


def shops_document(session: Session, document_id: int) -> Document:
    """Raises NotFound, also for another shop's, as the ones below; who has no shop is told that, whatever is named."""
    own, row = own_shop(session), session.get(Document, document_id)
    if row is None or row.seller_id != own.seller.id:
        raise NotFound("document", document_id)
    return row


def shops_payment(session: Session, payment_id: int) -> Payment:
    own, row = own_shop(session), session.get(Payment, payment_id)
    if row is None or not _is_theirs(session, own, row.customer_id):
        raise NotFound("payment", payment_id)
    return row


def shops_refund(session: Session, refund_id: int) -> Refund:
    own, row = own_shop(session), session.get(Refund, refund_id)
    payment = session.get_one(Payment, row.payment_id) if row is not None else None
    if row is None or payment is None or not _is_theirs(session, own, payment.customer_id):
        raise NotFound("refund", refund_id)
    return row


def shops_proof(session: Session, proof_id: int) -> TransferProof:
    own, row = own_shop(session), session.get(TransferProof, proof_id)
    if row is None or not _is_theirs(session, own, row.customer_id):
        raise NotFound("proof", proof_id)
    return row


def _is_theirs(session: Session, own: OwnShop, customer_id: int) -> bool:
    return session.get_one(Customer, customer_id).seller_id == own.seller.id


@reseller.get("/shop/documents/<int:document_id>")
@allow("reseller", "super_reseller")
def shop_paper(document_id: int) -> ResponseReturnValue:
    with reading() as session:
        own, row = own_shop(session), shops_document(session, document_id)
        lines = session.scalars(
            select(DocumentLine).where(DocumentLine.document_id == row.id).order_by(DocumentLine.position)
        ).all()
        about = or_(Document.corrects_id == row.id, Document.proforma_id == row.id, Document.id == row.proforma_id)
        related = session.scalars(select(Document).where(about | (Document.id == row.corrects_id))).all()
        more = {"lines": lines, "related": related, "customer": session.get_one(Customer, row.customer_id)}
        return shop_page(session, "shop_paper", own, document=row, **more, **_money(session, row))


def _money(session: Session, row: Document) -> dict[str, Any]:
    by_credit = select(CustomerCredit.payment_id).join(Allocation, Allocation.customer_credit_id == CustomerCredit.id)
    paid_by = select(Allocation.payment_id).where(Allocation.document_id == row.id)
    ids = Payment.id.in_(paid_by) | Payment.id.in_(by_credit.where(Allocation.document_id == row.id))
    payments = session.execute(
        select(Payment, GatewayAccount.name).join(GatewayAccount).where(ids).order_by(Payment.id)
    ).all()
    taken = Refund.payment_id.in_([payment.id for payment, _ in payments]) | (Refund.credit_note_id == row.id)
    accounts = session.scalars(select(GatewayAccount.gateway).where(GatewayAccount.seller_id == row.seller_id))
    return {
        "payments": payments,
        "refunds": session.scalars(select(Refund).where(taken).order_by(Refund.id)).all(),
        "proofs": session.scalars(waiting_proofs(row.id).order_by(TransferProof.id)).all(),
        "under_way": UNDER_WAY[1:],
        "may_credit": row.kind == Kind.INVOICE and row.state in _CORRECTED,
        "may_book": row.kind != Kind.CREDIT_NOTE
        and payable(row)
        and any(gateway_abilities(gateway).confirmed_by_staff for gateway in accounts),
    }


def waiting_proofs(document_id: Any) -> Select[TransferProof]:
    """What waits to be looked at, of whoever pays this document, perhaps together with others."""
    # asked as a part of a list of documents, it is of that list's one: by itself only the nearest query is looked at
    also = select(AttemptDocument.attempt_id).where(AttemptDocument.document_id == document_id).correlate(Document)
    return (
        select(TransferProof)
        .join(PaymentAttempt, PaymentAttempt.id == TransferProof.attempt_id)
        .where(or_(PaymentAttempt.document_id == document_id, PaymentAttempt.id.in_(also)))
        .where(TransferProof.state == "waiting")
    )


@reseller.get("/shop/documents/<int:document_id>.pdf")
@allow("reseller", "super_reseller")
def shop_document(document_id: int) -> ResponseReturnValue:
    """As its customer has it."""
    with reading() as session:
        row = shops_document(session, document_id)
        pdf = render_pdf(session, row)
    return pdf_response(pdf, row.number_text or f"{row.kind}-{row.id}", inline=True)


@reseller.get("/shop/proofs/<int:proof_id>/file")
@allow("reseller", "super_reseller")
def shop_proof_file(proof_id: int) -> Response:
    """Not for staff who look in: a statement of the payer's account may stand in it."""
    login = signed_in()
    if login is not None and login.visit is not None:
        raise NotAllowed("This is not possible while you look in for somebody else.")
    with reading() as session:
        return strangers_file(shops_proof(session, proof_id))
