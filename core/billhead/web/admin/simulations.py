"""Simulations: months of billing over a copy, asked for here, watched while they are lived, and shown with charts."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import DateField, IntegerField, RadioField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from billhead import clock
from billhead.actions.simulations.ask_simulation import ask_simulation
from billhead.actions.simulations.cancel_simulation import cancel_simulation
from billhead.actions.simulations.forget_simulation import forget_simulation
from billhead.charts import Chart, Series
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, InvalidInput
from billhead.domain.money import exponent
from billhead.domain.simulation import Order, Payments, parse_payments
from billhead.models.simulations import Simulation
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of, who
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import Column, instant, on, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.speaking import later, marked, say, say_word

__all__ = ["SIMULATIONS"]

_A_YEAR = timedelta(days=364)
_STATES = ("queued", "running", "done", "failed", "canceled")
_FIELDS = {"from": "first", "to": "last"}  # as those who refuse them call them
_MOST_DAYS = 200  # of a chart: two years are drawn by every fourth day
_PAID = {
    "history": marked("As in your own records"),
    "all": marked("All of the documents"),
    "none": marked("None of the documents"),
    "rate": marked("A share of the documents"),
}
_SHOWN = ("active", "trial", "past_due", "suspended", "expired", "canceled")

SIMULATIONS = Listing(
    name="simulations",
    title=marked("Simulations"),
    lead=marked(
        "Months of billing in minutes, over a copy of your data: nothing is charged, sent or written to a panel."
    ),
    query=select(
        Simulation.id,
        Simulation.first_day,
        Simulation.last_day,
        Simulation.payments,
        Simulation.state,
        Simulation.asked_by,
        Simulation.created_at,
        Simulation.finished_at,
    ),
    key=Simulation.id,
    columns=(
        text(marked("Simulation"), "id", to="simulation"),
        state(marked("State"), "state"),
        on(marked("From"), "first_day"),
        on(marked("To"), "last_day"),
        Column(marked("What is paid"), lambda row: row.payments, lambda row: _told(row.payments)),
        Column(marked("Asked by"), lambda row: who(row.asked_by), lambda row: who(row.asked_by)),
        instant(marked("Asked"), "created_at"),
        instant(marked("Ended"), "finished_at"),
    ),
    choices=(Choice("state", marked("State"), Simulation.state, _STATES),),
    empty=marked("See a year of billing before it happens: what is invoiced, what comes in, what stays owed."),
)


class SimulationForm(Form):
    first = DateField(later("From"), validators=[InputRequired(later("Give the first day."))])
    last = DateField(later("To"), validators=[InputRequired(later("Give the last day."))])
    payments = RadioField(
        later("What is paid"), choices=lambda: [(code, say(what)) for code, what in _PAID.items()], default="history"
    )
    percent = StringField(
        later("Percent"),
        filters=[stripped],
        validators=[Length(max=20)],
        description=later("Where a share is paid: 95, or 97.5."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    seed = IntegerField(
        later("Seed"),
        default=1,
        validators=[InputRequired(), NumberRange(0, 2**31 - 1)],
        description=later("The same number gives the same payers; another one gives others."),
    )
    reason = reason_field()

    def show(self, error: BillheadError) -> None:
        named = _FIELDS.get(error.field or "")
        super().show(
            InvalidInput(named, error.why, hint=error.hint) if named and isinstance(error, InvalidInput) else error
        )


@admin.get("/simulations")
@allow("staff")
def simulations() -> ResponseReturnValue:
    add = url_for("admin.new_simulation")
    return SIMULATIONS.answer(add=add, add_label=say("Simulate"), add_needs="simulations.write")


@admin.route("/simulations/new", methods=["GET", "POST"])
@allow("staff", permission="simulations.write")
def new_simulation() -> ResponseReturnValue:
    tomorrow = clock.business_now().date() + timedelta(days=1)
    form = SimulationForm(data={"first": tomorrow, "last": tomorrow + _A_YEAR})
    told = say(
        "The data is copied, and each day is lived as it would be: billing, charges, dunning, revenue. "
        "Gateways, panels and mail are pretended. It takes minutes, and a processor meanwhile."
    )
    question = Question(say("Simulate"), told, say("Simulate"), url_for("admin.simulations"), danger=False)
    return asked(question, form, _ask)


def _ask(ctx: Context, form: SimulationForm) -> str:
    typed, payments = _payments(form)
    order = Order(form.first.data, form.last.data, payments, form.seed.data)
    with writing(ctx) as tx:
        made = ask_simulation(tx, order, typed)
    return say("Simulation %(number)s is queued.", number=made.simulation_id)


def _payments(form: SimulationForm) -> tuple[str, Payments]:
    """As the command takes it, and what that is. Raises InvalidInput (`percent`)."""
    if form.payments.data != "rate":
        return form.payments.data, parse_payments(form.payments.data)
    typed = f"{(form.percent.data or '').removesuffix('%').strip().replace(',', '.')}%"
    try:
        return typed, parse_payments(typed)
    except InvalidInput as refused:
        raise InvalidInput("percent", say("a number from 0 to 100")) from refused


def _told(payments: str) -> str:
    """In words, or the rate."""
    return say(_PAID.get(payments.lower(), payments))


@admin.get("/simulations/<int:key>")
@allow("staff")
def simulation(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Simulation, key, "simulation")
        trail = trail_of(session, f"simulation:{key}")
    result = row.result or {}
    return page(
        "admin/simulation.html",
        row=row,
        result=result,
        charts=list(_charts(result)) if result else [],
        months=_months(result),
        paid=_told(row.payments),
        trail=trail,
        goes_on=row.state in ("queued", "running"),
    )


@admin.route("/simulations/<int:key>/cancel", methods=["GET", "POST"])
@allow("staff", permission="simulations.write")
def cancel_one_simulation(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, Simulation, key, "simulation")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            cancel_simulation(tx, key)
        return say("Simulation %(key)s is called off.", key=key)

    back = url_for("admin.simulation", key=key)
    told = say("What was lived so far is thrown away, and its copy with it.")
    return asked(
        Question(say("Call simulation %(key)s off?", key=key), told, say("Call it off"), back), ReasonForm(), act
    )


@admin.route("/simulations/<int:key>/forget", methods=["GET", "POST"])
@allow("staff", permission="simulations.write")
def forget_one_simulation(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, Simulation, key, "simulation")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            forget_simulation(tx, key)
        return say("Simulation %(key)s is removed.", key=key)

    told = say(
        "Its figures and charts are gone. The same dates, payers and seed bring them again while your data is the same."
    )
    return asked(
        Question(say("Remove simulation %(key)s?", key=key), told, say("Remove"), url_for("admin.simulations")),
        ReasonForm(),
        act,
    )


def _months(result: Mapping[str, Any]) -> list[tuple[date, Mapping[str, Any]]]:
    return [(date.fromisoformat(f"{month['month']}-01"), month) for month in result.get("months", ())]


def _currencies(result: Mapping[str, Any]) -> list[str]:
    """Those in which there was anything, the one with the most invoices' money first."""
    sums: dict[str, int] = {}
    for month in result["months"]:
        for currency, flow in month["currencies"].items():
            moved = flow["invoiced"] + abs(flow["money_in"]) + flow["owed"]
            sums[currency] = sums.get(currency, 0) + moved
    return sorted(
        (currency for currency, moved in sums.items() if moved), key=lambda one: -sums[one] // 10 ** exponent(one)
    )


