"""/pay/link/…: pay one document from a mail without signing in. It shows number and amount, and nothing of whose."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from urllib.parse import urlsplit

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.access._limits import count_try
from billhead.actions.credits._top_up import is_top_up
from billhead.actions.credits._usable import usable_credit
from billhead.actions.documents._disputed import asked_now
from billhead.actions.payments._pay_links import read_pay_link
from billhead.actions.payments.start_checkout import start_checkout
from billhead.actions.scheduling import enqueue
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.document import Kind, ProformaState, State, is_payable
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.models.documents import Document
from billhead.models.payments import PaymentAttempt
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.errors import reason, status_of
from billhead.web.pages import page
from billhead.web.request_context import client_address
from billhead.web.shop_address import belongs_here, outside
from billhead.web.speaking import say
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.payment_options import Option, chosen_account, options_for

__all__: list[str] = []

_TRIES, _WINDOW = 60, timedelta(minutes=15)
_CHECKOUTS, _DAY = 10, timedelta(days=1)
_SETTLED = (State.PAID.value, ProformaState.SETTLED.value)


def _private(view: Callable[[str], ResponseReturnValue]) -> Callable[[str], ResponseReturnValue]:
    """Links that are none are counted by address; nothing of one is kept or told on."""

    @wraps(view)
    def shown(token: str) -> ResponseReturnValue:
        try:
            answer = make_response(view(token))
        except NotFound:
            often = "too many tries: wait a quarter of an hour"
            with writing(Context.system("pay-link")) as tx:
                count_try(tx, f"pay-link:{client_address()}", _TRIES, _WINDOW, often)
            raise
        answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return shown


def _document(session: Session, token: str) -> Document:
    document = session.get(Document, read_pay_link(token))
    if document is None or not belongs_here(session, document.seller_id):
        raise NotFound("link", "of this address")
    return document


def _is_open(document: Document) -> bool:
    return is_payable(document.kind, document.state) and document.total_minor > document.settled_minor


def _newest(session: Session, document_id: int) -> PaymentAttempt | None:
    tries = select(PaymentAttempt).where(PaymentAttempt.document_id == document_id, ~PaymentAttempt.off_session)
    return session.scalar(tries.order_by(PaymentAttempt.id.desc()).limit(1))


@storefront.get("/pay/link/<token>")
@allow("anyone")
@_private
def pay_by_link(token: str) -> ResponseReturnValue:
    return _choose(token, "")


def _options(session: Session, document: Document) -> list[Option]:
    """Those that need nothing of who pays: no sign-in, and no field of theirs."""
    found = options_for(session, document.seller_id, document.currency)
    return [one for one in found if not one.by_hand and not one.asks]


def _choose(token: str, problem: str, status: int = 200) -> ResponseReturnValue:
    with reading() as session:
        document = _document(session, token)
        options = _options(session, document)
        owed = asked_now(session, document)
        if document.kind == Kind.PROFORMA and not is_top_up(session, document):
            customer = session.get_one(Customer, document.customer_id)
            owed -= min(owed, usable_credit(session, customer, document.currency).minor)
    to_pay = owed if _is_open(document) else 0
    shown = page("storefront/pay_link.html", document=document, options=options, problem=problem, to_pay=to_pay)
    return shown, status


@storefront.post("/pay/link/<token>")
@allow("anyone")
@_private
def start_by_link(token: str) -> ResponseReturnValue:
    account = chosen_account()
    if account is None:
        return _choose(token, say("Choose how you want to pay."), 422)
    with reading() as session:
        document = _document(session, token)
        offered = {one.account_id for one in _options(session, document)}
    if account not in offered:
        return _choose(token, say("Choose how you want to pay."), 422)
    ctx = Context(f"link:document:{document.id}", Role.CUSTOMER, Scope(customer_id=document.customer_id))
    back = outside(url_for("storefront.paid_by_link", token=token))
    try:
        with writing(Context.system("pay-link")) as tx:
            count_try(tx, f"pay-link:document:{document.id}", _CHECKOUTS, _DAY, "this was tried too often today")
        begun = start_checkout(ctx, document.id, account, back, ip=client_address())
    except BillheadError as refused:
        status = status_of(refused)
        unreachable = say("This way to pay can't be reached now. Nothing was charged.")
        problem = reason(refused) if status < 500 else unreachable
        return _choose(token, problem, status)
    url = str(begun.action.get("url", ""))
    if urlsplit(url).scheme not in ("http", "https"):
        return _choose(token, say("This way to pay needs you to sign in; please choose another."), 409)
    return redirect(url_for("storefront.lead_on_by_link", token=token), 303)


@storefront.get("/pay/link/<token>/on")
@allow("anyone")
@_private
def lead_on_by_link(token: str) -> ResponseReturnValue:
    """To the gateway's page: from a page of ours, so that a reload never begins a second payment."""
    with reading() as session:
        document = _document(session, token)
        attempt = _newest(session, document.id)
    url = str(attempt.action.get("url", "")) if attempt is not None else ""
    if attempt is None or AttemptState(attempt.state) not in UNRESOLVED or not url.startswith(("https://", "http://")):
        return redirect(url_for("storefront.pay_by_link", token=token), 303)
    again = url_for("storefront.pay_by_link", token=token)
    return page("storefront/lead_on.html", attempt=attempt, url=url, again=again)


@storefront.get("/pay/link/<token>/return")
@allow("anyone")
@_private
def paid_by_link(token: str) -> ResponseReturnValue:
    """Back from the gateway: it is asked, and the page looks again by itself until it has told."""
    with reading() as session:
        document = _document(session, token)
        attempt = _newest(session, document.id)
    if document.state in _SETTLED or attempt is None:
        return redirect(url_for("storefront.pay_by_link", token=token), 303)
    if AttemptState(attempt.state) not in UNRESOLVED:
        problem = "" if attempt.state == AttemptState.SUCCEEDED else say("It was not paid. Nothing was charged.")
        return _choose(token, problem)
    if "looks" not in request.args and attempt.state == AttemptState.REQUIRES_ACTION:
        with writing(Context.system("pay-link")) as tx:
            enqueue(tx, "payments.payer_is_back", {"attempt_id": attempt.id}, key=f"payer_is_back:{attempt.id}")
    again = url_for("storefront.paid_by_link", token=token, looks=1)
    return page("storefront/link_waiting.html", attempt=attempt, again=again)
