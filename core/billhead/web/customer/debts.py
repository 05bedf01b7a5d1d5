"""What a customer owes: promising to pay it on a day."""

from datetime import date

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField
from wtforms.validators import InputRequired

from billhead.actions.dunning.promise_payment import preview_promise, promise_payment
from billhead.db import Tx, reading, writing
from billhead.domain.rights import BUYERS
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.customer.read import own_subscription
from billhead.web.formatting import day_in_words
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []


class PromiseForm(Form):
    day = DateField(later("I pay by"), validators=[InputRequired(later("Say on which day you pay."))])


@customer.route("/subscriptions/<int:subscription_id>/promise", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.pay")
def promise(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        found = own_subscription(session, current_customer_id(), subscription_id)
        offer = preview_promise(Tx(current_ctx(), session), subscription_id)
    form = PromiseForm(data={"day": offer.latest})
    form.day.render_kw = {"max": offer.latest.isoformat()}
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                made = promise_payment(tx, subscription_id, form.day.data)
            flash(_thanks(date.fromisoformat(made.day), made.restored), "good")
            return redirect(url_for("customer.subscription", subscription_id=subscription_id), 303)
    status = 422 if form.is_submitted() else 200
    return page("customer/promise.html", one=found, offer=offer, form=form), status


def _thanks(day: date, restored: bool) -> str:
    if restored:
        told = "Thank you. Please pay by %(day)s. Your service runs again until then."
        return say(told, day=day_in_words(day))
    return say("Thank you. Please pay by %(day)s.", day=day_in_words(day))
