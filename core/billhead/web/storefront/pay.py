"""Paying a document: choose how, be led to the gateway, come back and see what came of it. All of it without scripts.

The answer to the form leads to a page of ours, and that page leads on to the gateway: so forms may be held to this
site by the CSP, a reload never starts a second payment, and instructions (a transfer's data) have an address.
"""

from urllib.parse import urlsplit

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing.settle_proforma import preview_settle_proforma
from billhead.actions.credits._top_up import is_top_up
from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.documents._disputed import asked_now
from billhead.actions.payments.start_checkout import start_checkout
from billhead.actions.scheduling import enqueue
from billhead.actions.subscriptions._order_steps import order_of
from billhead.db import reading, writing
from billhead.domain.document import Kind, ProformaState, State, is_payable
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.payment import BLOCKS_ANOTHER, UNRESOLVED, AttemptState
from billhead.domain.rights import BUYERS
from billhead.domain.whole_number import whole_number
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import PaymentAttempt
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.accounts.landing import home_of_login
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.request_context import client_address, current_ctx, current_customer_id, submit_ctx
from billhead.web.shop_address import outside
from billhead.web.speaking import say
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.payment_options import chosen_account, explained, not_begun, options_for, typed_fields
from billhead.web.storefront.proofs import instructions_of

__all__ = ["begin"]

_QUICK_LOOKS = 20
_ASKED_EVERY = 10  # looks of the page while a prompt is open: its answer may get lost
_ASKED_ON_RETURN = frozenset({AttemptState.REQUIRES_ACTION, AttemptState.UNKNOWN})


@storefront.context_processor
def home() -> dict[str, object]:
    return {"home_of_login": home_of_login}


def _own_document(session: Session, document_id: int) -> Document:
    document = session.get(Document, document_id)
    if document is None or document.customer_id != current_customer_id():
        raise NotFound("document", document_id)
    return document


def _is_open(document: Document) -> bool:
    return is_payable(document.kind, document.state) and document.total_minor > document.settled_minor


def _last_attempt(session: Session, document_id: int) -> PaymentAttempt | None:
    tries = select(PaymentAttempt).where(PaymentAttempt.document_id == document_id)
    return session.scalar(tries.order_by(PaymentAttempt.id.desc()).limit(1))


@storefront.get("/pay/<int:document_id>")
@allow(*BUYERS, permission="own.pay")
def pay(document_id: int) -> ResponseReturnValue:
    return _choose(document_id, "")


def _choose(document_id: int, problem: str, status: int = 200) -> ResponseReturnValue:
    with reading() as session:
        document = _own_document(session, document_id)
        lines = session.scalars(
            select(DocumentLine).where(DocumentLine.document_id == document_id).order_by(DocumentLine.position)
        ).all()
        options = options_for(session, document.seller_id, document.currency)
        last = _last_attempt(session, document_id)
        proforma = document.kind == Kind.PROFORMA and _is_open(document)
        promised = list(preview_settle_proforma(session, document_id).values()) if proforma else []
        to_pay = asked_now(session, document) - (by_credit := _by_credit(session, document))
    if not _is_open(document):
        flash(say("There is nothing left to pay on this one."), "good")
        return redirect(url_for("customer.document", document_id=document_id), 303)
    if last is not None and AttemptState(last.state) in BLOCKS_ANOTHER and not problem:
        return redirect(url_for("storefront.paid", document_id=document_id), 303)
    problem = problem or document.held_because
    told = {"document": document, "lines": lines, "options": options, "problem": problem, "last": last}
    return page("storefront/pay.html", promised=promised, by_credit=by_credit, to_pay=to_pay, **told), status


def _by_credit(session: Session, document: Document) -> int:
    """How much of it the customer's credit pays, in minor units. An invoice has had its credit already."""
    if document.kind != Kind.PROFORMA or is_top_up(session, document):
        return 0
    customer = session.get_one(Customer, document.customer_id)
    return min(document.total_minor, usable_credit(session, customer, document.currency).minor)


@storefront.post("/pay/<int:document_id>/credit")
@allow(*BUYERS, permission="own.pay")
def pay_by_credit(document_id: int) -> ResponseReturnValue:
    try:
        with writing(submit_ctx()) as tx:
            pay_with_credit(tx, document_id)
    except BillheadError as refused:
        if isinstance(refused, NotFound):
            raise
        return _choose(document_id, *refusal(refused))
    flash(say("Thank you, it is paid with your credit."), "good")
    return redirect(home_of_login(), 303)


@storefront.post("/pay/<int:document_id>")
@allow(*BUYERS, permission="own.pay")
def start_paying(document_id: int) -> ResponseReturnValue:
    account = chosen_account()
    if account is None:
        return _choose(document_id, say("Choose how you want to pay."), 422)
    with reading() as session:
        _own_document(session, document_id)
    return begin(document_id, account, save="save" in request.form)


