"""What staff write down about a customer, for each other."""

from typing import NamedTuple

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session
from wtforms import BooleanField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.accounts.pin_note import pin_note
from billhead.actions.accounts.remove_note import remove_note
from billhead.actions.accounts.write_note import MOST, write_note
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.people import Customer, CustomerNote
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, who
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, instant, text
from billhead.web.admin.listing import Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["NOTES", "with_notes"]

_SHOWN = 5

NOTES = Listing(
    name="customer-notes",
    title=marked("Notes about customers"),
    lead=marked("Only staff read them."),
    query=select(
        CustomerNote.id,
        CustomerNote.at,
        CustomerNote.author,
        CustomerNote.text,
        CustomerNote.pinned,
        CustomerNote.customer_id,
        Customer.name.label("customer"),
    ).join(Customer, Customer.id == CustomerNote.customer_id),
    key=CustomerNote.id,
    columns=(
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        instant(marked("Written"), "at"),
        Column(marked("By"), lambda row: row.author, lambda row: who(row.author)),
        text(marked("Note"), "text", css="why"),
    ),
    search=lambda typed: or_(
        CustomerNote.text.icontains(typed, autoescape=True), Customer.name.icontains(typed, autoescape=True)
    ),
    search_label=marked("Words of the note, or the customer’s name"),
    narrow={"customer": CustomerNote.customer_id},
    empty=marked("Notes are written on the page of a customer."),
)


class Noted(NamedTuple):
    """A customer with the notes that its page shows: those that are pinned, and the newest of the others; `more`: there
    are older ones."""

    customer: Customer
    pinned: list[CustomerNote]
    others: list[CustomerNote]
    more: bool


def with_notes(session: Session, customer_id: int) -> Noted:
    """In one query, each newest first. Raises NotFound."""
    note = CustomerNote
    mine = select(note.id).where(note.customer_id == customer_id, note.pinned.is_(False))
    newest = mine.order_by(note.id.desc()).limit(_SHOWN + 1).subquery()
    shown = or_(note.pinned, note.id.in_(select(newest.c.id)))
    rows = session.execute(
        select(Customer, note)
        .outerjoin(note, and_(note.customer_id == Customer.id, shown))
        .where(Customer.id == customer_id)
        .order_by(note.id.desc())
    ).all()
    if not rows:
        raise NotFound("customer", customer_id)
    notes: list[CustomerNote] = [one for _, one in rows if one is not None]
    others = [one for one in notes if not one.pinned]
    return Noted(rows[0][0], [one for one in notes if one.pinned], others[:_SHOWN], len(others) > _SHOWN)


@admin.get("/customer-notes")
@allow("staff")
def customer_notes() -> ResponseReturnValue:
    return NOTES.answer()


class NoteForm(Form):
    text = TextAreaField(
        later("Note"),
        filters=[stripped],
        validators=[DataRequired(later("What are colleagues to know?")), Length(max=MOST)],
        description=later(
            "Only staff read it. It is in no copy of the customer’s data, and goes when they are erased."
        ),
        render_kw={"rows": 5, "dir": "auto"},
    )
    pinned = BooleanField(later("Stands on top of the customer’s page"))


@admin.route("/customers/<int:key>/notes/new", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def new_customer_note(key: int) -> ResponseReturnValue:
    with reading() as session:
        name = found(session, Customer, key, "customer").name
    form, back = NoteForm(), url_for("admin.customer", key=key)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                write_note(tx, key, form.text.data or "", bool(form.pinned.data))
            flash(say("The note is saved."), "good")
            return redirect(back, 303)
    title = say("A note about %(name)s", name=name)
    shown = page("admin/entry.html", form=form, title=title, back=back, section="customers")
    return shown, 422 if form.is_submitted() else 200


@admin.post("/customer-notes/<int:key>/pin")
@allow("staff", permission="customers.write")
def pin_customer_note(key: int) -> ResponseReturnValue:
    return _pinned(key, True)


@admin.post("/customer-notes/<int:key>/unpin")
@allow("staff", permission="customers.write")
def unpin_customer_note(key: int) -> ResponseReturnValue:
    return _pinned(key, False)


def _pinned(key: int, pinned: bool) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        customer_id = found(tx.session, CustomerNote, key, "note").customer_id
        pin_note(tx, key, pinned)
    return redirect(url_for("admin.customer", key=customer_id), 303)


@admin.route("/customer-notes/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def remove_customer_note(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, CustomerNote, key, "note")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            remove_note(tx, key)
        return say("The note is removed.")

    question = Question(
        say("Remove this note?"),
        say("“%(note)s” is gone then. That it was removed, by whom and why stays in the audit trail.", note=row.text),
        say("Remove it"),
        url_for("admin.customer", key=row.customer_id),
    )
    return asked(question, ReasonForm(), act)
