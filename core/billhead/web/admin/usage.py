"""Metered use for staff: what was told and what of it rejected, a subscription's events as a file, and events that are
called off."""

from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import case, func, select
from wtforms import HiddenField
from wtforms.validators import DataRequired

from billhead.actions.entitlements.call_off import call_off
from billhead.actions.entitlements.refund_one import refund_one
from billhead.actions.usage._rejects import ChosenRejects, reject_figures
from billhead.actions.usage.ask_retry import ask_retry
from billhead.actions.usage.drop_every_reject import drop_every_reject
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.periods import local_date
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.entitlements import Entitlement
from billhead.models.subscriptions import Subscription
from billhead.models.usage import UsageBatch, UsageReject, UsageSource
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, staff_zone, who
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, code, instant, number, text, word
from billhead.web.admin.listing import Choice, Listing, Pick
from billhead.web.csv_export import csv_response
from billhead.web.formatting import day_in_words
from billhead.web.speaking import marked, say, say_count, say_word, speech
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
        Column(marked("Refused"), lambda row: row.rejected, lambda row: _refused(row), "num"),
        instant(marked("Told"), "recorded_at"),
    ),
    choices=(Choice("refused", marked("Refused"), case((UsageBatch.rejected > 0, "yes"), else_="no"), ("yes", "no")),),
    narrow={"source": UsageBatch.source_id},
    picks=(_BY_SOURCE,),
    empty=marked("No event was told yet: send a file, or let a program post to /api/staff/v1/usage."),
)


def _refused(row: Any) -> Any:
    """What of it is still kept can be tried again, or dropped."""
    if not row.rejected:
        return 0
    return Markup('<a href="{}">{}</a>').format(url_for("admin.rejected_usage", delivery=row.id), row.rejected)


REJECTS = Listing(
    name="rejected-usage",
    title=marked("Rejected usage"),
    lead=marked("Events that could not be counted, with the reason. Mend it, then try them again; or drop them."),
    query=select(
        UsageReject.id,
        UsageReject.event_id,
        UsageSource.code.label("source"),
        UsageReject.batch_id,
        UsageReject.reason,
        UsageReject.message,
        UsageReject.rejected_at,
    ).join(UsageSource, UsageSource.id == UsageReject.source_id),
    key=UsageReject.id,
    columns=(
        code(marked("Event"), "event_id"),
        text(marked("Source"), "source"),
        text(marked("Delivery"), "batch_id"),
        word(marked("Reason"), "reason"),
        Column(marked("Why"), lambda row: row.message, lambda row: speech().refusal(row.message), "why"),
        instant(marked("Told"), "rejected_at"),
    ),
    choices=(Choice("reason", marked("Reason"), UsageReject.reason, _REASONS),),
    narrow={"source": UsageReject.source_id, "delivery": UsageReject.batch_id},
    picks=(_BY_SOURCE,),
    search=lambda typed: (
        UsageReject.event_id.icontains(typed, autoescape=True) | UsageReject.message.icontains(typed, autoescape=True)
    ),
    search_label=marked("Event or whose it is"),
    empty=marked("Every event that was told could be counted."),
)


class DropForm(ReasonForm):
    upto = HiddenField(validators=[DataRequired()])


@admin.get("/rejected-usage")
@allow("staff")
def rejected_usage() -> ResponseReturnValue:
    kept: dict[str, Any] = {name: value for name, value in REJECTS.kept().items() if name != "q"}
    again, drop = (url_for(f"admin.{name}_rejected_usage", **kept) for name in ("retry", "drop"))
    return REJECTS.answer(acts=[(say("Try them again"), again, "usage.write"), (say("Drop them"), drop, "usage.write")])


@admin.route("/rejected-usage/retry", methods=["GET", "POST"])
@allow("staff", permission="usage.write")
def retry_rejected_usage() -> ResponseReturnValue:
    """Of one reason, source and delivery or all, as the address says."""
    chosen, which = _chosen()

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            ask_retry(tx, chosen)
        return say("They are tried again as soon as a worker is free.")

    told = " ".join([*which, say("What can be counted now is counted; the rest stays here, with its reason.")])
    title = say("Try the rejected events again?")
    return asked(Question(title, told, say("Try them again"), _back(), danger=False), ReasonForm(), act)


@admin.route("/rejected-usage/drop", methods=["GET", "POST"])
@allow("staff", permission="usage.write")
def drop_rejected_usage() -> ResponseReturnValue:
    """The same. Dropped is what was shown, and nothing that was rejected since."""
    chosen, which = _chosen()
    with reading() as session:
        figures = reject_figures(session, chosen)
    form = DropForm()
    if request.method == "GET":
        form.upto.data = str(figures.upto)

    def act(ctx: Context, form: DropForm) -> str:
        events = drop_every_reject(ctx, chosen, whole_number(form.upto.data or "") or 0)
        return say_count("%(count)d rejected event is dropped.", "%(count)d rejected events are dropped.", events)

    if figures.first_told is None or figures.last_told is None:
        told = [*which, say("There are none.")]
    else:
        ends = figures.first_told, figures.last_told
        first, last = (day_in_words(local_date(one, staff_zone())) for one in ends)
        reasons = ", ".join(f"{count} × {say_word(reason)}" for reason, count in figures.reasons.items())
        told = [
            *which,
            say("Told from %(first)s to %(last)s: %(reasons)s.", first=first, last=last, reasons=reasons),
            say("They are never counted, unless they are told again: then each is looked at as if it were new."),
        ]
    title = say_count("Drop %(count)d rejected event?", "Drop %(count)d rejected events?", figures.events)
    return asked(Question(title, " ".join(told), say("Drop them"), _back()), form, act)


def _chosen() -> tuple[ChosenRejects, list[str]]:
    """As the address says, and in words. Raises NotFound for a source or delivery that is none."""
    reason, which = request.args.get("reason", ""), []
    source_id = batch_id = None
    if reason:
        which.append(say("Those of the reason “%(reason)s”.", reason=say_word(reason)))
    with reading() as session:
        if typed := request.args.get("source"):
            source = found(session, UsageSource, whole_number(typed) or 0, "source")
            source_id = source.id
            which.append(say("Those of the source %(source)s.", source=source.code))
        if typed := request.args.get("delivery"):
            batch_id = found(session, UsageBatch, whole_number(typed) or 0, "delivery").id
            which.append(say("Those of delivery %(number)s.", number=batch_id))
    return ChosenRejects(reason, source_id, batch_id), which


def _back() -> str:
    narrowed: dict[str, Any] = dict(REJECTS.kept())
    return url_for("admin.rejected_usage", **narrowed)


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
        buyers = session.scalars(
            select(func.count())
            .select_from(Entitlement)
            .where(Entitlement.plan_id == key, Entitlement.state.in_(["offered", "active"]))
        ).one()

    def act(ctx: Context, form: ReasonForm) -> str:
        with writing(ctx) as tx:
            call_off(tx, key, reason=form.reason.data or "")
        return say("%(name)s is called off. Its buyers get their money back as credit.", name=row.name)

    told = say_count(
        "Nobody can buy it any more. %(count)s has bought it: what was paid becomes credit, by a credit note with the "
        "reason you write here, and what is not paid is dropped.",
        "Nobody can buy it any more. %(count)s have bought it: what they paid becomes their credit, by a credit note "
        "each with the reason you write here, and what they have not paid is dropped.",
        buyers,
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
