"""Billing runs: what each has done, one that asks or goes on too long, and what could not be billed tried again."""

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.actions.billing._band import Unusual
from billhead.actions.billing.ask_run import WouldBill, ask_run, preview_ask_run
from billhead.actions.billing.stop_run import stop_run
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.documents import BillingRun, FailedItem
from billhead.models.operations import Job
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, instant, number, on, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.previewing import Figures, PreviewForm, asked_with
from billhead.web.formatting import money
from billhead.web.pages import page
from billhead.web.speaking import marked, say, say_count

__all__ = ["RUNS"]

_STATES = ("running", "done", "needs_confirmation", "canceled", "aborted")


def _totals(row: BillingRun) -> str:
    return ", ".join(money(int(minor), currency) for currency, minor in sorted(row.totals.items())) or "–"


RUNS = Listing(
    name="billing-runs",
    title=marked("Billing runs"),
    lead=marked(
        "One runs every hour: midnight comes at another hour in each zone. Here are those that found something."
    ),
    query=select(
        BillingRun.id,
        BillingRun.as_of,
        BillingRun.state,
        BillingRun.considered,
        BillingRun.documents,
        BillingRun.failed,
        BillingRun.totals,
        BillingRun.started_at,
        BillingRun.finished_at,
    ),
    key=BillingRun.id,
    columns=(
        text(marked("Run"), "id", to="run"),
        on(marked("As of"), "as_of"),
        state(marked("State"), "state"),
        number(marked("Looked at"), "considered"),
        number(marked("Documents"), "documents"),
        number(marked("Failed"), "failed"),
        Column(marked("Invoiced"), _totals, _totals, "num"),
        instant(marked("Began"), "started_at"),
        instant(marked("Ended"), "finished_at"),
    ),
    choices=(Choice("state", marked("State"), BillingRun.state, _STATES),),
    empty=marked("The first run that finds something due is listed here."),
)


@admin.get("/runs")
@allow("staff")
def runs() -> ResponseReturnValue:
    return RUNS.answer(add=url_for("admin.start_run"), add_label=say("Run now"), add_needs="billing.run")


@admin.get("/runs/<int:key>")
@allow("staff")
def run(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, BillingRun, key, "run")
        failed = session.scalars(select(FailedItem).where(FailedItem.run_id == key).limit(100)).all()
        waiting = session.scalars(
            select(Job).where(Job.kind == "billing.run", Job.state.in_(("queued", "running"))).order_by(Job.due_at)
        ).first()
    return page("admin/run.html", run=row, failed=failed, totals=_totals(row), why=_why(row), waiting=waiting)


def _why(row: BillingRun) -> str:
    """Of a run that asks: what it is that is far from the usual."""
    if not row.unusual:
        return ""
    found = Unusual(**row.unusual)
    minor, usual = money(found.minor, found.currency), money(found.usual_minor, found.currency)
    if not found.invoices:
        return say("It would bill %(total)s in all; up to %(usual)s is usual.", total=minor, usual=usual)
    if found.too_much:
        return say_count(
            "It would bill %(each)s on %(count)s invoice; up to %(usual)s is usual.",
            "It would bill %(each)s on each of %(count)s invoices; up to %(usual)s is usual.",
            found.invoices,
            each=minor,
            usual=usual,
        )
    return say_count(
        "It would bill %(each)s on %(count)s invoice; %(usual)s or more is usual.",
        "It would bill %(each)s on each of %(count)s invoices; %(usual)s or more is usual.",
        found.invoices,
        each=minor,
        usual=usual,
    )


def _would_bill(found: WouldBill) -> Figures:
    report = found.report
    considered = str(report.considered)
    rows = [
        (say("Due"), considered if found.all_of_it else say("%(count)s, and more", count=considered)),
        (say("Invoices"), str(report.invoices)),
        (say("Proformas"), str(report.proformas)),
        (say("Failed"), str(report.failed)),
    ]
    for currency, sums in sorted(report.sums.items()):
        rows.append((say("Invoiced"), money(sums.total, currency)))
        rows.append((say("Of it tax"), money(sums.tax, currency)))
        rows.append((say("Left to collect"), money(sums.owed, currency)))
    if report.unusual:
        rows.append((say("Far from the usual"), say("the run stops and asks")))
    return rows


def _asked(
    title: str, text: str, button: str, back: str, *, confirmed: bool, only: tuple[int, ...] = ()
) -> ResponseReturnValue:
    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            ask_run(tx, confirmed=confirmed, only=only)
        return say("A worker does it next. Look again in a moment.")

    return asked(Question(title, text, button, back, danger=False), ReasonForm(), act)


@admin.route("/runs/start", methods=["GET", "POST"])
@allow("staff", permission="billing.run")
def start_run() -> ResponseReturnValue:
    text = say("Everything that is due by now is billed; what was billed already is not billed again.")
    question = Question(say("Bill what is due now?"), text, say("Run now"), url_for("admin.runs"), danger=False)

    def do(ctx: Context) -> tuple[str, str]:
        with writing(ctx) as tx:
            ask_run(tx)
        return say("A worker does it next. Look again in a moment."), ""

    return asked_with(question, PreviewForm(), lambda _: _would_bill(preview_ask_run()), do)


@admin.route("/runs/<int:key>/confirm", methods=["GET", "POST"])
@allow("staff", permission="billing.run")
def confirm_run(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, BillingRun, key, "run")
    text = say_count(
        "The run as of %(as_of)s stopped at %(totals)s in %(count)s document, because what comes next is far from "
        "the usual. %(why)s What it has written stands. If the figures are right, it goes on from there.",
        "The run as of %(as_of)s stopped at %(totals)s in %(count)s documents, because what comes next is far from "
        "the usual. %(why)s What it has written stands. If the figures are right, it goes on from there.",
        row.documents,
        why=_why(row),
        as_of=row.as_of,
        totals=_totals(row),
    )
    return _asked(
        say("Go on with this run?"), text, say("They are right, go on"), url_for("admin.run", key=key), confirmed=True
    )


@admin.route("/runs/<int:key>/stop", methods=["GET", "POST"])
@allow("staff", permission="billing.run")
def cancel_run(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, BillingRun, key, "run")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            stop_run(tx, key)
        return say("It stops after the batch that it is writing.")

    text = say("What it has written stands. The next run goes on with what is left.")
    question = Question(say("Stop this run?"), text, say("Stop it"), url_for("admin.run", key=key))
    return asked(question, ReasonForm(), act)


@admin.route("/not-billed/<int:key>/again", methods=["GET", "POST"])
@allow("staff", permission="billing.run")
def bill_again(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, FailedItem, key, "failed item of subscription")
    text = say("Last time: %(error)s", error=row.error)
    back = url_for("admin.unbilled")
    return _asked(
        say("Bill subscription %(key)s again?", key=key), text, say("Try again"), back, confirmed=False, only=(key,)
    )
