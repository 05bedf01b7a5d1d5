"""Jobs and event deliveries: what waits, what was parked for a person, and trying it again."""

from datetime import timedelta
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select

from billhead import clock
from billhead.actions.jobs._chosen import NEEDS_A_PERSON, STATES
from billhead.actions.jobs._queue_state import queue_state
from billhead.actions.jobs.cancel_job import cancel_job
from billhead.actions.jobs.retry_delivery import retry_delivery
from billhead.actions.jobs.retry_job import retry_job
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.jobs.kinds import KINDS
from billhead.models.operations import Event, EventDelivery, Job, JobTry
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, code, instant, number, state, text
from billhead.web.admin.jobs_many import acts_of, minutes_of
from billhead.web.admin.listing import Choice, Listing, Typed
from billhead.web.pages import page
from billhead.web.speaking import marked, say, say_count

__all__ = ["deliveries", "jobs"]

_TRIES = 50


def _matching(typed: str) -> ColumnElement[bool]:
    return or_(Job.key == typed, Job.error.icontains(typed, autoescape=True))


def _older(typed: str) -> ColumnElement[bool] | None:
    minutes = minutes_of(typed)
    return None if minutes is None else Job.created_at < clock.now() - timedelta(minutes=minutes)


def _progress(row: Any) -> str:
    """How far long work is: "12 of 40", or what it says."""
    told = row.progress or {}
    if "of" in told:
        return f"{told.get('done', 0)} of {told['of']}"
    return str(next(iter(told.values()), ""))


def _how_far(row: Any) -> str:
    told = row.progress or {}
    if "of" in told:
        return say("%(count)s of %(all)s", count=told.get("done", 0), all=told["of"])
    return _progress(row) or "–"


def _jobs() -> Listing:
    """Made for each request: the kinds of job are known once the application is put together."""
    return Listing(
        name="jobs",
        title=marked("Jobs"),
        query=select(
            Job.id, Job.kind, Job.key, Job.lane, Job.state, Job.tries, Job.due_at, Job.error, Job.created_at
        ).add_columns(Job.progress),
        key=Job.id,
        columns=(
            text(marked("Job"), "id", to="job"),
            text(marked("Kind"), "kind"),
            code(marked("Key"), "key"),
            state(marked("State"), "state"),
            number(marked("Tries"), "tries"),
            Column(marked("How far"), _progress, _how_far),
            instant(marked("Due"), "due_at"),
            text(marked("Error"), "error", css="clip"),
            instant(marked("Queued"), "created_at"),
        ),
        choices=(
            Choice("state", marked("State"), Job.state, (("needs a person", NEEDS_A_PERSON), *STATES)),
            Choice("kind", marked("Kind"), Job.kind, sorted(KINDS), str),
        ),
        typed=(Typed("older", marked("Older than, in minutes"), _older, kind="number"),),
        search=_matching,
        search_label=marked("Key, or words of the error"),
        empty=marked("Nothing is queued, and nothing was done in the last two weeks."),
    )


DELIVERIES = Listing(
    name="event-deliveries",
    title=marked("Event deliveries"),
    query=select(
        EventDelivery.id,
        EventDelivery.plugin,
        EventDelivery.state,
        EventDelivery.tries,
        EventDelivery.due_at,
        EventDelivery.error,
        Event.type,
        Event.aggregate,
    ).join(Event, Event.id == EventDelivery.event_id),
    key=EventDelivery.id,
    columns=(
        text(marked("Delivery"), "id", to="retry_event_delivery"),
        text(marked("Plugin"), "plugin"),
        text(marked("Event"), "type"),
        code(marked("About"), "aggregate"),
        state(marked("State"), "state"),
        number(marked("Tries"), "tries"),
        instant(marked("Due"), "due_at"),
        text(marked("Error"), "error", css="clip"),
    ),
    choices=(Choice("state", marked("State"), EventDelivery.state, ("pending", "done", "parked")),),
    search=lambda typed: or_(EventDelivery.plugin == typed, Event.type == typed, Event.aggregate == typed),
    search_label=marked("Plugin, event, or what it is about (service:7)"),
    empty=marked("No plugin that observes events is installed, or nothing has happened yet."),
)


