"""The switch for automatic renewal, as the customer has it, and renewing by hand at once, each with a reason."""

from datetime import date

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField
from wtforms.validators import AnyOf

from billhead.actions.subscriptions.renew_now import renew_now
from billhead.actions.subscriptions.set_auto_renew import Standing, preview_auto_renew, set_auto_renew
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.errors import refusal
from billhead.web.formatting import day_in_words, last_day, money
from billhead.web.request_context import current_ctx
from billhead.web.speaking import marked, say

__all__: list[str] = []

_DONE = {
    "charged": marked("Automatic renewal is on."),
    "invoiced": marked("Automatic renewal is on: an invoice comes, for there is no method to charge."),
    "by_hand": marked("It goes on, by an offer that is mailed: there is no method to charge."),
    "ends": marked("Automatic renewal is off."),
}


class RenewalForm(ReasonForm):
    wanted = HiddenField(validators=[AnyOf(["on", "off"])])


@admin.route("/subscriptions/<int:key>/renewal", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def switch_renewal(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Subscription, key, "subscription")
        plan, who = session.get_one(Plan, row.plan_id).name, session.get_one(Customer, row.customer_id).name
    switch = preview_auto_renew(current_ctx(), key)

    def act(ctx: Context, form: RenewalForm) -> str:
        with writing(ctx) as tx:
            return say(_DONE[set_auto_renew(tx, key, form.wanted.data == "on").way])

    text = say("Now: %(told)s", told=_told(switch.now))
    if switch.then is not None:
        then = _told(switch.then)
        text += " " + (say("Turned off: %(told)s", told=then) if switch.on else say("Turned on: %(told)s", told=then))
    elif switch.refusal is not None:
        text += " " + say("It can't be turned: %(why)s", why=refusal(switch.refusal)[0])
    title = (
        say("Turn automatic renewal of %(plan)s of %(who)s off?", plan=plan, who=who)
        if switch.on
        else say("Turn automatic renewal of %(plan)s of %(who)s on?", plan=plan, who=who)
    )
    question = Question(
        title,
        text,
        say("Turn it off") if switch.on else say("Turn it on"),
        url_for("admin.subscription", key=key),
        switch.on,
    )
    return asked(question, RenewalForm(data={"wanted": "off" if switch.on else "on"}), act)


@admin.route("/subscriptions/<int:key>/renew", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def renew_by_hand(key: int) -> ResponseReturnValue:
    """The offer of the next term at once, and to that document."""
    with reading() as session:
        row = found(session, Subscription, key, "subscription")
        plan, who = session.get_one(Plan, row.plan_id).name, session.get_one(Customer, row.customer_id).name
    made: list[int] = []

    def act(ctx: Context, form: ReasonForm) -> str:
        with writing(ctx) as tx:
            renewal = renew_now(tx, key)
        made.append(renewal.document_id)
        return say("It is offered already, as this document.") if renewal.offered else say("It is offered.")

    question = Question(
        say("Renew %(plan)s of %(who)s now?", plan=plan, who=who),
        say("The offer of the next term is written at once, as the billing run would later. Paid, it goes on."),
        say("Renew now"),
        url_for("admin.subscription", key=key),
        False,
    )
    answer = asked(question, ReasonForm(), act)
    return redirect(url_for("admin.document", key=made[0]), 303) if made else answer


def _told(standing: Standing) -> str:
    if standing.way == "ends":
        return say("it ends on %(day)s, and nothing is charged any more.", day=_day(last_day(standing.ends_on)))
    document = standing.upcoming.document
    amount = money(document.owed, document.currency) if document is not None else ""
    if standing.way == "charged":
        on = (document.charged_on if document is not None else None) or standing.upcoming.on
        return (
            say("on %(day)s %(amount)s are charged to %(method)s.", day=_day(on), amount=amount, method=standing.method)
            if amount
            else say("%(method)s is charged.", method=standing.method)
        )
    if standing.way == "invoiced":
        return (
            say("an invoice for %(amount)s comes on %(day)s.", amount=amount, day=_day(standing.upcoming.on))
            if amount
            else say("an invoice comes.")
        )
    offer = (
        say("an offer for %(amount)s is mailed on %(day)s", amount=amount, day=_day(standing.upcoming.on))
        if amount
        else say("an offer is mailed in time")
    )
    return say("%(offer)s; unpaid, it is over on %(day)s.", offer=offer, day=_day(last_day(standing.ends_on)))


def _day(on: date | None) -> str:
    return day_in_words(on) if on is not None else say("a day that is not known yet")
