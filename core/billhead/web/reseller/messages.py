"""A message to the picked users, or to resellers below: written, looked at as it reads, sent, watched, stopped."""

import hashlib

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.resellers._messages import A_DAY, MOST, Letter, recipients
from billhead.actions.resellers._seen import seen_message
from billhead.actions.resellers._tree import subtree
from billhead.actions.resellers.send_message import MessagePreview, preview_send_message, send_message
from billhead.actions.resellers.stop_message import stop_message
from billhead.db import Tx, reading, writing
from billhead.domain.whole_number import whole_number
from billhead.models.people import Customer
from billhead.models.resellers import ResellerMessage, ResellerMessageItem
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.forms import Form, stripped
from billhead.web.looking import next_look
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.area import own_customer, own_id, reseller
from billhead.web.reseller.asking import Question, asked
from billhead.web.reseller.many import picked
from billhead.web.speaking import later, say, say_count, speech
from billhead.wording import NOTICE_LANGUAGES, wording

__all__: list[str] = []


class MessageForm(Form):
    subject = StringField(
        later("Subject"),
        filters=[stripped],
        validators=[DataRequired(later("Say what it is about.")), Length(max=150)],
        render_kw={"autocomplete": "off", "dir": "auto"},
    )
    words = TextAreaField(
        later("Message"),
        filters=[stripped],
        validators=[DataRequired(later("Write what they are to read.")), Length(max=4000)],
        description=later("Each gets it once, with a greeting above and the name that they know you by."),
        render_kw={"rows": 8, "dir": "auto"},
    )
    language = SelectField(
        later("Language that it is written in"),
        description=later("The greeting and what stands below come in it too."),
    )
    only = BooleanField(later("Only to those who read this language"))
    seen = HiddenField()


@reseller.get("/messages")
@allow("reseller", "super_reseller")
def messages() -> ResponseReturnValue:
    with reading() as session:
        query = select(ResellerMessage).where(ResellerMessage.reseller_id == own_id())
        rows = page_of(session, query, ResellerMessage.id, size=50)
    return page("reseller/messages.html", rows=rows, a_day=A_DAY)


@reseller.post("/messages/new")
@allow("reseller", "super_reseller")
def new_message() -> ResponseReturnValue:
    """The list sends who is picked; the page sends them on with what is written, and then with the yes."""
    with reading() as session:
        people, back = _meant(session)
        mine = own_customer(session).language
    if not people:
        flash(say("Pick at least one."), "warn")
        return redirect(url_for(back), 303)
    written = "words" in request.form
    form = MessageForm(formdata=request.form if written else None, language=mine)
    form.language.choices = [(code, wording(code).own_name) for code in NOTICE_LANGUAGES]
    looked: MessagePreview | None = None
    if written and form.validate():
        letter = Letter(form.subject.data or "", form.words.data or "", form.language.data, bool(form.only.data))
        with form.refusals():
            with reading() as session:
                looked = preview_send_message(Tx(current_ctx(), session), own_id(), people, letter)
            digest = hashlib.sha256(repr((letter, people, looked)).encode()).hexdigest()[:16]
            if looked.count and form.seen.data == digest:
                with writing(submit_ctx()) as tx:
                    sent = send_message(tx, own_id(), people, letter)
                return redirect(url_for("reseller.message", key=sent.message_id), 303)
            form.seen.data = digest
    status = 422 if written and looked is None else 200
    shown = {"form": form, "people": people, "looked": looked, "back": back}
    return page("reseller/message_new.html", **shown), status


def _meant(session: Session) -> tuple[list[int], str]:
    """(customers, the list that they were picked on): by the list of users, by that of resellers, or by this page.
    Raises NotFound for somebody else's."""
    told = {name: _numbers(name) for name in ("to", "below")}
    back = "reseller.resellers" if "below" in request.form or request.form.get("back") == "below" else "reseller.users"
    if told["to"]:
        return told["to"], back
    if back == "reseller.resellers":
        buys = Customer.buys_for_reseller_id
        whose = buys.in_(subtree(own_id())) & (buys != own_id())
        query = select(Customer.id).where(whose if "all" in request.form else whose & buys.in_(told["below"]))
    else:
        query = select(Customer.id).join(Subscription, Subscription.customer_id == Customer.id)
        query = query.where(Subscription.id.in_(picked(session))).distinct()
    people = list(session.scalars(query.order_by(Customer.id).limit(MOST)))
    return [one.id for one in recipients(session, own_id(), people)] if people else [], back


def _numbers(name: str) -> list[int]:
    return sorted({number for text in request.form.getlist(name) if (number := whole_number(text)) is not None})


@reseller.get("/messages/<int:key>")
@allow("reseller", "super_reseller")
def message(key: int) -> ResponseReturnValue:
    item = ResellerMessageItem
    with reading() as session:
        row = seen_message(session, current_ctx(), key)
        query = (
            select(item.id, item.state, item.why, Customer.name)
            .join(Customer, Customer.id == item.customer_id)
            .where(item.message_id == key)
        )
        rows = page_of(session, query, item.id, whole_rows=True, size=50)
    look = next_look() if row.state == "running" else ""
    return page("reseller/message.html", message=row, rows=rows, look=look, written_in=speech().name_of(row.language))


@reseller.route("/messages/<int:key>/stop", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def stop_one_message(key: int) -> ResponseReturnValue:
    with reading() as session:
        seen_message(session, current_ctx(), key)

    def act(tx: Tx) -> str:
        left = stop_message(tx, key).left
        return say_count("Stopped: %(count)d does not get it.", "Stopped: %(count)d do not get it.", left)

    text = say("Who has got it has got it; nobody else gets it.")
    question = Question(say("Stop it?"), text, say("Stop"), url_for("reseller.message", key=key), danger=True)
    return asked(question, lambda _tx: (), act)