@admin.get("/jobs")
@allow("staff")
def jobs() -> ResponseReturnValue:
    with reading() as session:
        queue = queue_state(session)
    tabs = [(say(state), queue.counts.get(state, 0), url_for("admin.jobs", state=state)) for state in STATES]
    note = say("Nothing waits.")
    if queue.oldest_id is not None:
        minutes = int(queue.oldest_waits.total_seconds()) // 60
        waits = say_count("%(count)s minute", "%(count)s minutes", minutes) if minutes else say("less than a minute")
        note = say_count(
            "%(count)s is due. Job %(number)s, %(kind)s, has waited for longest: %(waits)s.",
            "%(count)s are due. Job %(number)s, %(kind)s, has waited for longest: %(waits)s.",
            queue.waiting,
            number=queue.oldest_id,
            kind=queue.oldest_kind,
            waits=waits,
        )
    return _jobs().answer(tabs=tabs, note=note, acts=acts_of())


@admin.get("/jobs/<int:key>")
@allow("staff")
def job(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Job, key, "job")
        trail = trail_of(session, f"job:{key}")
        tried = select(JobTry).where(JobTry.job_id == key).order_by(JobTry.id.desc()).limit(_TRIES)
        tries = session.scalars(tried).all()
    kind = KINDS.get(row.kind)
    about = _about(row)
    return page("admin/job.html", job=row, kind=kind, about=about, trail=trail, tries=tries)


def _about(row: Job) -> list[tuple[str, str]]:
    """(label, address) of what the job's arguments name."""
    pages = {
        "service_id": ("service", marked("Service %(number)s")),
        "panel_id": ("panel", marked("Panel %(number)s")),
        "document_id": ("document", marked("Document %(number)s")),
        "callback_id": ("callback", marked("Callback %(number)s")),
        "bulk_id": ("bulk", marked("Bulk action %(number)s")),
        "simulation_id": ("simulation", marked("Simulation %(number)s")),
    }
    if row.kind != "subscriptions.bulk":  # resellers have bulks of their own
        pages.pop("bulk_id")
    named = [(pages[name], value) for name, value in row.args.items() if name in pages]
    return [(say(label, number=value), url_for(f"admin.{endpoint}", key=value)) for (endpoint, label), value in named]


@admin.route("/jobs/<int:key>/retry", methods=["GET", "POST"])
@allow("staff", permission="jobs.write")
def retry_one_job(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Job, key, "job")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            retry_job(tx, key)
        return say("Job %(key)s is queued again.", key=key)

    text = say("%(kind)s starts again, with all its tries. It does nothing twice that was done already.", kind=row.kind)
    back = url_for("admin.job", key=key)
    return asked(
        Question(say("Try job %(key)s again?", key=key), text, say("Try again"), back, danger=False), ReasonForm(), act
    )


@admin.route("/jobs/<int:key>/cancel", methods=["GET", "POST"])
@allow("staff", permission="jobs.write")
def cancel_one_job(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Job, key, "job")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            cancel_job(tx, key)
        return say("Job %(key)s is called off.", key=key)

    text = say(
        "%(kind)s is not run any more. What it should have done stays undone until something queues it again.",
        kind=row.kind,
    )
    question = Question(say("Call job %(key)s off?", key=key), text, say("Call it off"), url_for("admin.job", key=key))
    return asked(question, ReasonForm(), act)


@admin.get("/deliveries")
@allow("staff")
def deliveries() -> ResponseReturnValue:
    return DELIVERIES.answer()


@admin.route("/deliveries/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="jobs.write")
def retry_event_delivery(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, EventDelivery, key, "delivery")
        event = session.get_one(Event, row.event_id)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            retry_delivery(tx, key)
        return say("%(type)s is on its way to %(plugin)s again.", type=event.type, plugin=row.plugin)

    text = say_count(
        "%(type)s of %(what)s, %(state)s after %(count)s try. %(error)s",
        "%(type)s of %(what)s, %(state)s after %(count)s tries. %(error)s",
        row.tries,
        type=event.type,
        what=event.aggregate,
        state=say(row.state),
        error=row.error,
    ).strip()
    back = url_for("admin.deliveries")
    question = Question(
        say("Deliver it to %(plugin)s again?", plugin=row.plugin), text, say("Deliver again"), back, danger=False
    )
    return asked(question, ReasonForm(), act)
