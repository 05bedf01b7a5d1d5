"""Subscribers from a CSV file: sent, looked into, run dry, imported; rows that were refused are handed back."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import func, select
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from billhead.actions.importing._assortment import assortment_of
from billhead.actions.importing._look_into import Look, example_of, look_into, rows_to_mend
from billhead.actions.importing._sent_file import ENCODINGS, LARGEST, data_of
from billhead.actions.importing.cancel_import import cancel_import
from billhead.actions.importing.forget_import import forget_import
from billhead.actions.importing.name_columns import name_columns
from billhead.actions.importing.send_file import send_file
from billhead.actions.importing.start_import import start_import
from billhead.actions.importing.subscriber_rows import COLUMNS, LEFT_OUT
from billhead.actions.long_work import GOES_ON
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.imports import ImportRefusal, SubscriberImport
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.plugin_host import plugins
from billhead.web.admin.area import admin, found, own_seller_id, trail_of, who
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, instant, number, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.csv_export import csv_response
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say, speech

__all__ = ["IMPORTS"]

_NEEDS = "subscriptions.write"
_SHOWN = 100
_IN_WORDS = {
    "utf-8": later("UTF-8, as “CSV UTF-8” is saved"),
    "cp1252": later("Windows-1252, Excel in Western Europe"),
    "cp1250": later("Windows-1250, Excel in Central Europe"),
    "cp1251": later("Windows-1251, Cyrillic"),
    "cp1253": later("Windows-1253, Greek"),
    "cp1254": later("Windows-1254, Turkish"),
    "cp1256": later("Windows-1256, Arabic"),
}

IMPORTS = Listing(
    name="imports",
    title=marked("Imports"),
    lead=marked("Subscribers that you bring along, from a CSV file: one row is one customer with one subscription."),
    query=select(
        SubscriberImport.id,
        SubscriberImport.name,
        SubscriberImport.state,
        SubscriberImport.dry_run,
        SubscriberImport.added,
        SubscriberImport.known,
        SubscriberImport.refused,
        SubscriberImport.asked_by,
        SubscriberImport.created_at,
    ),
    key=SubscriberImport.id,
    columns=(
        text(marked("Import"), "id", to="one_import"),
        text(marked("File"), "name", css="clip"),
        state(marked("State"), "state"),
        Column(marked("Sort"), lambda row: "dry run" if row.dry_run else "import", lambda row: _sort(row)),
        number(marked("Added"), "added"),
        number(marked("Known already"), "known"),
        number(marked("Refused"), "refused"),
        Column(marked("Sent by"), lambda row: who(row.asked_by), lambda row: who(row.asked_by)),
        instant(marked("Sent"), "created_at"),
    ),
    choices=(
        Choice("state", marked("State"), SubscriberImport.state, ("sent", *GOES_ON, "done", "failed", "canceled")),
    ),
    empty=marked(
        "Send a CSV file of your subscribers: what would become of each row is shown before anything is written. "
        "Its columns are described in docs/import.md; the example file has them all."
    ),
)


def _sort(row: Any) -> str:
    if row.state == "sent":
        return "–"
    return say("dry run") if row.dry_run else say("import")


def _gateways() -> list[tuple[str, str]]:
    chargers = {
        one.code: say(one.label) for _, one in plugins().offers("payment_gateways") if one.capabilities().off_session
    }
    return [("", say("the only one that there is")), *sorted(chargers.items())]


class FileForm(Form):
    file = FileField(
        later("CSV file"),
        validators=[FileRequired(later("Choose a file."))],
        description=later("Up to %(size)s MB; separated by commas, semicolons or tabs.", size=LARGEST // 1024**2),
        render_kw={"accept": ".csv,.txt,text/csv"},
    )
    encoding = SelectField(
        later("Encoding"),
        choices=[SelectChoice(one, _IN_WORDS[one]) for one in ENCODINGS],
        description=later("UTF-8 and UTF-16 with a byte order mark are known by it, whatever is chosen here."),
    )
    cards = SelectField(
        later("Card tokens are those of"),
        choices=_gateways,
        description=later("For rows that are paid by a saved card."),
    )


@admin.get("/imports")
@allow("staff")
def imports() -> ResponseReturnValue:
    acts = [(say("Example file"), url_for("admin.example_import"), _NEEDS)]
    return IMPORTS.answer(
        add=url_for("admin.new_import"), add_label=say("Send a file"), add_needs=_NEEDS, downloads=acts
    )


@admin.get("/imports/example.csv")
@allow("staff", permission=_NEEDS)
def example_import() -> ResponseReturnValue:
    """Rows of what is sold here, so that it can be imported as it is."""
    with reading() as session:
        seller = found(session, Seller, own_seller_id(), "seller")
        rows = example_of(assortment_of(session, seller), seller)
    return csv_response("subscribers", COLUMNS, ([row.get(column, "") for column in COLUMNS] for row in rows))


@admin.route("/imports/new", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def new_import() -> ResponseReturnValue:
    form = FileForm()
    if form.validate_on_submit():
        with form.refusals():
            name, data = _sent()
            with writing(submit_ctx()) as tx:
                made = send_file(tx, own_seller_id(), name, data, encoding=form.encoding.data, cards=form.cards.data)
            return redirect(url_for("admin.one_import", key=made.subscriber_import_id), 303)
    return page("admin/new_import.html", form=form), 422 if form.is_submitted() else 200


def _sent() -> tuple[str, bytes]:
    sent = request.files["file"]
    return sent.filename or "", sent.read(LARGEST + 1)


@admin.get("/imports/<int:key>")
@allow("staff")
def one_import(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, SubscriberImport, key, "import")
        look = _look(session, row)
        refusals = session.scalars(
            select(ImportRefusal).where(ImportRefusal.import_id == key).order_by(ImportRefusal.line).limit(_SHOWN)
        ).all()
        reasons = session.execute(
            select(ImportRefusal.code, func.count(ImportRefusal.line.distinct()).label("rows"))
            .where(ImportRefusal.import_id == key)
            .group_by(ImportRefusal.code)
            .order_by(func.count(ImportRefusal.line.distinct()).desc(), ImportRefusal.code)
        ).all()
        trail = trail_of(session, f"subscriber_import:{key}")
    return page(
        "admin/import.html",
        row=row,
        look=look,
        ours=COLUMNS,
        refusals=refusals,
        reasons=reasons,
        trail=trail,
        goes_on=row.state in GOES_ON,
        encoding=_IN_WORDS.get(row.encoding, row.encoding),
    )


def _look(session: Any, row: SubscriberImport) -> Look | None:
    if row.sealed is None:
        return None
    return look_into(data_of(row), assortment_of(session, session.get_one(Seller, row.seller_id)), row.columns)


@admin.post("/imports/<int:key>/columns")
@allow("staff", permission=_NEEDS)
def name_import_columns(key: int) -> ResponseReturnValue:
    """Fields `column0`, `column1`, … in the order of the file: what each is here."""
    with reading() as session:
        row = found(session, SubscriberImport, key, "import")
        columns = look_into(data_of(row), assortment_of(session, session.get_one(Seller, row.seller_id)), {}).heading
    names = {
        column: request.form[f"column{place}"]
        for place, column in enumerate(columns.columns)
        if f"column{place}" in request.form
    }
    with writing(submit_ctx()) as tx:
        name_columns(tx, key, names)
    flash(say("The columns are named."), "good")
    return redirect(url_for("admin.one_import", key=key), 303)


@admin.post("/imports/<int:key>/dry-run")
@allow("staff", permission=_NEEDS)
def run_import_dry(key: int) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        start_import(tx, key, dry_run=True)
    return redirect(url_for("admin.one_import", key=key), 303)


@admin.route("/imports/<int:key>/start", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def run_one_import(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, SubscriberImport, key, "import")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            start_import(tx, key, dry_run=False)
        return say("Import %(key)s is queued.", key=key)

    text = say("Each good row becomes a customer with a login, a subscription and its lines. Rows that are in already "
               "are left as they are, and so are those that are refused. Nobody gets a welcome mail.")  # fmt: skip
    if row.dry_run and row.state == "done":
        text = say("The dry run has found %(added)s to add and %(refused)s to refuse.",
                   added=row.added, refused=row.refused) + " " + text  # fmt: skip
    back = url_for("admin.one_import", key=key)
    return asked(
        Question(say("Import %(name)s?", name=row.name), text, say("Import it"), back, danger=False), ReasonForm(), act
    )


@admin.route("/imports/<int:key>/cancel", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def cancel_one_import(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, SubscriberImport, key, "import")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            cancel_import(tx, key)
        return say("Import %(key)s is called off.", key=key)

    text = say("It stops after the batch at hand. Whom it has brought in by then stays.")
    back = url_for("admin.one_import", key=key)
    return asked(Question(say("Call import %(key)s off?", key=key), text, say("Call it off"), back), ReasonForm(), act)


@admin.route("/imports/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def forget_one_import(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, SubscriberImport, key, "import")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            forget_import(tx, key)
        return say("Import %(key)s is removed.", key=key)

    text = say("The file goes, and what was said about its rows. Whom it has brought in stays.")
    question = Question(say("Remove %(name)s?", name=row.name), text, say("Remove it"), url_for("admin.imports"))
    return asked(question, ReasonForm(), act)


@admin.get("/imports/<int:key>/refused.csv")
@allow("staff", permission=_NEEDS)
def refused_rows(key: int) -> ResponseReturnValue:
    """The rows of the file as they came, with what is wrong beside each: mended, they are sent as a file again."""
    with reading() as session:
        row = found(session, SubscriberImport, key, "import")
        data = data_of(row)
        refusals = session.scalars(
            select(ImportRefusal).where(ImportRefusal.import_id == key).order_by(ImportRefusal.line, ImportRefusal.id)
        )
        reasons: dict[int, str] = {}
        for one in refusals:
            told = f"{one.column}: {_why(one)}" if one.column else _why(one)
            reasons[one.line] = f"{reasons[one.line]} {told}" if one.line in reasons else told
    heading, rows = rows_to_mend(data, reasons)
    kept = [column for column in heading.columns if column != LEFT_OUT]
    return csv_response(f"refused-{key}", [*kept, LEFT_OUT], rows, heading.delimiter)


def _why(refusal: ImportRefusal) -> str:
    why, hint = speech().refusal(refusal.reason), speech().refusal(refusal.hint)
    return f"{why.rstrip('.')}. {hint}".strip()
