"""The dashboard, one subscription with its access details, and ending it."""

from datetime import date

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.actions.billing.next_document import next_document
from billhead.actions.dunning.promise_payment import preview_promise
from billhead.actions.subscriptions._money_rule import money_rule
from billhead.actions.subscriptions._scheduled import may_take_back, scheduled_of
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.db import Tx, reading, writing
from billhead.domain.document import Kind
from billhead.domain.errors import BillheadError
from billhead.domain.rights import BUYERS
from billhead.models.people import Customer
from billhead.models.subscriptions import SubscriptionEvent
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.customer.once import on_sale
from billhead.web.customer.read import Line, access_of, open_documents, overviews, own_subscription
from billhead.web.errors import refusal
from billhead.web.formatting import day_in_words
from billhead.web.looking import next_look
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.speaking import say
from billhead.web.usage import purchases_of, usage_shown

__all__: list[str] = []

_ON_THE_WAY = ("provisioning", "suspending", "terminating", "unknown")


def _refresh(lines: list[Line]) -> str:
    """While something is on its way the page looks again by itself, for a while."""
    moving = any(line.label in _ON_THE_WAY for line in lines)
    return next_look() if moving else ""


@customer.get("/")
@allow(*BUYERS, permission="own.area")
def dashboard() -> ResponseReturnValue:
    with reading() as session:
        me = session.get_one(Customer, current_customer_id())
        found = overviews(session, me.id)
        to_pay = open_documents(session, me.id)
    lines = [line for one in found for line in one.lines]
    return page("customer/dashboard.html", me=me, overviews=found, to_pay=to_pay, refresh=_refresh(lines))


@customer.get("/subscriptions/<int:subscription_id>")
@allow(*BUYERS, permission="own.lines")
def subscription(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        found = own_subscription(session, current_customer_id(), subscription_id)
        lines = access_of(session, found.lines)
        owes = found.unpaid is not None and found.unpaid.kind == Kind.INVOICE
        offer = preview_promise(Tx(current_ctx(), session), subscription_id) if owes else None
        history = session.scalars(
            select(SubscriptionEvent)
            .where(SubscriptionEvent.subscription_id == subscription_id)
            .order_by(SubscriptionEvent.id.desc())
            .limit(20)
        ).all()
        planned = scheduled_of(Tx(current_ctx(), session), subscription_id)
        may_keep = may_take_back(Tx(current_ctx(), session), found.subscription, planned)
        more = {
            "usage": usage_shown(session, subscription_id),
            "purchases": purchases_of(session, subscription_id, limit=20),
            "on_sale": on_sale(session, found.subscription),
        }
    shown = {
        "one": found,
        "lines": lines,
        "history": history,
        "planned": planned,
        "offer": offer,
        **more,
        "may_keep": may_keep,
    }
    return page("customer/subscription.html", **shown, refresh=_refresh(lines))


@customer.get("/subscriptions/<int:subscription_id>/next")
@allow(*BUYERS, permission="own.invoices")
def next_invoice(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        found = own_subscription(session, current_customer_id(), subscription_id)
        upcoming = next_document(session, subscription_id)
    return page("customer/next_document.html", one=found, upcoming=upcoming)


@customer.get("/subscriptions/<int:subscription_id>/cancel")
@allow(*BUYERS, permission="own.lines")
def ask_to_cancel(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        found = own_subscription(session, current_customer_id(), subscription_id)
        planned = preview_cancel(Tx(current_ctx(), session), subscription_id, found.plan.cancel_policy)
        refunded = money_rule(Tx(current_ctx(), session), found.subscription) == "refund"
    ends_on, back = date.fromisoformat(planned.ends_on), max(-planned.total_minor, 0)
    return page("customer/cancel.html", one=found, ends_on=ends_on, back=back, refunded=refunded, problem="")


@customer.post("/subscriptions/<int:subscription_id>/cancel")
@allow(*BUYERS, permission="own.lines")
def cancel_it(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        found = own_subscription(session, current_customer_id(), subscription_id)
    try:
        with writing(submit_ctx()) as tx:
            ended = cancel(tx, subscription_id, found.plan.cancel_policy)
    except BillheadError as refused:
        problem, status = refusal(refused)
        return page("customer/cancel.html", one=found, ends_on=None, problem=problem), status
    until = day_in_words(date.fromisoformat(ended.ends_on))
    flash(say("Canceled. You can watch until %(day)s.", day=until), "good")
    return redirect(url_for("customer.subscription", subscription_id=subscription_id), 303)
