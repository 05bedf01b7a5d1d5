"""When a subscription is billed, before its periods or after them: what would come of it is shown first."""

from datetime import date

from flask import url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField
from wtforms.validators import AnyOf

from billhead.actions.subscriptions._scheduled import scheduled_of
from billhead.actions.subscriptions.set_timing import TIMINGS, TimingPreview, preview_set_timing, set_timing
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.errors import refusal
from billhead.web.formatting import day_in_words, money
from billhead.web.request_context import current_ctx
from billhead.web.speaking import marked, say

__all__: list[str] = []

_ASKED = {
    "advance": marked("Bill %(plan)s of %(who)s in advance?"),
    "arrears": marked("Bill %(plan)s of %(who)s in arrears?"),
}
_BUTTONS = {"advance": marked("Bill it in advance"), "arrears": marked("Bill it in arrears")}
_DONE = {
    "advance": marked("It is billed in advance from %(day)s on."),
    "arrears": marked("It is billed in arrears from %(day)s on."),
}


class TimingForm(ReasonForm):
    wanted = HiddenField(validators=[AnyOf(TIMINGS)])


@admin.route("/subscriptions/<int:key>/timing", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def time_billing(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Subscription, key, "subscription")
        plan, who = session.get_one(Plan, row.plan_id).name, session.get_one(Customer, row.customer_id).name
        planned = any(change.kind == "timing" for change in scheduled_of(Tx(current_ctx(), session), key))
    wanted = row.timing if planned else next(one for one in TIMINGS if one != row.timing)

    def act(ctx: Context, form: TimingForm) -> str:
        with writing(ctx) as tx:
            done = set_timing(tx, key, form.wanted.data)
        return say(_DONE[form.wanted.data], day=day_in_words(date.fromisoformat(done.effective_on)))

    try:
        text = _told(wanted, preview_set_timing(current_ctx(), key, wanted))
    except BillheadError as refused:
        text = say("It can't be changed: %(why)s", why=refusal(refused)[0])
    question = Question(
        say(_ASKED[wanted], plan=plan, who=who),
        text,
        say(_BUTTONS[wanted]),
        url_for("admin.subscription", key=key),
        danger=False,
    )
    return asked(question, TimingForm(data={"wanted": wanted}), act)


def _told(wanted: str, shown: TimingPreview) -> str:
    told = [say(_DONE[wanted], day=day_in_words(shown.effective_on))]
    if wanted == "arrears":
        told.append(say("Its lines run on, an open offer to renew is void, and the calendar bills it from then on."))
    document, on = shown.upcoming.document, shown.upcoming.on
    if document is not None and on is not None:
        amount = money(document.owed, document.currency)
        told.append(say("The next document comes on %(day)s, over %(amount)s.", day=day_in_words(on), amount=amount))
    return " ".join(told)
