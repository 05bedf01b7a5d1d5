"""Billing runs: what each has done, one that asks or goes on too long, and what could not be billed tried again."""

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.actions.billing.ask_run import ask_run
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
from billhead.web.formatting import money
from billhead.web.pages import page

__all__ = ["RUNS"]

_STATES = ("running", "done", "needs_confirmation", "canceled", "aborted")


def _totals(row: BillingRun) -> str:
    return ", ".join(money(int(minor), currency) for currency, minor in sorted(row.totals.items())) or "–"


RUNS = Listing(
    name="billing-runs",
    title="Billing runs",
    lead="One runs every hour: midnight comes at another hour in each zone. Here are those that found something.",
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
        text("Run", "id", to="run"),
        on("As of", "as_of"),
        state("State", "state"),
        number("Looked at", "considered"),
        number("Documents", "documents"),
        number("Failed", "failed"),
        Column("Invoiced", _totals, _totals, "num"),
        instant("Began", "started_at"),
        instant("Ended", "finished_at"),
    ),
    choices=(Choice("state", "State", BillingRun.state, _STATES),),
    empty="The first run that finds something due is listed here.",
)


@admin.get("/runs")
@allow("staff")
def runs() -> ResponseReturnValue:
    return RUNS.answer(add=url_for("admin.start_run"), add_label="Run now", add_needs="billing.run")


@admin.get("/runs/<int:key>")
@allow("staff")
def run(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, BillingRun, key, "run")
        failed = session.scalars(select(FailedItem).where(FailedItem.run_id == key).limit(100)).all()
        waiting = session.scalars(
            select(Job).where(Job.kind == "billing.run", Job.state.in_(("queued", "running"))).order_by(Job.due_at)
        ).first()
    return page("admin/run.html", run=row, failed=failed, totals=_totals(row), waiting=waiting)


def _asked(
    title: str, text: str, button: str, back: str, *, confirmed: bool, only: tuple[int, ...] = ()
) -> ResponseReturnValue:
    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            ask_run(tx, confirmed=confirmed, only=only)
        return "A worker does it next. Look again in a moment."

    return asked(Question(title, text, button, back, danger=False), ReasonForm(), act)


@admin.route("/runs/start", methods=["GET", "POST"])
@allow("staff", permission="billing.run")
def start_run() -> ResponseReturnValue:
    text = "Everything that is due by now is billed; what was billed already is not billed again."
    return _asked("Bill what is due now?", text, "Run now", url_for("admin.runs"), confirmed=False)


@admin.route("/runs/<int:key>/confirm", methods=["GET", "POST"])
@allow("staff", permission="billing.run")
def confirm_run(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, BillingRun, key, "run")
    text = (
        f"The run as of {row.as_of} stopped at {_totals(row)} in {row.documents} documents, because that is more than "
        "three times the usual. What it has written stands. If the figures are right, it goes on from there."
    )
    return _asked("Go on with this run?", text, "They are right, go on", url_for("admin.run", key=key), confirmed=True)


@admin.route("/runs/<int:key>/stop", methods=["GET", "POST"])
@allow("staff", permission="billing.run")
def cancel_run(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, BillingRun, key, "run")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            stop_run(tx, key)
        return "It stops after the batch that it is writing."

    text = "What it has written stands. The next run goes on with what is left."
    question = Question("Stop this run?", text, "Stop it", url_for("admin.run", key=key))
    return asked(question, ReasonForm(), act)


@admin.route("/not-billed/<int:key>/again", methods=["GET", "POST"])
@allow("staff", permission="billing.run")
def bill_again(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, FailedItem, key, "failed item of subscription")
    text = f"Last time: {row.error}"
    back = url_for("admin.unbilled")
    return _asked(f"Bill subscription {key} again?", text, "Try again", back, confirmed=False, only=(key,))
