"""How its users reach the reseller, and how early they are told that their time ends."""

from flask import url_for
from flask.typing import ResponseReturnValue
from wtforms import IntegerField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from billhead.actions.notifications._mornings import MOST_DAYS
from billhead.actions.resellers.set_contact import LONGEST, set_contact
from billhead.actions.resellers.set_told_before import set_told_before
from billhead.db import Tx, reading
from billhead.plugin import allow
from billhead.web.forms import stripped
from billhead.web.reseller.area import own_id, own_reseller, reseller
from billhead.web.reseller.asking import Question, QuestionForm, asked
from billhead.web.speaking import later, say

__all__: list[str] = []


class ContactForm(QuestionForm):
    contact = TextAreaField(
        later("How your users reach you"),
        filters=[stripped],
        validators=[Length(max=LONGEST)],
        description=later("An e-mail address, a phone number, a messenger: whatever you want them to read."),
        render_kw={"rows": 3},
    )
    told_before = IntegerField(
        later("Days before its end that a user is told"),
        validators=[InputRequired(), NumberRange(0, MOST_DAYS)],
        description=later(
            "In your name, in the morning, where you know an e-mail address. 0: they are not told. Who is renewed "
            "automatically is not told either."
        ),
    )


@reseller.route("/users/contact", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def contact() -> ResponseReturnValue:
    with reading() as session:
        own = own_reseller(session)
        form = ContactForm(contact=own.contact, told_before=own.told_before)

    def act(tx: Tx) -> str:
        set_contact(tx, own_id(), form.contact.data or "")
        set_told_before(tx, own_id(), form.told_before.data or 0)
        return say("Saved.")

    text = say(
        "Users with a login of their own read your name and this where you renew for them. Without it, your name."
    )
    question = Question(say("How your users reach you"), text, say("Save"), url_for("reseller.users"))
    return asked(question, lambda _tx: (), act, form)
