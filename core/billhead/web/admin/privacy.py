"""People's data: requests to be erased, copies, what customers agreed to, and what is kept how long."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired

from billhead import clock
from billhead.actions.privacy._copy import GROUPS
from billhead.actions.privacy._schedule import SCHEDULE, over_time
from billhead.actions.privacy._standing import BLOCKERS, outlook, privacy_rules
from billhead.actions.privacy.ask_erasure import ask_erasure
from billhead.actions.privacy.ask_export import ask_export
from billhead.actions.privacy.revoke_erasure import revoke_erasure
from billhead.actions.sellers.set_privacy_rules import set_privacy_rules
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.fraud import rules_from as fraud_rules
from billhead.domain.privacy import OPEN, ErasureState, PrivacyRules, rules_from
from billhead.domain.watching import rules_from as watching_rules
from billhead.jobs.schedule import PERIODIC
from billhead.models.consents import Consent
from billhead.models.people import Customer
from billhead.models.privacy import DataExport, ErasureRequest
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of, who
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import Column, instant, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.exported_data import exported_file, open_export
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say, say_count

__all__: list[str] = []

_SHOWN = 20

ERASURES = Listing(
    name="erasures",
    title=marked("Erasures"),
    lead=marked("Who asked to be forgotten, what stands against it, and when it was done."),
    query=select(
        ErasureRequest.id,
        ErasureRequest.customer_id,
        Customer.name.label("customer"),
        ErasureRequest.state,
        ErasureRequest.said,
        ErasureRequest.asked_by,
        ErasureRequest.asked_at,
        ErasureRequest.due_at,
        ErasureRequest.finished_at,
    ).join(Customer, Customer.id == ErasureRequest.customer_id),
    key=ErasureRequest.id,
    columns=(
        text(marked("Customer"), "customer", to="customer_data", key="customer_id"),
        state(marked("State"), "state"),
        text(marked("What is in the way"), "said", css="why"),
        Column(marked("Asked by"), lambda row: who(row.asked_by), lambda row: who(row.asked_by)),
        instant(marked("Asked"), "asked_at"),
        instant(marked("Due"), "due_at"),
        instant(marked("Ended"), "finished_at"),
    ),
    choices=(Choice("state", marked("State"), ErasureRequest.state, tuple(one.value for one in ErasureState)),),
    narrow={"customer": ErasureRequest.customer_id},
    empty=marked("Nobody has asked to be forgotten."),
)


class EraseForm(Form):
    ends_lines = BooleanField(later("End subscriptions that still run"), default=True)
    reason = reason_field()


def _days(label: str, told: str = "") -> IntegerField:
    return IntegerField(label, validators=[InputRequired(later("Give a whole number."))], description=told)


class PrivacyForm(Form):
    erasure_days = _days(later("Days until somebody is erased"), later("In which they can change their mind."))
    export_days = _days(later("Days that a copy can be downloaded"))
    document_years = _days(later("Fiscal years that documents are kept"), later("As the law of the seller wants it."))
    notice_days = _days(later("Days that messages are kept"))
    ticket_days = _days(later("Days that closed tickets are kept"))
    mail_days = _days(later("Days that mails to support are kept"))
    callback_days = _days(later("Days that messages of gateways are kept"))
    event_days = _days(
        later("Days that events are kept"), later("The longest of all sellers' holds, also for the two below.")
    )
    audit_days = _days(later("Days that the audit trail is kept"))
    key_days = _days(later("Days that results of repeated requests are kept"))


@admin.get("/erasures")
@allow("staff", permission="privacy.write")
def erasures() -> ResponseReturnValue:
    return ERASURES.answer()


@admin.get("/retention")
@allow("staff", permission="privacy.write")
def retention() -> ResponseReturnValue:
    """What is kept how long, and how much goes tonight."""
    with reading() as session:
        sellers = session.scalars(select(Seller).order_by(Seller.id)).all()
        due = {kept.code: over_time(session, kept) for kept in SCHEDULE}
    rules = [(seller, rules_from(seller.privacy)) for seller in sellers]
    lengths = {kept.code: sorted({getattr(one, kept.rule) for _, one in rules}) for kept in SCHEDULE if kept.rule}
    watched = [(seller, watching_rules(seller.watching), fraud_rules(seller.fraud)) for seller in sellers]
    purge, now = next(one for one in PERIODIC if one.kind == "house.purge"), clock.business_now()
    tonight = purge.slot(now) + purge.after
    return page(
        "admin/retention.html",
        schedule=SCHEDULE,
        due=due,
        lengths=lengths,
        sellers=sellers,
        watched=watched,
        next_purge=tonight if now < tonight else tonight + purge.every,
    )


@admin.route("/sellers/<int:key>/privacy", methods=["GET", "POST"])
@allow("staff", permission="privacy.write")
def seller_privacy(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
    form = PrivacyForm(data=rules_from(row.privacy).stored())
    if form.validate_on_submit():
        with form.refusals():
            rules = PrivacyRules(**{name: form[name].data for name in PrivacyRules.__dataclass_fields__})
            with writing(submit_ctx()) as tx:
                set_privacy_rules(tx, key, rules)
            flash(say("Saved."), "good")
            return redirect(url_for("admin.retention"), 303)
    answer = page(
        "admin/entry.html", form=form, title=say("How long %(name)s keeps what", name=row.name),
        back=url_for("admin.retention"), section="retention",
    )  # fmt: skip
    return answer, 422 if form.is_submitted() else 200


@admin.get("/customers/<int:key>/data")
@allow("staff")
def customer_data(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")

        def newest(model: Any) -> list[Any]:
            mine = select(model).where(model.customer_id == key).order_by(model.id.desc()).limit(_SHOWN)
            return list(session.scalars(mine))

        shown = {"consents": newest(Consent), "copies": newest(DataExport), "erasures": newest(ErasureRequest)}
        trail = trail_of(session, f"customer:{key}")
        told = outlook(session, row)
    return page(
        "admin/customer_data.html", customer=row, outlook=told, blockers=BLOCKERS, groups=GROUPS, trail=trail,
        now=clock.now(), open_states=OPEN, **shown,
    )  # fmt: skip


@admin.route("/customers/<int:key>/data/copy", methods=["GET", "POST"])
@allow("staff", permission="privacy.write")
def copy_customer(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            made = ask_export(tx, key)
        return say("Copy %(export_id)s is being made.", export_id=made.export_id)

    told = say(
        "All that is held about them, as a ZIP to download here. They are told by mail as well, and find it there."
    )
    back = url_for("admin.customer_data", key=key)
    return asked(
        Question(say("Copy the data of %(name)s?", name=row.name), told, say("Copy"), back, danger=False),
        ReasonForm(),
        act,
    )


@admin.get("/customers/<int:key>/data/copy/<int:export_id>")
@allow("staff", permission="privacy.write")
def copied_customer(key: int, export_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = open_export(session, export_id)
    if row.customer_id != key:
        raise NotFound("copy of data", export_id)
    return exported_file(row)


@admin.route("/customers/<int:key>/data/erase", methods=["GET", "POST"])
@allow("staff", permission="privacy.write")
def erase_customer_data(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
        days = privacy_rules(session, row.seller_id).erasure_days

    def act(ctx: Context, form: EraseForm) -> str:
        with writing(ctx) as tx:
            made = ask_erasure(tx, key, ends_lines=form.ends_lines.data)
        return say(
            "%(name)s is erased on %(due_at)s, if nothing stands against it.",
            name=row.name,
            due_at=made.due_at.date().isoformat(),
        )

    told = say_count(
        "In %(count)s day all of the person is deleted or overwritten. Until then it can be revoked; after that not.",
        "In %(count)s days all of the person is deleted or overwritten. Until then it can be revoked; after that not.",
        days,
    )
    back = url_for("admin.customer_data", key=key)
    return asked(Question(say("Erase %(name)s?", name=row.name), told, say("Erase"), back), EraseForm(), act)


@admin.route("/customers/<int:key>/data/keep", methods=["GET", "POST"])
@allow("staff", permission="privacy.write")
def keep_customer_data(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            revoke_erasure(tx, key)
        return say("Nothing is erased.")

    back = url_for("admin.customer_data", key=key)
    told = say("The request is revoked; the account goes on as it was.")
    return asked(
        Question(say("Keep %(name)s?", name=row.name), told, say("Keep"), back, danger=False), ReasonForm(), act
    )
