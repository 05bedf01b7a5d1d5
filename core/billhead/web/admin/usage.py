"""Metered use for staff: a subscription's events as a file, what was rejected, and events that are called off."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from billhead.actions.entitlements.call_off import call_off
from billhead.actions.entitlements.refund_one import refund_one
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan
from billhead.models.entitlements import Entitlement
from billhead.models.subscriptions import Subscription
from billhead.models.usage import UsageReject, UsageSource
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import code, instant, text, word
from billhead.web.admin.listing import Choice, Listing
from billhead.web.csv_export import csv_response
from billhead.web.speaking import marked, say
from billhead.web.usage import EVENT_COLUMNS, event_rows

__all__ = ["REJECTS"]

_REASONS = ("unknown_subscription", "unknown_metric", "quantity", "at", "future", "before_start", "after_end", "item",
            "id", "properties")  # fmt: skip

REJECTS = Listing(
    name="rejected-usage",
    title=marked("Rejected usage"),
    lead=marked("Events that could not be counted, with the reason. Mend it, then: billhead usage rejects --retry"),
    query=select(
        UsageReject.id,
        UsageReject.event_id,
        UsageSource.code.label("source"),
        UsageReject.reason,
        UsageReject.message,
        UsageReject.rejected_at,
    ).join(UsageSource, UsageSource.id == UsageReject.source_id),
    key=UsageReject.id,
    columns=(
        code(marked("Event"), "event_id"),
        text(marked("Source"), "source"),
        word(marked("Reason"), "reason"),
        text(marked("Why"), "message", css="why"),
        instant(marked("Told"), "rejected_at"),
    ),
    choices=(Choice("reason", marked("Reason"), UsageReject.reason, _REASONS),),
    search=lambda typed: (
        UsageReject.event_id.icontains(typed, autoescape=True) | UsageReject.message.icontains(typed, autoescape=True)
    ),
    search_label=marked("Event or whose it is"),
    empty=marked("Every event that was told could be counted."),
)


@admin.get("/rejected-usage")
@allow("staff")
def rejected_usage() -> ResponseReturnValue:
    return REJECTS.answer()


@admin.get("/subscriptions/<int:key>/usage.csv")
@allow("staff")
def usage_csv(key: int) -> Response:
    with reading() as session:
        found(session, Subscription, key, "subscription")
    return csv_response(f"usage-{key}", EVENT_COLUMNS, event_rows(key))


@admin.route("/catalogue/<int:key>/call-off", methods=["GET", "POST"])
@allow("staff", permission="money.correct")
def call_off_event(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Plan, key, "plan")
        buyers = session.scalar(
            select(func.count())
            .select_from(Entitlement)
            .where(Entitlement.plan_id == key, Entitlement.state.in_(["offered", "active"]))
        )

    def act(ctx: Context, form: ReasonForm) -> str:
        with writing(ctx) as tx:
            call_off(tx, key, reason=form.reason.data or "")
        return say("%(name)s is called off. Its buyers get their money back as credit.", name=row.name)

    told = say(
        "Nobody can buy it any more. %(buyers)s have bought it: what they paid becomes their "
        "credit, by a credit note each with the reason you write here, and what they have not "
        "paid is dropped.",
        buyers=buyers,
    )
    question = Question(
        say("Call off %(name)s?", name=row.name), told, say("Call it off"), url_for("admin.plan", key=key), danger=True
    )
    return asked(question, ReasonForm(), act)


@admin.route("/purchases/<int:key>/refund", methods=["GET", "POST"])
@allow("staff", permission="money.correct")
def refund_purchase(key: int) -> ResponseReturnValue:
    with reading() as session:
        one = found(session, Entitlement, key, "purchase")
        name = session.get_one(Plan, one.plan_id).name

    def act(ctx: Context, form: ReasonForm) -> str:
        with writing(ctx) as tx:
            done = refund_one(tx, key, reason=form.reason.data or "")
        return (
            say("%(name)s is given back.", name=name)
            if done.credited_minor
            else say("%(name)s is taken off; nothing was paid for it yet.", name=name)
        )

    told = say("What was paid becomes the customer's credit, by a credit note with the reason you write here.")
    back = url_for("admin.subscription", key=one.subscription_id)
    return asked(
        Question(say("Give %(name)s back?", name=name), told, say("Give it back"), back, danger=True), ReasonForm(), act
    )
