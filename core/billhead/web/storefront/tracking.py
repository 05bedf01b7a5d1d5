"""/orders/…: one order, how far it is and what comes next; it looks by itself, without a script, until it is done.

Customers see theirs when they are signed in; the link in the mail shows the same to nobody in particular: what was
ordered, what it costs and how to pay it, and nothing of who or how to watch.
"""

from datetime import timedelta

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.access._limits import count_try
from billhead.actions.payments._pay_links import pay_link
from billhead.actions.subscriptions._order_links import read_order_link
from billhead.actions.subscriptions._order_steps import last_try, order_of, plans_of
from billhead.actions.support._answers import answers
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.rights import BUYERS
from billhead.domain.whole_number import whole_number
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import PaymentAttempt
from billhead.plugin import allow
from billhead.web.pages import page
from billhead.web.request_context import client_address, current_customer_id
from billhead.web.shop_address import belongs_here
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.payment_options import explained

__all__: list[str] = []

_LOOKS_EVERY = {"making": 4, "paying": 15, "checked": 60, "stuck": 30, "ordered": 60}
_MOST_LOOKS = 200
_TRIES, _WINDOW = 60, timedelta(minutes=15)


@storefront.get("/orders/<int:document_id>")
@allow(*BUYERS, permission="own.pay")
def order(document_id: int) -> ResponseReturnValue:
    with reading() as session:
        document = session.get(Document, document_id)
        if document is None or document.customer_id != current_customer_id():
            raise NotFound("order", document_id)
        if order_of(session, document_id) is None:
            return redirect(url_for("customer.document", document_id=document_id), 303)
        told = _told(session, document)
        again = url_for("storefront.order", document_id=document_id, looks=_looks() + 1)
        pay = url_for("storefront.pay", document_id=document_id)
    return page("storefront/order.html", own=True, again=again, pay=pay, **told)


@storefront.get("/orders/link/<token>")
@allow("anyone")
def order_by_link(token: str) -> ResponseReturnValue:
    try:
        with reading() as session:
            document = session.get(Document, read_order_link(token))
            if document is None or not belongs_here(session, document.seller_id):
                raise NotFound("link", "of this address")
            told = _told(session, document)
    except NotFound:
        with writing(Context.system("order-link")) as tx:
            count_try(
                tx, f"order-link:{client_address()}", _TRIES, _WINDOW, "too many tries: wait a quarter of an hour"
            )
        raise
    again = url_for("storefront.order_by_link", token=token, looks=_looks() + 1)
    pay = url_for("storefront.pay_by_link", token=pay_link(document.id, clock.business_now()))
    answer = make_response(page("storefront/order.html", own=False, again=again, pay=pay, **told))
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _looks() -> int:
    return whole_number(request.args.get("looks", ""), 4) or 0


def _told(session: Session, document: Document) -> dict[str, object]:
    found = order_of(session, document.id)
    if found is None:
        raise NotFound("order", document.id)
    attempt = last_try(session, document.id)
    step = str(found.step)
    lines = select(DocumentLine).where(DocumentLine.document_id == document.id).order_by(DocumentLine.position)
    invoice = select(Document.created_at).where(Document.proforma_id == document.id).limit(1)
    return {
        "document": document,
        "subscription": found.Subscription,
        "answered": answers(session, document.seller_id),
        "plans": plans_of(session, document.id),
        "step": step,
        "lines": session.scalars(lines).all(),
        "attempt": attempt,
        "instructions": _instructions(attempt) if step == "paying" else {},
        "why": _why(session, attempt) if step == "not_paid" else "",
        "paid_at": session.scalar(invoice),
        "seconds": _LOOKS_EVERY.get(step, 0) if _looks() < _MOST_LOOKS else 0,
    }


def _instructions(attempt: PaymentAttempt | None) -> dict[str, str]:
    shown = attempt is not None and attempt.action.get("kind") == "instructions"
    return dict(attempt.action["lines"]) if attempt is not None and shown else {}


def _why(session: Session, attempt: PaymentAttempt | None) -> str:
    return explained(session, attempt.account_id, attempt.decline_code) if attempt is not None else ""