def _charts(result: Mapping[str, Any]) -> Iterator[Chart]:
    """For each currency money by month and what is owed by day, then the subscriptions."""
    months = _months(result)
    every = max(-(-len(result["days"]) // _MOST_DAYS), 1)
    days = [(date.fromisoformat(one["day"]), one) for one in result["days"][::-every][::-1]]
    for currency in _currencies(result):
        flows = [month["currencies"].get(currency, {}) for _, month in months]
        yield Chart(
            say("%(currency)s: money in, owed and lost", currency=currency),
            "bar",
            [first for first, _ in months],
            [
                Series(say("Invoiced"), [flow.get("invoiced", 0) for flow in flows]),
                Series(say("In"), [flow.get("money_in", 0) for flow in flows]),
                Series(say("Owed at the end"), [flow.get("owed", 0) for flow in flows]),
                Series(say("Lost"), [flow.get("lost", 0) for flow in flows]),
            ],
            currency,
            say("By month, with tax."),
            say("Month"),
        )
        owed = [one["currencies"].get(currency, {}).get("owed", 0) for _, one in days]
        yield Chart(
            say("%(currency)s: owed day by day", currency=currency),
            "area",
            [at for at, _ in days],
            [Series(say("Owed"), owed)],
            currency,
            say("What has been invoiced and may still be paid."),
            say("Day"),
        )
    names = [name for name in _SHOWN if any(one["subscriptions"].get(name) for _, one in days)]
    yield Chart(
        say("Subscriptions"),
        "stacked_area",
        [at for at, _ in days],
        [Series(say_word(name), [one["subscriptions"].get(name, 0) for _, one in days]) for name in names],
        description=say("By state, day by day."),
        place_title=say("Day"),
    )
