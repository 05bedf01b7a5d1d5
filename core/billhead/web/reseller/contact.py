"""How its users reach the reseller: what they read where a subscription is renewed by it."""

from flask import url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField
from wtforms.validators import Length

from billhead.actions.resellers.set_contact import LONGEST, set_contact
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


@reseller.route("/users/contact", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def contact() -> ResponseReturnValue:
    with reading() as session:
        form = ContactForm(contact=own_reseller(session).contact)

    def act(tx: Tx) -> str:
        set_contact(tx, own_id(), form.contact.data or "")
        return say("Saved.")

    text = say(
        "Users with a login of their own read your name and this where you renew for them. Without it, your name."
    )
    question = Question(say("How your users reach you"), text, say("Save"), url_for("reseller.users"))
    return asked(question, lambda _tx: (), act, form)
