"""One user: what is paid, the lines with what may be done about each, and what happened."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.access.reset_line_password import reset_line_password
from billhead.actions.provisioning.swap_mac import preview_swap_mac, swap_mac
from billhead.actions.resellers._changed_parts import running_parts
from billhead.actions.resellers._renewing_alone import renews_alone, runs_on
from billhead.actions.resellers._rights import effective_rights
from billhead.actions.resellers._seen import seen_reseller, users_of
from billhead.actions.resellers._tree import subtree
from billhead.actions.resellers._users import of_one
from billhead.actions.resellers.disable_user import disable_user, preview_disable_users
from billhead.actions.resellers.enable_user import enable_user
from billhead.actions.resellers.keep_user import keep_user
from billhead.actions.resellers.terminate_user import preview_terminate_user, terminate_user
from billhead.actions.subscriptions._scheduled import last_cancel
from billhead.clock import today_in
from billhead.db import Tx, reading, writing
from billhead.domain.mac import usual_prefixes
from billhead.domain.subscription import RUNNING, State
from billhead.models.catalogue import Plan
from billhead.models.credits import CreditHold
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Service, Subscription, SubscriptionEvent
from billhead.plugin import allow
from billhead.web.formatting import day_in_words, last_day
from billhead.web.forms import stripped
from billhead.web.movements import bought_by_credits
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.area import in_credits, own_id, own_rights, reseller
from billhead.web.reseller.asking import Figures, Question, QuestionForm, asked
from billhead.web.reseller.editing import may_get_another
from billhead.web.reseller.letting_in import login_state
from billhead.web.reseller.own_users import own_line, own_user
from billhead.web.speaking import later, say, speech
from billhead.wording import own_name

__all__: list[str] = []

_EVENTS = 20


@reseller.get("/users/<int:key>")
@allow("reseller", "super_reseller")
def user(key: int) -> ResponseReturnValue:
    with reading() as session:
        seen = own_user(session, key)
        one = seen.subscription
        parts = running_parts(Tx(current_ctx(), session), one, today_in(one.zone))
        plans = {plan.id: plan for plan in session.scalars(select(Plan).where(Plan.id.in_([p.plan_id for p in parts])))}
        extras = [(plans[part.plan_id].name, part.quantity) for part in parts if part.kind != "plan"]
        history = session.scalars(
            select(SubscriptionEvent)
            .where(SubscriptionEvent.subscription_id == key)
            .order_by(SubscriptionEvent.id.desc())
            .limit(_EVENTS)
        ).all()
        bought = bought_by_credits(session, history, subtree(own_id()))
        held = _held(session, key)
        whose = seen_reseller(session, current_ctx(), seen.customer.reseller_id or 0)
        may_end = _may_end(session, one)
        alone = session.scalar(
            select(CreditRenewal).join(Subscription, renews_alone()).where(CreditRenewal.subscription_id == key)
        )
        signs = login_state(session, seen.customer.id)
        canceled = one.service_ends_on is not None and last_cancel(Tx(current_ctx(), session), key) is not None
        going = session.scalar(select(runs_on()).where(Subscription.id == key))
        beside = session.execute(
            users_of(whose.id, alone=True).where(
                Subscription.customer_id == one.customer_id, Subscription.id != key, Subscription.state != "canceled"
            )
        ).all()
    state = State(one.state)
    can = {
        "renew": state in RUNNING or state is State.EXPIRED,
        "change": state in RUNNING,
        "disable": state in RUNNING,
        "enable": state is State.SUSPENDED and one.suspended_for == "reseller",
        "terminate": may_end and state is not State.CANCELED,
        "renew_alone": state is not State.CANCELED,
    }
    if one.service_ends_on is not None or one.settlement != "credits":
        can = dict.fromkeys(can, False)
    can["keep"] = canceled and state is not State.CANCELED and one.settlement == "credits"
    can["let_in"] = bool(seen.customer.email) and signs != "has" and seen.customer.erased_at is None
    can["another"] = may_get_another(seen, whose)
    shown = {"seen": seen, "extras": extras, "history": history, "held": held, "whose": whose, "may": can}
    shown |= {"beside": beside, "alone": alone, "runs_on": going, "spoken": own_name(seen.customer.language)}
    shown |= {"signs": signs, "bought": bought}
    shown["renewal"] = _renewal(one, bool(alone), bool(going))
    return page("reseller/user.html", **shown)


def _may_end(session: Session, one: Subscription) -> bool:
    """It takes the right of whoever looks, and of the reseller whose credits have paid for it."""
    payer = one.payer_reseller_id
    return own_rights(session).terminate and (payer is None or effective_rights(session, payer).terminate)


def _renewal(one: Subscription, alone: bool, going: bool) -> str:
    """How it goes on; "" for what ends, and for a customer of a shop, who renews it there."""
    if one.settlement != "credits" or one.service_ends_on is not None or one.state == State.CANCELED:
        return ""
    if one.phase == "trial":
        return say("none, a trial runs out")
    if not alone:
        return say("by hand")
    return say("by itself") if going else say("by itself, once it runs")


def _held(session: Session, key: int) -> int:
    """Credits that wait for this user's panel."""
    rows = session.scalars(
        select(CreditHold.amount_minor)
        .join(Service, Service.id == CreditHold.service_id)
        .where(Service.subscription_id == key, CreditHold.state == "held")
    )
    return sum(rows)


