"""Metered use for staff: what was told and what of it rejected, a subscription's events as a file, and events that are
called off."""

from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import case, func, select

from billhead.actions.entitlements.call_off import call_off
from billhead.actions.entitlements.refund_one import refund_one
from billhead.actions.usage.ask_retry import ask_retry
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.entitlements import Entitlement
from billhead.models.subscriptions import Subscription
from billhead.models.usage import UsageBatch, UsageReject, UsageSource
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, who
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, code, instant, number, text, word
from billhead.web.admin.listing import Choice, Listing, Pick
from billhead.web.csv_export import csv_response
from billhead.web.speaking import marked, say, say_word, speech
from billhead.web.usage import EVENT_COLUMNS, event_rows

__all__ = ["REJECTS", "TOLD"]

_REASONS = ("unknown_subscription", "unknown_metric", "quantity", "at", "future", "before_start", "after_end", "item",
            "id", "properties", "event")  # fmt: skip
_BY_SOURCE = Pick("source", marked("Source"), select(UsageSource.id, UsageSource.code, UsageSource.code))

TOLD = Listing(
    name="usage-told",
    title=marked("All that was told"),
    lead=marked("Each delivery of events, whoever told it: files, programs, plugins, panels."),
    query=select(
        UsageBatch.id,
        UsageSource.code.label("source"),
        UsageBatch.actor,
        UsageBatch.accepted,
        UsageBatch.duplicates,
        UsageBatch.rejected,
        UsageBatch.recorded_at,
    ).join(UsageSource, UsageSource.id == UsageBatch.source_id),
    key=UsageBatch.id,
    columns=(
        text(marked("Delivery"), "id"),
        text(marked("Source"), "source"),
        Column(marked("By"), lambda row: row.actor, lambda row: who(row.actor)),
        number(marked("Counted"), "accepted"),
        number(marked("Known already"), "duplicates"),
        number(marked("Refused"), "rejected"),
        instant(marked("Told"), "recorded_at"),
    ),
    choices=(Choice("refused", marked("Refused"), case((UsageBatch.rejected > 0, "yes"), else_="no"), ("yes", "no")),),
    narrow={"source": UsageBatch.source_id},
    picks=(_BY_SOURCE,),
    empty=marked("No event was told yet: send a file, or let a program post to /api/staff/v1/usage."),
)

REJECTS = Listing(
    name="rejected-usage",
    title=marked("Rejected usage"),
    lead=marked("Events that could not be counted, with the reason. Mend it, then try them again."),
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
        Column(marked("Why"), lambda row: row.message, lambda row: speech().refusal(row.message), "why"),
        instant(marked("Told"), "rejected_at"),
    ),
    choices=(Choice("reason", marked("Reason"), UsageReject.reason, _REASONS),),
    narrow={"source": UsageReject.source_id},
    picks=(_BY_SOURCE,),
    search=lambda typed: (
        UsageReject.event_id.icontains(typed, autoescape=True) | UsageReject.message.icontains(typed, autoescape=True)
    ),
    search_label=marked("Event or whose it is"),
    empty=marked("Every event that was told could be counted."),
)


@admin.get("/rejected-usage")
@allow("staff")
def rejected_usage() -> ResponseReturnValue:
    kept: dict[str, Any] = {name: value for name, value in REJECTS.kept().items() if name != "q"}
    again = url_for("admin.retry_rejected_usage", **kept)
    return REJECTS.answer(acts=[(say("Try them again"), again, "usage.write")])


@admin.route("/rejected-usage/retry", methods=["GET", "POST"])
@allow("staff", permission="usage.write")
def retry_rejected_usage() -> ResponseReturnValue:
    """Of one reason or all, one source or all, as the address says."""
    reason, source_id = request.args.get("reason", ""), whole_number(request.args.get("source", ""))
    with reading() as session:
        source = found(session, UsageSource, source_id, "source").code if source_id is not None else ""

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            ask_retry(tx, reason=reason, source_id=source_id)
        return say("They are tried again as soon as a worker is free.")

    told = say("What can be counted now is counted; the rest stays here, with its reason.")
    if reason:
        told = say("Those of the reason “%(reason)s”.", reason=say_word(reason)) + " " + told
    if source:
        told = say("Those of the source %(source)s.", source=source) + " " + told
    narrowed: dict[str, Any] = dict(REJECTS.kept())
    back = url_for("admin.rejected_usage", **narrowed)
    question = Question(say("Try the rejected events again?"), told, say("Try them again"), back, danger=False)
    return asked(question, ReasonForm(), act)


@admin.get("/usage/told")
@allow("staff")
def usage_told() -> ResponseReturnValue:
    return TOLD.answer()


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
