"""Bulk actions over subscriptions: chosen by filters or ticks, asked with figures, watched, taken back."""

import hashlib
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select
from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from billhead.actions.bulk._kinds import KINDS
from billhead.actions.bulk.ask_bulk import BulkPreview, BulkWish, ask_bulk, preview_ask_bulk
from billhead.actions.bulk.cancel_bulk import cancel_bulk
from billhead.actions.bulk.undo_bulk import undo_bulk
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.domain.whole_number import whole_number
from billhead.models.bulk import BulkAction, BulkItem
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id, trail_of, who
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import Column, instant, number, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.subscriptions import SUBSCRIPTIONS
from billhead.web.forms import stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__: list[str] = []

_STATES = ("queued", "running", "done", "canceled", "undoing", "undone")

BULKS = Listing(
    name="bulk-actions",
    title=marked("Bulk actions"),
    lead=marked("What was done to many subscriptions at once."),
    query=select(
        BulkAction.id,
        BulkAction.kind,
        BulkAction.state,
        BulkAction.total,
        BulkAction.done,
        BulkAction.failed,
        BulkAction.reason,
        BulkAction.asked_by,
        BulkAction.created_at,
    ),
    key=BulkAction.id,
    columns=(
        text(marked("No."), "id", to="bulk"),
        Column(marked("What"), lambda row: row.kind, lambda row: say(KINDS[row.kind].label)),
        state(marked("State"), "state"),
        number(marked("Subscriptions"), "total"),
        number(marked("Done"), "done"),
        number(marked("Failed"), "failed"),
        text(marked("Why"), "reason", css="clip"),
        Column(marked("Asked by"), lambda row: who(row.asked_by), lambda row: who(row.asked_by)),
        instant(marked("Asked"), "created_at"),
    ),
    choices=(Choice("state", marked("State"), BulkAction.state, _STATES),),
    empty=marked("Filter the list of subscriptions or tick some of them, and choose what to do with all of them."),
)

ITEMS = Listing(
    name="bulk-action",
    title=marked("Result of a bulk action"),
    query=select(
        BulkItem.id,
        BulkItem.subscription_id,
        Subscription.customer_id,
        Customer.name.label("customer"),
        BulkItem.state,
        BulkItem.said,
    )
    .join(Subscription, Subscription.id == BulkItem.subscription_id)
    .join(Customer, Customer.id == Subscription.customer_id),
    key=BulkItem.id,
    columns=(
        text(marked("Subscription"), "subscription_id", to="subscription", key="subscription_id"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        state(marked("State"), "state"),
        text(marked("What was said"), "said", css="why"),
    ),
    choices=(Choice("state", marked("State"), BulkItem.state, ("waiting", "done", "failed", "undone", "stays")),),
    narrow={"bulk": BulkItem.bulk_id},
    empty=marked("Nothing was chosen."),
)


class BulkForm(ReasonForm):
    kind = SelectField(later("What to do"))
    days = IntegerField(later("Days, when days are given"), default=1, validators=[Optional(), NumberRange(1, 366)])
    subject = StringField(later("Subject, of a message"), filters=[stripped], validators=[Length(max=150)])
    words = TextAreaField(
        later("Message"),
        filters=[stripped],
        validators=[Length(max=4000)],
        description=later("Each customer gets it once, with your house's greeting above and its name below."),
    )
    reason = reason_field()
    seen = HiddenField()


@admin.get("/bulk")
@allow("staff")
def bulks() -> ResponseReturnValue:
    return BULKS.answer()


@admin.get("/bulk/results")
@allow("staff")
def bulk_items() -> ResponseReturnValue:
    return ITEMS.answer()


@admin.route("/subscriptions/bulk", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def new_bulk() -> ResponseReturnValue:
    """The address says who is meant, as it does on the list; first the figures, then the yes."""
    form = BulkForm()
    form.kind.choices = [(name, say(kind.label)) for name, kind in KINDS.items()]
    chosen, told = _chosen()
    seen: BulkPreview | None = None
    if form.validate_on_submit():
        with form.refusals():
            wish = BulkWish(own_seller_id(), form.kind.data, _more(form), told)
            with reading() as session:
                seen = preview_ask_bulk(session, wish, chosen)
            digest = hashlib.sha256(repr((wish, seen)).encode()).hexdigest()[:16]
            if seen.count and form.seen.data == digest:
                with writing(submit_ctx()) as tx:
                    made = ask_bulk(tx, wish, chosen, form.reason.data)
                return redirect(url_for("admin.bulk", key=made.bulk_id), 303)
            form.seen.data = digest
    wrong = form.is_submitted() and seen is None
    return page("admin/bulk_new.html", form=form, seen=seen, told=told), 422 if wrong else 200


def _chosen() -> tuple[Select[Any], str]:
    """(ids of subscriptions, in words): the ticked ones, or all that fit the filters of the address."""
    ticked = [number for one in request.args.getlist("ids") if (number := whole_number(one)) is not None]
    if ticked:
        ids = select(Subscription.id).where(Subscription.id.in_(ticked[:500]))
        return ids, f"{len(ticked)} ticked"
    for name in SUBSCRIPTIONS.misread():
        raise InvalidInput(name, "can't be read, and without it all would be meant")
    kept = SUBSCRIPTIONS.kept()
    with reading() as session:
        kept |= {one.pick.name: one.named() for one in SUBSCRIPTIONS.offered(session) if one.pick.name in kept}
    told = ", ".join(f"{name} {value}" for name, value in kept.items())
    return SUBSCRIPTIONS.filtered().with_only_columns(Subscription.id), told or "all"


def _more(form: BulkForm) -> dict[str, Any]:
    if form.kind.data == "extend":
        return {"days": form.days.data}
    return {"subject": form.subject.data or "", "words": form.words.data or ""} if form.kind.data == "message" else {}


@admin.get("/bulk/<int:key>")
@allow("staff")
def bulk(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, BulkAction, key, "bulk action")
        trail = trail_of(session, f"bulk:{key}")
    goes_on = row.state in ("queued", "running", "undoing")
    may_undo = KINDS[row.kind].undo is not None and row.state in ("done", "canceled") and row.done > 0
    return page("admin/bulk.html", row=row, kind=KINDS[row.kind], trail=trail, goes_on=goes_on, may_undo=may_undo)


@admin.route("/bulk/<int:key>/cancel", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def cancel_one_bulk(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, BulkAction, key, "bulk action")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return say("Stopped after %(done)s.", done=cancel_bulk(tx, key).done)

    told = say(
        "%(done)s of %(total)s are done and stay so; nothing is done to the others.", done=row.done, total=row.total
    )
    return asked(Question(say("Stop it?"), told, say("Stop"), url_for("admin.bulk", key=key)), ReasonForm(), act)


@admin.route("/bulk/<int:key>/undo", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def undo_one_bulk(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, BulkAction, key, "bulk action")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return say("%(done)s are taken back, one by one.", done=undo_bulk(tx, key).done)

    told = say(
        "%(done)s subscriptions become what they were, except where something has changed since: those stay.",
        done=row.done,
    )
    return asked(
        Question(say("Take it back?"), told, say("Take back"), url_for("admin.bulk", key=key)), ReasonForm(), act
    )
