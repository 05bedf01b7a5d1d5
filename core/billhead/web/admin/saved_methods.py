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

__all__: list[str] = []


@admin.route("/payment-methods/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def remove_saved_method(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, PaymentMethod, key, "payment method")
    text = (
        "Nothing is charged to it from now on: renewals that used it are offered by mail. It goes at the payment "
        "provider too; what can’t be done there stands under Jobs."
    )
    question = Question(f"Remove {row.label}?", text, "Remove", url_for("admin.customer", key=row.customer_id))

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            forget_method(tx, key)
        return "Removed."

    return asked(question, ReasonForm(), act)
