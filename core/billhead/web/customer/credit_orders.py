"""Credit that was ordered and waits to be paid: it is paid, or dropped."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from billhead.actions.credits._top_up import TOP_UP
from billhead.actions.credits.drop_order import drop_order, preview_drop_order
from billhead.db import reading, writing
from billhead.domain.document import Kind, ProformaState
from billhead.domain.errors import Conflict
from billhead.domain.rights import BUYERS
from billhead.models.credits import AutoTopUp
from billhead.models.documents import Document, DocumentLine
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.customer.sure import sure
from billhead.web.errors import refusal
from billhead.web.formatting import money
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import say

__all__ = ["waiting_credit"]


def waiting_credit(session: Session, customer_id: int) -> list[Document]:
    """Orders of credit that the customer made and has not paid, the newest first."""
    line = DocumentLine
    found = select(Document).where(
        Document.customer_id == customer_id,
        Document.kind == Kind.PROFORMA.value,
        Document.state == ProformaState.OPEN.value,
        exists().where(line.document_id == Document.id, line.kind == TOP_UP),
        Document.id.not_in(select(AutoTopUp.document_id).where(AutoTopUp.customer_id == customer_id)),
    )
    return list(session.scalars(found.order_by(Document.id.desc())))


@customer.route("/credit/orders/<int:document_id>/drop", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.pay")
def drop_credit(document_id: int) -> ResponseReturnValue:
    back = url_for("customer.credit")
    try:
        with reading() as session:
            total = preview_drop_order(session, current_ctx(), document_id)
        if request.method == "POST":
            with writing(submit_ctx()) as tx:
                drop_order(tx, document_id)
            flash(say("The order is dropped."), "good")
            return redirect(back, 303)
    except Conflict as refused:
        flash(refusal(refused)[0], "bad")
        return redirect(back, 303)
    amount = money(total.minor, total.currency)
    happens = [
        say("%(amount)s of credit are not bought, and nobody asks for the money any more.", amount=amount),
        say("You can buy credit again at any time. Money that is on its way for this order is kept as your credit."),
    ]
    return sure(say("Drop this order?"), happens, say("Drop the order"), back, danger=True)