@reseller.route("/users/<int:key>/disable", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def disable(key: int) -> ResponseReturnValue:
    with reading() as session:
        seen = own_user(session, key)
    name, until = seen.customer.name, seen.subscription.paid_through

    def figures(tx: Tx) -> Figures:
        of_one(preview_disable_users(tx, [key]), key)
        shown = [(say("Lines that stop"), str(len(seen.lines)))]
        return [*shown, (say("Paid until"), day_in_words(last_day(until)))] if until else shown

    def act(tx: Tx) -> str:
        disable_user(tx, key)
        return say("%(name)s is disabled: the lines stop in a moment.", name=name)

    text = say("The lines stop until you enable them again. The paid time runs on meanwhile.")
    back = url_for("reseller.user", key=key)
    question = Question(say("Disable %(name)s?", name=name), text, say("Disable"), back, danger=True)
    return asked(question, figures, act)


@reseller.post("/users/<int:key>/enable")
@allow("reseller", "super_reseller")
def enable(key: int) -> ResponseReturnValue:
    with reading() as session:
        name = own_user(session, key).customer.name
    with writing(submit_ctx()) as tx:
        enable_user(tx, key)
    flash(say("%(name)s is enabled: the lines run again in a moment.", name=name), "good")
    return redirect(url_for("reseller.user", key=key), 303)


@reseller.route("/users/<int:key>/keep", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def keep(key: int) -> ResponseReturnValue:
    with reading() as session:
        seen = own_user(session, key)
    ends = seen.subscription.service_ends_on

    def act(tx: Tx) -> str:
        keep_user(tx, key)
        return say("%(name)s goes on as before.", name=seen.customer.name)

    text = say("It does not end by what was canceled: it runs as long as it is paid, and can be renewed again.")
    question = Question(
        say("Keep %(name)s, %(plan)s?", name=seen.customer.name, plan=seen.plan.name),
        text,
        say("Keep it"),
        url_for("reseller.user", key=key),
    )
    shown = ((say("Would end"), day_in_words(last_day(ends))),) if ends else ()
    return asked(question, lambda _tx: shown, act)


@reseller.route("/users/<int:key>/terminate", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def terminate(key: int) -> ResponseReturnValue:
    with reading() as session:
        seen = own_user(session, key)
        held = _held(session, key)

    def figures(tx: Tx) -> Figures:
        back = preview_terminate_user(tx, key).returned_minor
        shown = [(say("Credits that come back"), in_credits(back)), (say("Lines taken off"), str(len(seen.lines)))]
        return [*shown, (say("Held, back when the line is gone"), in_credits(held))] if held else shown

    def act(tx: Tx) -> str:
        done = terminate_user(tx, key)
        back = in_credits(done.returned_minor)
        return say("%(name)s is ended. %(credits)s credits came back.", name=seen.customer.name, credits=back)

    text = say("The lines are taken off their panels at once, and can’t be brought back.")
    back = url_for("reseller.user", key=key)
    title = say("End %(name)s, %(plan)s?", name=seen.customer.name, plan=seen.plan.name)
    question = Question(title, text, say("End it"), back, danger=True)
    return asked(question, figures, act)


@reseller.route("/users/<int:key>/lines/<int:service_id>/password", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def line_password(key: int, service_id: int) -> ResponseReturnValue:
    with reading() as session:
        seen, line = own_line(session, key, service_id)

    def act(tx: Tx) -> str:
        reset_line_password(tx, service_id)
        return say("A new password is on its way to the panel. Send the text again when it is there.")

    text = say("Every device has to be set up again, and the short address ends at once.")
    back = url_for("reseller.user", key=key)
    title = say("New password for %(login)s?", login=line.login)
    question = Question(title, text, say("Change it"), back, danger=True)
    return asked(question, lambda _tx: ((say("User"), seen.customer.name),), act)


class BoxForm(QuestionForm):
    mac = StringField(
        later("MAC address of the new box"),
        filters=[stripped],
        validators=[DataRequired(later("Write the address on the label below the box.")), Length(max=30)],
        description=later("On the label below the box. Any spelling will do."),
        render_kw={"placeholder": "00:1A:79:AA:BB:01", "autocomplete": "off", "spellcheck": "false", "autofocus": True},
    )


@reseller.route("/users/<int:key>/lines/<int:service_id>/box", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def another_box(key: int, service_id: int) -> ResponseReturnValue:
    with reading() as session:
        _seen, line = own_line(session, key, service_id)
    form = BoxForm()

    def figures(tx: Tx) -> Figures:
        left = preview_swap_mac(tx, service_id)
        return (
            (say("Box now"), line.mac or "–"),
            (say("Left this month"), say("%(count)s of %(all)s", count=left.left, all=left.limit)),
        )

    def act(tx: Tx) -> str:
        done = swap_mac(tx, service_id, form.mac.data or "")
        odd = usual_prefixes(line.kind, done.mac)
        told = say("%(mac)s is let in within a minute or two.", mac=done.mac)
        if odd:
            told += " " + say(
                "Boxes of this kind mostly begin with %(these)s: look at it again.", these=speech().listed(odd)
            )
        return told

    back = url_for("reseller.user", key=key)
    question = Question(say("Another box?"), say("The box from before is no longer let in."), say("Exchange it"), back)
    return asked(question, figures, act, form)
