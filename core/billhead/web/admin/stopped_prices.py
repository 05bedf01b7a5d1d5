"""One price is taken off sale, after a question that says who keeps it."""

from flask import url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField
from wtforms.validators import Optional

from billhead.actions.catalogue.stop_price import preview_stop_price, stop_price
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.formatting import lasting, money
from billhead.web.speaking import later, say, say_count

__all__: list[str] = []


class StopForm(ReasonForm):
    until = DateField(
        later("Not sold any more from"), validators=[Optional()], description=later("Empty: from now on.")
    )
    reason = reason_field()


@admin.route("/prices/<int:key>/stop", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def stop_selling(key: int) -> ResponseReturnValue:
    with reading() as session:
        price = found(session, Price, key, "price")
        plan, book = session.get_one(Plan, price.plan_id), session.get_one(PriceBook, price.book_id)
        kept = preview_stop_price(session, key)

    def act(ctx: Context, form: StopForm) -> str:
        with writing(ctx) as tx:
            stop_price(tx, key, form.until.data)
        return say("Saved. A new version of the price sells it again.")

    title = say(
        "Stop selling %(plan)s for %(term)s at %(amount)s?",
        plan=plan.name, term=lasting(price.term) or say("one time"), amount=money(price.amount_minor, book.currency),
    )  # fmt: skip
    text = say(
        "Nobody can order or change to it from the book %(book)s any more; a price in another book still holds.",
        book=book.code,
    )
    keep = say_count("%(count)d subscription pays it, and goes on.", "%(count)d subscriptions pay it, and go on.", kept)
    question = Question(title, f"{text} {keep}", say("Stop selling"), url_for("admin.plan", key=plan.id))
    return asked(question, StopForm(), act)
