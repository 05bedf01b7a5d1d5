"""A customer's saved way to pay, taken away by staff because they asked for it on the phone."""

from flask import url_for
from flask.typing import ResponseReturnValue

from billhead.actions.payments.forget_method import forget_method
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.payments import PaymentMethod
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.affected import Renewed, by_method
from billhead.web.formatting import day_in_words, last_day, money
from billhead.web.speaking import say

__all__: list[str] = []


@admin.route("/payment-methods/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def remove_saved_method(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, PaymentMethod, key, "payment method")
        number, renewed = by_method(session, key)
    soonest = "; ".join(map(_next, renewed)) + ("; …" if number > len(renewed) else "")
    listed = f"{number} ({soonest})" if soonest else str(number)
    text = say(
        "Nothing is charged to it from now on. It goes at the payment provider too; what can’t be done there stands "
        "under Jobs. Subscriptions that it renews, and that are offered by mail then: %(listed)s.",
        listed=listed,
    )
    question = Question(
        say("Remove %(label)s?", label=row.label), text, say("Remove"), url_for("admin.customer", key=row.customer_id)
    )

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            forget_method(tx, key)
        return say("Removed.")

    return asked(question, ReasonForm(), act)


def _next(one: Renewed) -> str:
    """A subscription that it renews: its plan, what is charged next and to when it is paid."""
    owed = money(one.owed.minor, one.owed.currency) if one.owed else say("nothing")
    last = last_day(one.subscription.paid_through)
    if not last:
        return say("%(plan)s: %(owed)s next", plan=one.plan, owed=owed)
    return say("%(plan)s: %(owed)s next, paid until %(day)s", plan=one.plan, owed=owed, day=day_in_words(last))
