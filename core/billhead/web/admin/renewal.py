"""The switch for automatic renewal, as the customer has it, with a reason."""

from datetime import date

from flask import url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField
from wtforms.validators import AnyOf

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
from billhead.web.formatting import day_in_words, money
from billhead.web.request_context import current_ctx

__all__: list[str] = []

_DONE = {
    "charged": "Automatic renewal is on.",
    "invoiced": "Automatic renewal is on: an invoice comes, for there is no method to charge.",
    "by_hand": "It goes on, by an offer that is mailed: there is no method to charge.",
    "ends": "Automatic renewal is off.",
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
            return _DONE[set_auto_renew(tx, key, form.wanted.data == "on").way]

    text = f"Now: {_told(switch.now)} "
    if switch.then is not None:
        text += f"Turned {'off' if switch.on else 'on'}: {_told(switch.then)}"
    elif switch.refusal is not None:
        text += f"It can't be turned: {refusal(switch.refusal)[0]}"
    title = f"Turn automatic renewal of {plan} of {who} {'off' if switch.on else 'on'}?"
    question = Question(
        title, text, "Turn it off" if switch.on else "Turn it on", url_for("admin.subscription", key=key), switch.on
    )
    return asked(question, RenewalForm(data={"wanted": "off" if switch.on else "on"}), act)


def _told(standing: Standing) -> str:
    if standing.way == "ends":
        return f"it ends on {_day(standing.ends_on)}, and nothing is charged any more."
    document = standing.upcoming.document
    amount = money(document.owed, document.currency) if document is not None else ""
    if standing.way == "charged":
        on = (document.charged_on if document is not None else None) or standing.upcoming.on
        return (
            f"on {_day(on)} {amount} are charged to {standing.method}." if amount else f"{standing.method} is charged."
        )
    if standing.way == "invoiced":
        return f"an invoice for {amount} comes on {_day(standing.upcoming.on)}." if amount else "an invoice comes."
    offer = (
        f"an offer for {amount} is mailed on {_day(standing.upcoming.on)}" if amount else "an offer is mailed in time"
    )
    return f"{offer}; unpaid, it is over on {_day(standing.ends_on)}."


def _day(on: date | None) -> str:
    return day_in_words(on) if on is not None else "a day that is not known yet"
