"""One line of the customer: how to watch it, on what, why not, and what may be done about its password."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.access._codes import code_of, short_address, written
from billhead.actions.access.guides_for import guides_for
from billhead.actions.access.line_state import line_state
from billhead.actions.access.mail_access import mail_access
from billhead.actions.access.make_code import make_code
from billhead.actions.access.reset_line_password import reset_line_password
from billhead.actions.access.revoke_code import revoke_code
from billhead.actions.provisioning.show_access import show_access
from billhead.db import Tx, reading, writing
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.rights import BUYERS
from billhead.models.access import AccessCode
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Access, allow
from billhead.web.customer.blueprint import customer
from billhead.web.customer.sure import sure
from billhead.web.errors import refusal
from billhead.web.looking import next_look
from billhead.web.own_words import said_plan
from billhead.web.pages import page
from billhead.web.qr import qr_code
from billhead.web.request_context import current_customer_id, current_face, submit_ctx
from billhead.web.speaking import say, speech
from billhead.wording import PAGE_LANGUAGES

__all__ = ["own_line"]


def own_line(session: Session, service_id: int) -> tuple[Service, Subscription]:
    """A line of whoever is signed in; NotFound also when it is somebody else's."""
    row = session.execute(
        select(Service, Subscription)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .where(Service.id == service_id, Subscription.customer_id == current_customer_id())
    ).one_or_none()
    if row is None:
        raise NotFound("line", service_id)
    return row[0], row[1]


@customer.get("/lines/<int:service_id>")
@allow(*BUYERS, permission="own.lines")
def line(service_id: int) -> ResponseReturnValue:
    return _shown(service_id)


def _shown(service_id: int, problem: str = "") -> str:
    with reading() as session:
        service, subscription = own_line(session, service_id)
        state = line_state(session, service, subscription)
        shown: dict[str, Any] = {
            "service": service,
            "s": subscription,
            "plan": said_plan(session.get_one(Plan, subscription.plan_id)),
            "state": state,
            "access": None,
        }
        if service.observed_at is not None and state.word not in ("ended", "unpaid", "stopped"):
            shown |= _how_to_watch(session, service, subscription)
    return page("customer/line.html", **shown, problem=problem, refresh=next_look() if state.moves else "")


def _how_to_watch(session: Session, service: Service, subscription: Subscription) -> dict[str, Any]:
    """Nothing while the line's module can't say: it is switched off, or its panel's settings don't fit."""
    try:
        access: Access = show_access(session, service)
    except BillheadError:
        return {}
    code = code_of(session, service.id) if access.m3u_url else ""
    address = short_address(session, service.id) if code else ""
    me = session.get_one(Customer, subscription.customer_id)
    ends = select(AccessCode.expires_at).where(AccessCode.service_id == service.id, AccessCode.revoked_at.is_(None))
    return {
        "access": access,
        "code": written(code) if code else "",
        "address": address,
        "code_ends": session.scalar(ends.order_by(AccessCode.id.desc()).limit(1)) if code else None,
        "qr": qr_code(address, say("The short address")) if address else "",
        "guides": guides_for(session, current_face(), service.kind, _language_of(me), access, address),
        "zone": me.zone,
    }


def _language_of(me: Customer) -> str:
    """Of guides: that of the page, except where the customer's own is one that pages do not speak."""
    return speech().language if me.language in PAGE_LANGUAGES else me.language


def _done(service_id: int, act: Callable[[Tx], object], told: str) -> ResponseReturnValue:
    """Do it and go back; what is refused stands above the page."""
    try:
        with writing(submit_ctx()) as tx:
            act(tx)
    except BillheadError as refused:
        problem, status = refusal(refused)
        return _shown(service_id, problem), status
    flash(told, "good")
    return redirect(url_for("customer.line", service_id=service_id), 303)


def _ask(service_id: int, title: str, happens: str, button: str, *, danger: bool = False) -> ResponseReturnValue:
    with reading() as session:
        own_line(session, service_id)
    return sure(title, [happens], button, url_for("customer.line", service_id=service_id), danger=danger)


@customer.route("/lines/<int:service_id>/code", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.lines")
def new_code(service_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        told = say("The one that you have leads nowhere then: devices that were set up with it need the new one.")
        return _ask(service_id, say("Make another short address?"), told, say("Make another"))
    return _done(service_id, lambda tx: make_code(tx, service_id), say("Here is your short address."))


@customer.route("/lines/<int:service_id>/code/end", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.lines")
def end_code(service_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        told = say("It leads nowhere then, and devices that were set up with it stop. The same one does not come back.")
        return _ask(service_id, say("End the short address?"), told, say("End it"), danger=True)
    return _done(service_id, lambda tx: revoke_code(tx, service_id), say("The short address leads nowhere any more."))


@customer.route("/lines/<int:service_id>/password", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.lines")
def new_line_password(service_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        told = say("Every device of this line stops and has to be set up again, and the short address ends at once.")
        return _ask(service_id, say("Change the password?"), told, say("Change the password"), danger=True)
    told = say("A new password is on its way to the line. Enter it on all your devices; the old one ends in a moment.")
    return _done(service_id, lambda tx: reset_line_password(tx, service_id), told)


@customer.post("/lines/<int:service_id>/mail")
@allow(*BUYERS, permission="own.lines")
def mail_line(service_id: int) -> ResponseReturnValue:
    return _done(service_id, lambda tx: mail_access(tx, service_id), say("It is on its way to your mail address."))
