"""Staff write to a customer first: to whom, about what, with a prepared answer or words of their own."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.support._canned import replies_for
from billhead.actions.support._opening import LONGEST_SUBJECT, NewTicket
from billhead.actions.support._seen import departments_for
from billhead.actions.support.write_to_customer import write_to_customer
from billhead.db import reading, writing
from billhead.domain.support import PRIORITIES
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import CannedReply
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.customers import CUSTOMERS
from billhead.web.customer.tickets import text_area
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.sent_files import files_field, sent_files
from billhead.web.speaking import later, say

__all__: list[str] = []

_SHOWN = 20
_THINGS = 50
_AFTERWARDS = {
    "answered": later("Nothing: it is told"),
    "waiting": later("They have to answer"),
    "closed": later("Close it at once"),
}


class WriteForm(Form):
    department = SelectField(later("From"), coerce=int)
    subject = StringField(
        later("Subject"),
        filters=[stripped],
        validators=[DataRequired(later("What is it about?")), Length(max=LONGEST_SUBJECT)],
    )
    about = SelectField(later("About"), choices={})
    text = text_area(later("What they read"), 10)
    files = files_field()
    priority = SelectField(later("Priority"), choices={one: later(one) for one in PRIORITIES}, default="normal")
    afterwards = SelectField(later("Then"), choices=_AFTERWARDS, default="answered")


@admin.get("/tickets/new")
@allow("staff", permission="tickets.write")
def choose_whom() -> ResponseReturnValue:
    """Whom: found as in the list of customers."""
    typed = request.args.get("q", "").strip()
    with reading() as session:
        query = CUSTOMERS.filtered().order_by(Customer.id.desc()).limit(_SHOWN)
        rows = session.execute(query).all() if typed else []
    if len(rows) == 1:
        return redirect(url_for("admin.write_customer", key=rows[0].id), 303)
    return page("admin/choose_whom.html", typed=typed, rows=rows, most=_SHOWN)


@admin.route("/customers/<int:key>/tickets/new", methods=["GET", "POST"])
@allow("staff", permission="tickets.write")
def write_customer(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
        departments = [
            one for one in departments_for(session, current_ctx()) if one.seller_id == row.seller_id and not one.retired
        ]
        replies = replies_for(session, row, *(one.id for one in departments))
        things = _things(session, key)
    form = WriteForm(data=_prefilled(replies), formdata=request.form or None)
    form.department.choices = [(one.id, one.name) for one in departments]
    form.about.choices = {"": say("nothing of these"), **things}
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                done = write_to_customer(tx, key, _wanted(form), form.afterwards.data)
            flash(
                say("Sent.") if row.email else say("Kept: they read it in their account, as they have no address."),
                "good",
            )
            return redirect(url_for("admin.ticket", key=done.ticket_id), 303)
    shown = page("admin/write_customer.html", customer=row, form=form, replies=replies)
    return shown, 422 if form.is_submitted() else 200


def _prefilled(replies: list[CannedReply]) -> dict[str, object]:
    chosen = next((one for one in replies if one.id == request.args.get("reply", type=int)), None)
    if chosen is None:
        return {}
    own = {"department": chosen.department_id} if chosen.department_id else {}
    return {"subject": chosen.name, "text": chosen.body, **own}


def _things(session: Session, customer_id: int) -> dict[str, str]:
    lines = (
        select(Service.id, Service.mac, Service.login)
        .join(Subscription)
        .where(Subscription.customer_id == customer_id, Service.lifecycle == "wanted")
        .order_by(Service.id.desc())
        .limit(_THINGS)
    )
    papers = (
        select(Document.id, Document.number_text, Document.kind)
        .where(Document.customer_id == customer_id, Document.state != "draft")
        .order_by(Document.id.desc())
        .limit(_THINGS)
    )
    named = {f"service-{key}": say("line %(name)s", name=mac or login) for key, mac, login in session.execute(lines)}
    for key, number, kind in session.execute(papers):
        named[f"document-{key}"] = f"{say(kind.replace('_', ' '))} {number or key}"
    return named


def _wanted(form: WriteForm) -> NewTicket:
    kind, _, key = (form.about.data or "").partition("-")
    about: dict[str, Any] = {f"{kind}_id": int(key)} if key else {}
    told = form.department.data, form.subject.data or "", form.text.data or "", tuple(sent_files())
    return NewTicket(*told, priority=form.priority.data, **about)
