"""What staff may do to a running subscription: change, hold, resume it, take back what was planned, hand it over."""

from datetime import date
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField, IntegerField, RadioField
from wtforms.validators import InputRequired, NumberRange, Optional

from billhead.actions.subscriptions._billing_day import bridge_to_day
from billhead.actions.subscriptions.change import ChangePreview, change, preview_change
from billhead.actions.subscriptions.change_choices import change_choices
from billhead.actions.subscriptions.hold import Held, HoldPreview, hold, preview_hold
from billhead.actions.subscriptions.keep import keep, preview_keep
from billhead.actions.subscriptions.resume import Resumed, preview_resume, resume
from billhead.actions.subscriptions.set_billing_day import Bridged, preview_billing_day, set_billing_day
from billhead.actions.subscriptions.transfer import Transferred, transfer
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, reason_field
from billhead.web.admin.previewing import Figures, PreviewForm, asked_with, previewed
from billhead.web.changing import PRICE_CHANGED, changed_by_staff, goes_on, wish_of
from billhead.web.errors import refusal
from billhead.web.formatting import day_in_words, from_to, last_day, money
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import later, marked, say, say_count, speech

__all__: list[str] = []


@admin.route("/subscriptions/<int:key>/change", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def change_subscription(key: int) -> ResponseReturnValue:
    """The form, then the same page with the cost and a button to confirm it."""
    form = request.form if request.method == "POST" else request.args
    preview: ChangePreview | None = None
    problem, status = "", 200
    with reading() as session:
        row = found(session, Subscription, key, "subscription")
        customer, plan = session.get_one(Customer, row.customer_id), session.get_one(Plan, row.plan_id)
        choices = change_choices(session, key, all_plans=True)
        if "offer" in form:
            try:
                wish = changed_by_staff(wish_of(form, key, choices), form)
                preview = preview_change(Tx(current_ctx(), session), wish)
            except BillheadError as refused:
                problem, status = refusal(refused)
    if request.method == "POST" and preview is not None:
        try:
            with writing(submit_ctx()) as tx:
                done = change(tx, changed_by_staff(wish_of(form, key, choices), form), form.get("seen", ""))
        except BillheadError as refused:
            problem, status = (say(PRICE_CHANGED), 409) if refused.code == "price_changed" else refusal(refused)
        else:
            told = say("Changed.")
            if done.state == "scheduled":
                told = say(
                    "Planned for %(effective_on)s.", effective_on=day_in_words(date.fromisoformat(done.effective_on))
                )
            elif done.runs_until:
                until = day_in_words(last_day(date.fromisoformat(done.runs_until)))
                told = " ".join((told, say("Paid until %(day)s.", day=until)))
            flash(told, "good")
            return redirect(url_for("admin.subscription", key=key), 303)
    shown: dict[str, Any] = {"subscription": row, "customer": customer, "plan": plan, "choices": choices}
    return page("admin/change.html", **shown, form=form, preview=preview, problem=problem), status


def _question(key: int, title: str, text: str, button: str, *, danger: bool = False) -> Question:
    with reading() as session:
        row = found(session, Subscription, key, "subscription")
        plan = session.get_one(Plan, row.plan_id).name
        who = session.get_one(Customer, row.customer_id).name
    back = url_for("admin.subscription", key=key)
    return Question(say(title, plan=plan, customer=who), text, say(button), back, danger)


class HoldForm(PreviewForm):
    starts_on = DateField(
        later("First day"), validators=[Optional()], description=later("Empty: today. A day that has passed will do.")
    )
    ends_on = DateField(
        later("Runs again on"), validators=[Optional()], description=later("Empty: until it is resumed.")
    )
    reason = reason_field()


@admin.route("/subscriptions/<int:key>/hold", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def hold_subscription(key: int) -> ResponseReturnValue:
    form = HoldForm()
    with reading() as session:
        found(session, Subscription, key, "subscription")

    def act(tx: Tx) -> tuple[HoldPreview, Held]:
        days = form.starts_on.data, form.ends_on.data
        return preview_hold(tx, key, *days), hold(tx, key, *days)

    def done(_ctx: Context, told: tuple[HoldPreview, Held]) -> str:
        planned = told[1].state == "scheduled"
        return say("The hold is planned.") if planned else say("On hold. Its lines are being blocked.")

    text = say("Its lines stand still and nothing is billed for the time.")
    question = _question(key, marked("Put %(plan)s of %(customer)s on hold?"), text, marked("Hold"))
    return previewed(question, form, act, lambda told: _hold_figures(told[0]), done)


def _hold_figures(planned: HoldPreview) -> Figures:
    ends = day_in_words(last_day(planned.ends_on)) if planned.ends_on else say("it is resumed")
    unused = say("kept, and added when it ends")
    if planned.way == "credit":
        unused = say("%(amount)s as credit", amount=money(planned.credit_minor, planned.currency))
    return [(say("From"), day_in_words(planned.starts_on)), (say("Until"), ends), (say("Unused days"), unused)]


@admin.route("/subscriptions/<int:key>/resume", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def resume_subscription(key: int) -> ResponseReturnValue:
    text = say("Its lines run again. The days that are left of the running period are billed, from credit first.")
    if request.method == "GET":
        preview_resume(current_ctx(), key)  # refused before anybody says why

    def done(_ctx: Context, told: Resumed) -> str:
        if not told.paid_through:
            return say("Running again.")
        through = day_in_words(last_day(date.fromisoformat(told.paid_through)))
        return say("Running again, paid until %(paid_through)s.", paid_through=through)

    question = _question(key, marked("End the hold of %(plan)s of %(customer)s?"), text, marked("Resume"))
    return previewed(question, PreviewForm(), lambda tx: resume(tx, key), goes_on, done)


@admin.route("/subscriptions/<int:key>/keep", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def keep_subscription(key: int) -> ResponseReturnValue:
    text = say(
        "The cancellation, and every change or hold that is planned, is taken back. What had been given back for days "
        "that are used after all is charged again."
    )
    if request.method == "GET":
        preview_keep(current_ctx(), key)
    question = _question(key, marked("Keep %(plan)s of %(customer)s as it is?"), text, marked("Take it back"))
    return previewed(
        question, PreviewForm(), lambda tx: keep(tx, key), goes_on, lambda _ctx, _kept: say("It goes on as before.")
    )


class TransferForm(PreviewForm):
    customer_id = IntegerField(later("To customer number"), validators=[InputRequired(), NumberRange(1)])
    money = RadioField(
        later("Paid time"),
        choices={
            "moves": later("Goes along"),
            "settled": later("Is credited to who had it, and charged to who gets it"),
        },
        default="moves",
    )
    reason = reason_field()


@admin.route("/subscriptions/<int:key>/transfer", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def transfer_subscription(key: int) -> ResponseReturnValue:
    text = say("From today on its lines, its history and its future invoices are another customer's. Documents stay.")

    form = TransferForm()

    def act(tx: Tx) -> tuple[Transferred, Figures]:
        before = tx.session.get_one(Subscription, key)
        giver, currency, through = _customer(tx, before.customer_id), before.currency, before.paid_through
        done = transfer(tx, key, form.customer_id.data, form.money.data)
        moves: list[tuple[str, str]] = [(say("Its customer"), from_to(giver, _customer(tx, done.customer_id)))]
        if form.money.data == "settled":
            moves.append((say("Credited to %(name)s", name=giver), money(done.credited_minor, currency)))
            if done.used_minor:
                moves.append(
                    (say("Billed to %(name)s for use until today", name=giver), money(done.used_minor, currency))
                )
            moves.append(
                (say("Charged to %(name)s", name=_customer(tx, done.customer_id)), money(done.charged_minor, currency))
            )
        elif through is not None:
            moves.append((say("Goes along, paid until"), day_in_words(last_day(through))))
        if tx.session.get_one(Customer, done.customer_id).billing_day is not None:
            moves.append(_bridge_figure(bridge_to_day(tx, key)))
        return done, moves

    def told(_ctx: Context, done: tuple[Transferred, Figures]) -> str:
        return say("It belongs to customer %(customer_id)s now.", customer_id=done[0].customer_id)

    question = _question(key, marked("Hand %(plan)s of %(customer)s over?"), text, marked("Hand it over"), danger=True)
    return previewed(question, form, act, lambda done: done[1], told)


def _customer(tx: Tx, customer_id: int) -> str:
    return tx.session.get_one(Customer, customer_id).name


class BillingDayForm(PreviewForm):
    billing_day = IntegerField(
        later("Day of the month"),
        validators=[Optional(), NumberRange(1, 31)],
        description=later("1 to 31; shorter months: their last day. Empty: each subscription on its own day."),
    )
    reason = reason_field()


@admin.route("/customers/<int:key>/billing-day", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def billing_day(key: int) -> ResponseReturnValue:
    with reading() as session:
        customer = found(session, Customer, key, "customer")
    question = Question(
        say("Bill all subscriptions of %(name)s on one day?", name=customer.name),
        say("What is billed stays. The days between the end of a period and the new day are billed once, as a part.")
        + " "
        + say("What is renewed by hand is offered that part; an offer that is open for it is void."),
        say("Set the day"),
        url_for("admin.customer", key=key),
        danger=False,
    )

    form = BillingDayForm(data={"billing_day": customer.billing_day})

    def look(ctx: Context) -> Figures:
        shown = preview_billing_day(ctx, key, form.billing_day.data)
        return [(say("Subscriptions that move"), str(shown.moved)), *map(_bridge_figure, shown.bridges)]

    def do(ctx: Context) -> tuple[str, str]:
        with writing(ctx) as tx:
            moved = set_billing_day(tx, key, form.billing_day.data).moved
        told = say_count("Set. %(count)s subscription moves.", "Set. %(count)s subscriptions move.", moved)
        return told if moved else say("Set."), ""

    return asked_with(question, form, look, do)


def _bridge_figure(one: Bridged) -> tuple[str, str]:
    what = say("%(plan)s, subscription %(number)s", plan=one.plan, number=one.subscription_id)
    if one.starts_on is None or one.ends_on is None:
        return what, speech().say(one.why)
    first, last = day_in_words(one.starts_on), day_in_words(last_day(one.ends_on))
    cost = money(one.total_minor, one.currency)
    return what, say("%(amount)s for %(first)s to %(last)s", amount=cost, first=first, last=last)
