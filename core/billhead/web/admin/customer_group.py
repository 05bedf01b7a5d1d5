"""The price group of a customer: what each group opens and which dunning it means is shown before one is chosen."""

from flask import url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField

from billhead.actions.accounts._price_groups import groups_of, means_of
from billhead.actions.accounts.set_price_group import set_price_group
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.speaking import later, say

__all__: list[str] = []


class PriceGroupForm(ReasonForm):
    price_group = SelectField(later("Price group"))
    reason = reason_field()


@admin.route("/customers/<int:key>/price-group", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def customer_price_group(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
        groups = sorted({"", row.price_group, *groups_of(session, row.seller_id)})
        means = means_of(session, row, groups)
    form = PriceGroupForm(price_group=row.price_group)
    form.price_group.choices = [(one, one or say("everybody")) for one in groups]

    def act(ctx: Context, form: PriceGroupForm) -> str:
        with writing(ctx) as tx:
            done = set_price_group(tx, key, form.price_group.data)
        return say("Saved. The price group is now: %(group)s.", group=done.price_group or say("everybody"))

    text = say(
        "Prices of the group hold from the next order or change of plan on; what runs keeps its price. Dunning goes by "
        "the table of the group at once."
    )
    question = Question(
        say("Price group of %(name)s", name=row.name), text, say("Save"), url_for("admin.customer", key=key),
        danger=False,
    )  # fmt: skip
    return asked(question, form, act, "admin/customer_group.html", means=means, now=row.price_group)
