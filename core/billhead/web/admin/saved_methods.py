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
from billhead.web.affected import by_method
from billhead.web.formatting import day_in_words, money

__all__: list[str] = []


@admin.route("/payment-methods/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def remove_saved_method(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, PaymentMethod, key, "payment method")
        number, renewed = by_method(session, key)
    listed = "; ".join(
        f"{one.plan}: {money(one.owed.minor, one.owed.currency) if one.owed else 'nothing'} next"
        + (f", paid to {day_in_words(end)}" if (end := one.subscription.paid_through) else "")
        for one in renewed
    ) + ("; …" if number > len(renewed) else "")
    text = (
        "Nothing is charged to it from now on. It goes at the payment provider too; what can’t be done there stands "
        f"under Jobs. Subscriptions that it renews, and that are offered by mail then: {number}"
        + (f" ({listed})." if listed else ".")
    )
    question = Question(f"Remove {row.label}?", text, "Remove", url_for("admin.customer", key=row.customer_id))

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            forget_method(tx, key)
        return "Removed."

    return asked(question, ReasonForm(), act)
