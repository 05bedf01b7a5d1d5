"""Bulk actions over subscriptions: chosen by filters or ticks, asked with figures, watched, taken back."""

import hashlib
from dataclasses import replace
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select
from wtforms import HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from billhead.actions.bulk._each import EachBefore, each_before
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
from billhead.web.speaking import later, marked, say, say_count

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
    """What every deed asks; those that need more have a form of their own."""

    kind = HiddenField()
    reason = reason_field()
    seen = HiddenField()

    def more(self) -> dict[str, Any]:
        return {}

    def deed(self, seen: BulkPreview) -> str:
        """What the button does, with how many."""
        return say(_DEEDS[self.kind.data], count=seen.count)


class GiveDaysForm(BulkForm):
    days = IntegerField(later("Days"), default=1, validators=[InputRequired(), NumberRange(1, 366)])
    reason = reason_field()

    def more(self) -> dict[str, Any]:
        return {"days": self.days.data}

    def deed(self, seen: BulkPreview) -> str:
        days = int(self.days.data or 0)
        return say(say_count("Give %(count)d day to %%(of)s", "Give %(count)d days to %%(of)s", days), of=seen.count)


class TellForm(BulkForm):
    subject = StringField(later("Subject"), filters=[stripped], validators=[InputRequired(), Length(max=150)])
    words = TextAreaField(
        later("Message"),
        filters=[stripped],
        validators=[InputRequired(), Length(max=4000)],
        description=later("Each customer gets it once, with your house's greeting above and its name below."),
    )
    reason = reason_field()

    def more(self) -> dict[str, Any]:
        return {"subject": self.subject.data, "words": self.words.data}

    def deed(self, seen: BulkPreview) -> str:
        return say_count("Send it to %(count)d customer", "Send it to %(count)d customers", seen.customers)


_FORMS: dict[str, type[BulkForm]] = {"extend": GiveDaysForm, "message": TellForm}
_DEEDS = {
    "suspend": marked("Suspend %(count)s"),
    "restore": marked("Let %(count)s run again"),
    "cancel": marked("Cancel %(count)s at the end of the term"),
}
_CHANGES = {
    "paid_through": marked("Paid until"),
    "service_ends_on": marked("Ends"),
    "state": marked("State"),
}
"""What a preview shows of each, before and after."""


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
    """The address says who is meant, as it does on the list. First the deed, then what it needs; then the figures and
    each of them, and then the yes."""
    chosen, told = _chosen()
    kind = KINDS.get(request.values.get("kind", ""))
    if kind is None:
        deeds = [(say(one.label), _with_kind(name)) for name, one in KINDS.items()]
        return page("admin/bulk_new.html", deeds=deeds, told=told), 422 if request.method == "POST" else 200
    form = _FORMS.get(request.values["kind"], BulkForm)()
    form.kind.data = request.values["kind"]
    seen: BulkPreview | None = None
    each: list[EachBefore] = []
    more, turned = False, whole_number(request.form.get("after", ""))
    if form.validate_on_submit():
        with form.refusals():
            wish = BulkWish(own_seller_id(), form.kind.data, form.more(), told)
            with reading() as session:
                seen = preview_ask_bulk(session, wish, chosen)
            digest = hashlib.sha256(repr((wish, seen)).encode()).hexdigest()[:16]
            if seen.count and form.seen.data == digest and turned is None:
                with writing(submit_ctx()) as tx:
                    made = ask_bulk(tx, wish, chosen, form.reason.data)
                return redirect(url_for("admin.bulk", key=made.bulk_id), 303)
            form.seen.data = digest
            each, more = each_before(replace(submit_ctx(), reason=form.reason.data), wish, chosen, turned or 0)
    shown = {"seen": seen, "each": each, "more": more, "turned": turned, "changes": _CHANGES.get(kind.shows, "")}
    wrong = form.is_submitted() and seen is None
    return page("admin/bulk_new.html", form=form, kind=kind, told=told, **shown), 422 if wrong else 200


def _with_kind(name: str) -> str:
    """The address of this page, with the deed that was chosen."""
    asked: dict[str, Any] = {**request.args.to_dict(flat=False), "kind": name}
    return url_for("admin.new_bulk", **asked)


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
            done = undo_bulk(tx, key).done
        return say_count("%(count)s is taken back.", "%(count)s are taken back, one by one.", done)

    told = say_count(
        "%(count)s subscription becomes what it was, except where something has changed since: that stays.",
        "%(count)s subscriptions become what they were, except where something has changed since: those stay.",
        row.done,
    )
    return asked(
        Question(say("Take it back?"), told, say("Take back"), url_for("admin.bulk", key=key)), ReasonForm(), act
    )
