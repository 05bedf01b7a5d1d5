"""The dashboard, one subscription with its access details, and ending it."""

from dataclasses import dataclass
from datetime import date

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing.next_document import next_document
from billhead.actions.dunning.promise_payment import preview_promise
from billhead.actions.subscriptions._holding import may_end_from
from billhead.actions.subscriptions._scheduled import may_take_back, scheduled_of
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.db import Tx, reading, writing
from billhead.domain.document import Kind
from billhead.domain.errors import BillheadError
from billhead.domain.rights import BUYERS
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription, SubscriptionEvent
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.customer.once import on_sale
from billhead.web.customer.read import Line, Overview, access_of, open_documents, overviews, own_subscription
from billhead.web.errors import refusal
from billhead.web.formatting import day_in_words, last_day
from billhead.web.looking import next_look
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.speaking import marked, say
from billhead.web.usage import purchases_of, usage_shown

__all__: list[str] = []

_CHANGED = marked("What comes of it has changed since it was shown. Look at it again, please.")
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
    shown = {"me": me, "overviews": found, "to_pay": to_pay}
    return page("customer/dashboard.html", **shown, refresh=_refresh(lines))


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
        hold_ends = _hold_may_end_from(Tx(current_ctx(), session), found.subscription)
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
        "hold_may_end_from": hold_ends,
    }
    return page("customer/subscription.html", **shown, refresh=_refresh(lines))


def _hold_may_end_from(tx: Tx, subscription: Subscription) -> date | None:
    """The day, while it is still to come."""
    if subscription.state != State.SUSPENDED or subscription.suspended_for != SuspendedBy.CUSTOMER:
        return None
    opens = may_end_from(tx, subscription)
    return opens if opens is not None and opens > clock.today_in(subscription.zone) else None


@customer.get("/subscriptions/<int:subscription_id>/next")
@allow(*BUYERS, permission="own.invoices")
def next_invoice(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        found = own_subscription(session, current_customer_id(), subscription_id)
        upcoming = next_document(session, subscription_id)
    return page("customer/next_document.html", one=found, upcoming=upcoming)


@dataclass(frozen=True, slots=True)
class Ending:
    """What canceling does. `last_day` is None where it ends at once. Minor units: `back` comes back, `on_debt` of
    what is owed is not owed any more, and `owed` still is; `charged` is a last invoice. `refunded`: to where it came
    from."""

    last_day: date | None
    back: int
    on_debt: int
    owed: int
    charged: int
    refunded: bool
    seen: str


def _ending(one: Overview) -> Ending:
    """Raises what `cancel` raises."""
    planned = preview_cancel(current_ctx(), one.subscription.id, one.plan.cancel_policy)
    back = max(-planned.total_minor, 0)
    return Ending(
        _last_day(planned.ends_on, one.subscription.zone),
        back - planned.on_owed_minor,
        planned.on_owed_minor + planned.voided_minor,
        planned.owed_minor,
        max(planned.total_minor, 0),
        one.plan.details.get("cancel_money") == "refund",
        planned.seen,
    )


def _last_day(ends_on: str, zone: str) -> date | None:
    """Of an end that is still to come."""
    ends = date.fromisoformat(ends_on)
    return last_day(ends) if ends > clock.today_in(zone) else None


@customer.route("/subscriptions/<int:subscription_id>/cancel", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.lines")
def cancel_subscription(subscription_id: int) -> ResponseReturnValue:
    """What will happen, with a button to do it."""
    problem, status = "", 200
    if request.method == "POST":
        with reading() as session:
            one = own_subscription(session, current_customer_id(), subscription_id)
        try:
            with writing(submit_ctx()) as tx:
                ended = cancel(tx, subscription_id, one.plan.cancel_policy, seen=request.form.get("seen", ""))
        except BillheadError as refused:
            problem, status = (say(_CHANGED), 409) if refused.code == "price_changed" else refusal(refused)
        else:
            until = _last_day(ended.ends_on, one.subscription.zone)
            at_once = say("Canceled. It has ended.")
            flash(
                say("Canceled. You can watch until %(day)s.", day=day_in_words(until)) if until else at_once,
                "good",
            )
            return redirect(url_for("customer.subscription", subscription_id=subscription_id), 303)
    with reading() as session:
        one = own_subscription(session, current_customer_id(), subscription_id)
    try:
        ending = _ending(one)
    except BillheadError as refused:
        ending, (problem, status) = None, refusal(refused)
    return page("customer/cancel.html", one=one, ending=ending, problem=problem), status
