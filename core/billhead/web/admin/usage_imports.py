"""Files of events from staff: sent, looked into, run dry, counted; lines that were refused are handed back."""

from itertools import islice
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import func, select
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.importing._sent_file import LARGEST
from billhead.actions.long_work import GOES_ON
from billhead.actions.usage._files import COLUMNS, ENDINGS, MENDED, Read, to_mend
from billhead.actions.usage._sent_file import events_of, file_of
from billhead.actions.usage.cancel_usage_import import cancel_usage_import
from billhead.actions.usage.forget_usage_import import forget_usage_import
from billhead.actions.usage.send_events_file import send_events_file
from billhead.actions.usage.start_usage_import import start_usage_import
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.models.usage import UsageImport, UsageImportRefusal
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of, who
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, instant, number, state, text
from billhead.web.admin.listing import Choice, Listing, Typed
from billhead.web.csv_export import csv_response
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["USAGE_IMPORTS"]

_NEEDS = "usage.write"
_FIRST, _SHOWN = 20, 100
_EXAMPLE = """\
id,login,metric,quantity,at,item
7f3a-0001,anna1,catchup,1.5,2026-11-28T18:30:00Z,film:812"""

USAGE_IMPORTS = Listing(
    name="usage-imports",
    title=marked("Usage"),
    lead=marked("Events of metered use from files. Programs tell theirs over the API, plugins by themselves."),
    query=select(
        UsageImport.id,
        UsageImport.name,
        UsageImport.source,
        UsageImport.state,
        UsageImport.dry_run,
        UsageImport.accepted,
        UsageImport.duplicates,
        UsageImport.refused,
        UsageImport.asked_by,
        UsageImport.created_at,
    ),
    key=UsageImport.id,
    columns=(
        text(marked("Import"), "id", to="usage_import"),
        text(marked("File"), "name", css="clip"),
        text(marked("Source"), "source"),
        state(marked("State"), "state"),
        Column(marked("Sort"), lambda row: "dry run" if row.dry_run else "import", lambda row: _sort(row)),
        number(marked("Counted"), "accepted"),
        number(marked("Known already"), "duplicates"),
        number(marked("Refused"), "refused"),
        Column(marked("Sent by"), lambda row: who(row.asked_by), lambda row: who(row.asked_by)),
        instant(marked("Sent"), "created_at"),
    ),
    choices=(Choice("state", marked("State"), UsageImport.state, ("sent", *GOES_ON, "done", "failed", "canceled")),),
    typed=(Typed("source", marked("Source"), lambda typed: UsageImport.source == typed),),
    empty=marked("Send a CSV or NDJSON file of events: what is wrong with its lines is shown before any is counted."),
)


def _sort(row: Any) -> str:
    if row.state == "sent":
        return "–"
    return say("dry run") if row.dry_run else say("import")


class EventsForm(Form):
    file = FileField(
        later("File of events"),
        validators=[FileRequired(later("Choose a file."))],
        description=later(
            "Up to %(size)s MB, UTF-8: CSV with a header, or one JSON object a line (.ndjson).", size=LARGEST // 1024**2
        ),
        render_kw={"accept": ",".join((*ENDINGS, "text/csv"))},
    )
    source = StringField(
        later("Source"),
        filters=[stripped],
        validators=[DataRequired(later("A source is needed.")), Length(max=40)],
        description=later("Who tells it, like panel-log. An event’s id is counted once for each source."),
    )


@admin.get("/usage")
@allow("staff")
def usage_imports() -> ResponseReturnValue:
    ways = [
        (say("All that was told"), url_for("admin.usage_told")),
        (say("Rejected usage"), url_for("admin.rejected_usage")),
    ]
    return USAGE_IMPORTS.answer(
        add=url_for("admin.new_usage_import"), add_label=say("Send a file"), add_needs=_NEEDS, ways=ways
    )


