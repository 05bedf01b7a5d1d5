"""Which amounts of credit customers of a seller can buy ahead."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField
from wtforms.validators import Length

from billhead.actions.sellers._top_up_terms import terms_from, terms_text
from billhead.actions.sellers.set_top_ups import set_top_ups
from billhead.db import reading, writing
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []


class TopUpsForm(Form):
    top_ups = TextAreaField(
        later("Amounts"),
        filters=[stripped],
        validators=[Length(max=2000)],
        description=later(
            "A line for each currency: the least, the most, then amounts to choose from, like EUR 5 500 10 25"
            " 50. A bonus is a gift on top: 25+2, so 2 more from 25 on; 50+10%, so a tenth more from 50 on."
            " Without a line for their currency customers buy no credit."
        ),
    )


@admin.route("/sellers/<int:key>/top-ups", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def seller_top_ups(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
    form = TopUpsForm(data={"top_ups": terms_text(row.top_ups)})
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                set_top_ups(tx, key, terms_from(form.top_ups.data or ""))
            flash(say("Saved."), "good")
            return redirect(url_for("admin.seller_top_ups", key=key), 303)
    shown = page(
        "admin/entry.html", form=form, title=say("Credit that %(name)s sells", name=row.name),
        back=url_for("admin.seller_invoicing", key=key), section="sellers",
    )  # fmt: skip
    return shown, 422 if form.is_submitted() else 200