def begin(document_id: int, account_id: int, *, save: bool) -> ResponseReturnValue:
    """Ask the gateway and lead to the page that leads on to it; a refusal is shown beside the other ways to pay."""
    back = outside(url_for("storefront.paid", document_id=document_id))
    try:
        typed = typed_fields(account_id)
        begun = start_checkout(
            submit_ctx(), document_id, account_id, back, save_method=save, fields=typed, ip=client_address()
        )
    except BillheadError as refused:
        return _choose(document_id, *not_begun(account_id, refused))
    return redirect(url_for("storefront.lead_on", attempt_id=begun.attempt_id), 303)


@storefront.get("/pay/on/<int:attempt_id>")
@allow(*BUYERS, permission="own.pay")
def lead_on(attempt_id: int) -> ResponseReturnValue:
    """To the gateway's page, or the instructions for paying."""
    with reading() as session:
        attempt = session.get(PaymentAttempt, attempt_id)
        if attempt is None or attempt.customer_id != current_customer_id():
            raise NotFound("payment", attempt_id)
    back = url_for("storefront.paid", document_id=attempt.document_id)
    kind = attempt.action.get("kind")
    if AttemptState(attempt.state) not in UNRESOLVED or kind not in ("redirect", "instructions", "token"):
        return redirect(back, 303)
    if kind == "redirect":
        url = str(attempt.action["url"])
        if urlsplit(url).scheme not in ("http", "https"):
            return redirect(url_for("storefront.pay", document_id=attempt.document_id), 303)
        return page("storefront/lead_on.html", attempt=attempt, url=url, again="")
    if kind == "instructions":
        return page("storefront/instructions.html", **instructions_of(attempt))
    problem = say("This way to pay needs the gateway's own form; please choose another.")
    return _choose(attempt.document_id, problem, 409)


@storefront.get("/pay/<int:document_id>/return")
@allow(*BUYERS, permission="own.pay")
def paid(document_id: int) -> ResponseReturnValue:
    """Back from the gateway: it is asked, its word is waited for (looking by itself), then on, or to another try."""
    with reading() as session:
        document = _own_document(session, document_id)
        attempt = _last_attempt(session, document_id)
    if document.state in (ProformaState.SETTLED, State.PAID):
        flash(say("Thank you, your payment has arrived."), "good")
        return redirect(_follow_or_home(document_id), 303)
    if attempt is None or not _is_open(document):
        return redirect(url_for("storefront.pay", document_id=document_id), 303)
    if attempt.state == AttemptState.SUCCEEDED:
        flash(say("Your payment has arrived. It was less than what is due: here is what is still to pay."), "warn")
        return redirect(url_for("storefront.pay", document_id=document_id), 303)
    if AttemptState(attempt.state) not in UNRESOLVED:
        with reading() as session:
            why = (
                explained(session, attempt.account_id, attempt.decline_code)
                if attempt.state == AttemptState.FAILED
                else ""
            )
        return page("storefront/not_paid.html", document=document, attempt=attempt, why=why)
    if attempt.action.get("kind") == "instructions":
        return redirect(url_for("storefront.lead_on", attempt_id=attempt.id), 303)
    looks = request.args.get("looks", "")
    seen = whole_number(looks, 4) or 0
    prompted = attempt.action.get("kind") == "prompt"
    waits = AttemptState(attempt.state) in _ASKED_ON_RETURN
    if (waits and not looks) or (prompted and seen and not seen % _ASKED_EVERY):
        with writing(current_ctx()) as tx:
            enqueue(tx, "payments.payer_is_back", {"attempt_id": attempt.id}, key=f"payer_is_back:{attempt.id}")
    again = url_for("storefront.paid", document_id=document_id, looks=seen + 1)
    return page(
        "storefront/prompted.html" if prompted else "storefront/waiting.html",
        document=document,
        attempt=attempt,
        again=again,
        seconds=2 if seen < _QUICK_LOOKS else 15,
        long=seen >= _QUICK_LOOKS,
    )


def _follow_or_home(document_id: int) -> str:
    """Paid, the order's own page until its line is there; then, and for anything else, home."""
    with reading() as session:
        found = order_of(session, document_id)
    if found is not None and found.step in ("making", "stuck"):
        return url_for("storefront.order", document_id=document_id)
    return home_of_login()


@storefront.post("/pay/<int:document_id>/return")
@allow("anyone")
def paid_by_post(document_id: int) -> ResponseReturnValue:
    """Gateways that send the payer back by a form: the browser holds our cookie back, so ask again by a link."""
    return redirect(url_for("storefront.paid", document_id=document_id), 303)