@admin.route("/usage/new", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def new_usage_import() -> ResponseReturnValue:
    form = EventsForm()
    if form.validate_on_submit():
        with form.refusals():
            sent = request.files["file"]
            data = sent.read(LARGEST + 1)
            with writing(submit_ctx()) as tx:
                made = send_events_file(tx, form.source.data or "", sent.filename or "", data)
            return redirect(url_for("admin.usage_import", key=made.usage_import_id), 303)
    return page("admin/new_usage_import.html", form=form, example=_EXAMPLE), 422 if form.is_submitted() else 200


@admin.get("/usage/<int:key>")
@allow("staff")
def usage_import(key: int) -> ResponseReturnValue:
    refusal = UsageImportRefusal
    with reading() as session:
        row = found(session, UsageImport, key, "import")
        goes_on = row.state in GOES_ON
        first = [] if goes_on else _first(row)
        refusals = session.scalars(
            select(refusal).where(refusal.import_id == key).order_by(refusal.line, refusal.id).limit(_SHOWN)
        ).all()
        reasons = session.execute(
            select(refusal.reason, func.count().label("lines"))
            .where(refusal.import_id == key)
            .group_by(refusal.reason)
            .order_by(func.count().desc(), refusal.reason)
        ).all()
        trail = trail_of(session, f"usage_import:{key}")
    return page(
        "admin/usage_import.html", row=row, first=first, refusals=refusals, reasons=reasons, trail=trail,
        goes_on=goes_on, shown=_SHOWN,
    )  # fmt: skip


def _first(row: UsageImport) -> list[Read]:
    """The first lines of a file that is kept still, as they are read: nothing is asked of the database. One at which
    the file can't be read any further is the last, with why."""
    if row.sealed is None:
        return []
    found: list[Read] = []
    try:
        for read in islice(events_of(row.name, file_of(row)), _FIRST):
            found.append(read)
    except InvalidInput as wrong:
        found.append((found[-1][0] + 1 if found else 1, wrong.message))
    return found


@admin.post("/usage/<int:key>/dry-run")
@allow("staff", permission=_NEEDS)
def run_usage_dry(key: int) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        start_usage_import(tx, key, dry_run=True)
    return redirect(url_for("admin.usage_import", key=key), 303)


@admin.route("/usage/<int:key>/start", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def count_usage_file(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, UsageImport, key, "import")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            start_usage_import(tx, key, dry_run=False)
        return say("Import %(key)s is queued.", key=key)

    told = say("Each event is counted once, and billed with the next invoice of its period. Those that are known "
               "already change nothing; those that are refused are kept under rejected usage.")  # fmt: skip
    if row.dry_run and row.state == "done":
        told = say("The dry run has found %(added)s to count and %(refused)s to refuse.",
                   added=row.accepted, refused=row.refused) + " " + told  # fmt: skip
    back = url_for("admin.usage_import", key=key)
    question = Question(
        say("Count the events of %(name)s?", name=row.name), told, say("Count them"), back, danger=False
    )
    return asked(question, ReasonForm(), act)


@admin.route("/usage/<int:key>/cancel", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def cancel_usage_file(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, UsageImport, key, "import")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            cancel_usage_import(tx, key)
        return say("Import %(key)s is called off.", key=key)

    told = say("It stops after the batch at hand. What it has counted by then stays counted.")
    back = url_for("admin.usage_import", key=key)
    return asked(Question(say("Call import %(key)s off?", key=key), told, say("Call it off"), back), ReasonForm(), act)


@admin.route("/usage/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def forget_usage_file(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, UsageImport, key, "import")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            forget_usage_import(tx, key)
        return say("Import %(key)s is removed.", key=key)

    told = say("The file goes, and what was said about its lines. What was counted of it stays counted.")
    question = Question(say("Remove %(name)s?", name=row.name), told, say("Remove it"), url_for("admin.usage_imports"))
    return asked(question, ReasonForm(), act)


@admin.get("/usage/<int:key>/refused.csv")
@allow("staff", permission=_NEEDS)
def refused_usage(key: int) -> ResponseReturnValue:
    """The events that were refused, with why beside each: mended, they are sent as a file again."""
    with reading() as session:
        found(session, UsageImport, key, "import")
        refusal = UsageImportRefusal
        query = select(refusal.line, refusal.raw, refusal.message).where(refusal.import_id == key)
        rows = [to_mend(*row) for row in session.execute(query.order_by(refusal.line, refusal.id))]
    return csv_response(f"refused-usage-{key}", [*COLUMNS, MENDED], rows)
