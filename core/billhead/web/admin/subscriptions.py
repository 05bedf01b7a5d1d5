"""Subscriptions: the list, one with its parts and history, and suspending, restoring, canceling it."""

from datetime import date
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, case, false, or_, select
from sqlalchemy.orm import Session
from wtforms import DateField, RadioField
from wtforms.validators import Optional

from billhead import clock
from billhead.actions.billing.next_document import next_document
from billhead.actions.catalogue._holding import holding_minor
from billhead.actions.subscriptions._by_hand import renewed_by_hand
from billhead.actions.subscriptions._scheduled import may_take_back, scheduled_of
from billhead.actions.subscriptions.cancel import Canceled, cancel
from billhead.actions.subscriptions.lift_suspension import lift_suspension
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.document import OWED, Kind
from billhead.domain.subscription import RUNNING, State, SuspendedBy
from billhead.domain.typed_day import typed_day
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan, Price
from billhead.models.documents import Document, DocumentLine
from billhead.models.dunning import PaymentPromise
from billhead.models.panels import Panel
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent, SubscriptionEvent
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import Column, on, state, text, through, word
from billhead.web.admin.listing import Choice, Listing, Pick, Typed
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.admin.services import SERVICE_COLUMNS, is_line
from billhead.web.admin.standing import standing_of
from billhead.web.admin.subscription_history import History
from billhead.web.formatting import day_in_words, last_day, lasting, money
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.speaking import later, marked, say
from billhead.web.usage import purchases_of, usage_shown

__all__ = ["SUBSCRIPTIONS"]


def _matching(typed: str) -> ColumnElement[bool]:
    """Name or e-mail of the customer, number or reference, or one of its lines."""
    number = whole_number(typed.removeprefix("#"), 9)
    return or_(
        Customer.name.icontains(typed, autoescape=True),
        Customer.email.icontains(typed, autoescape=True),
        Subscription.external_ref == typed,
        Subscription.id == number if number is not None else false(),
        Subscription.id.in_(select(Service.subscription_id).where(is_line(typed))),
    )


def _paid_before(typed: str) -> ColumnElement[bool] | None:
    """The day that is shown is the last one with service, the day before what is kept."""
    day = typed_day(typed)
    return Subscription.paid_through <= day if day is not None else None


_NEVER_ALONE = ("credit_package", "reseller", "super_reseller", "bouquet", "connection")
"""Kinds of plans that nobody subscribes to."""

_STATES = (("running", [s.value for s in RUNNING]), *[s.value for s in State])

SUBSCRIPTIONS = Listing(
    name="subscriptions",
    title=marked("Subscriptions"),
    query=select(
        Subscription.id,
        Subscription.customer_id,
        Customer.name.label("customer"),
        Plan.name.label("plan"),
        Plan.code.label("plan_code"),
        Subscription.term,
        Subscription.state,
        Subscription.collection,
        Subscription.paid_through,
        Subscription.next_bill_on,
        Subscription.external_ref,
    )
    .join(Customer, Customer.id == Subscription.customer_id)
    .join(Plan, Plan.id == Subscription.plan_id),
    key=Subscription.id,
    columns=(
        text(marked("No."), "id", to="subscription"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Plan"), "plan"),
        Column(marked("Term"), lambda row: row.term, lambda row: lasting(row.term)),
        state(marked("State"), "state"),
        word(marked("Collected"), "collection"),
        through(marked("Paid until"), "paid_through"),
        on(marked("Billed next"), "next_bill_on"),
        text(marked("Reference"), "external_ref"),
    ),
    choices=(
        Choice("state", marked("State"), Subscription.state, _STATES),
        Choice("collection", marked("Collected"), Subscription.collection, ("auto", "manual")),
    ),
    typed=(Typed("paid_before", marked("Paid to before"), _paid_before, kind="date"),),
    search=_matching,
    search_label=marked("Customer's name or e-mail, number, reference, MAC or login"),
    narrow={
        "customer": Subscription.customer_id,
        "plan": Subscription.plan_id,
        "reseller": Customer.reseller_id,
        "panel": lambda key: Subscription.id.in_(select(Service.subscription_id).where(Service.panel_id == key)),
    },
    picks=(
        Pick("plan", marked("Plan"), select(Plan.id, Plan.name, Plan.code).where(Plan.kind.not_in(_NEVER_ALONE))),
        Pick("panel", marked("Panel"), select(Panel.id, Panel.name, Panel.code)),
        Pick(
            "reseller",
            marked("Reseller"),
            select(Reseller.id, Reseller.name, Reseller.code).where(Reseller.removed_on.is_(None)),
        ),
    ),
    empty=marked("The first order in the shop makes the first subscription."),
)  # fmt: skip


@admin.get("/subscriptions")
@allow("staff")
def subscriptions() -> ResponseReturnValue:
    kept: dict[str, Any] = dict(SUBSCRIPTIONS.kept())
    bulk = url_for("admin.new_bulk", **kept)
    return SUBSCRIPTIONS.answer(ticks=bulk if current_ctx().may("subscriptions.write") else "")


@admin.get("/subscriptions/<int:key>")
@allow("staff")
def subscription(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Subscription, key, "subscription")
        shown = _parts(session, row)
    can_be = {
        "suspended": row.state in RUNNING,
        "restored": row.state == State.SUSPENDED,
        "canceled": row.state != State.CANCELED and row.service_ends_on is None,
        "changed": row.state in RUNNING and row.service_ends_on is None and row.settlement == "invoice",
        "held": row.state in (State.ACTIVE, State.PAST_DUE) and row.service_ends_on is None,
        "resumed": row.state == State.SUSPENDED and row.suspended_for == SuspendedBy.CUSTOMER,
        "renewed": row.state in RUNNING and row.settlement == "invoice",
        "renewed_by_hand": row.service_ends_on is None and renewed_by_hand(row),
        "kept": row.state != State.CANCELED and shown["may_keep"],
        "transferred": row.state not in (State.CANCELED, State.PENDING) and row.settlement == "invoice",
    }
    return page("admin/subscription.html", subscription=row, can_be=can_be, **shown)


def _parts(session: Session, row: Subscription) -> dict[str, Any]:
    customer, plan = _whose(session, row.id)
    part, today = SubscriptionComponent, clock.today_in(row.zone)
    had_on = case((part.ends_on < today, part.ends_on), else_=today)
    components = session.execute(
        select(part, Plan.name.label("plan"), holding_minor(had_on))
        .join(Plan, Plan.id == part.plan_id)
        .join(Price, Price.id == part.price_id)
        .where(
            part.subscription_id == row.id,
            or_(part.ends_on.is_(None), part.ends_on > part.starts_on),  # others never had a day
        )
        .order_by(SubscriptionComponent.id)
    ).all()
    services = session.execute(
        select(*SERVICE_COLUMNS).where(Service.subscription_id == row.id).order_by(Service.id)
    ).all()
    history = session.scalars(
        select(SubscriptionEvent)
        .where(SubscriptionEvent.subscription_id == row.id)
        .order_by(SubscriptionEvent.id.desc())
        .limit(50)
    ).all()
    told_in = select(DocumentLine.document_id).where(DocumentLine.subscription_id == row.id)  # whoever had it then
    documents = session.scalars(
        select(Document).where(Document.id.in_(told_in)).order_by(Document.id.desc()).limit(25)
    ).all()
    trail = trail_of(session, f"subscription:{row.id}")
    tx = Tx(current_ctx(), session)
    planned = scheduled_of(tx, row.id)
    promise = session.scalar(
        select(PaymentPromise)
        .where(PaymentPromise.subscription_id == row.id)
        .order_by(PaymentPromise.id.desc())
        .limit(1)
    )
    return {
        "usage": usage_shown(session, row.id),
        "purchases": purchases_of(session, row.id),
        "customer": customer,
        "standing": standing_of(session, customer, row),
        "promise": promise,
        "owes": any(one.kind == Kind.INVOICE and one.state in OWED for one in documents)
        and (promise is None or promise.state != "open"),
        "plan": plan,
        "components": components,
        "services": services,
        "history": history,
        "told": History(session, history, plan, customer).told,
        "documents": documents,
        "trail": trail,
        "planned": planned,
        "may_keep": may_take_back(tx, row, planned),
    }


@admin.get("/subscriptions/<int:key>/next")
@allow("staff")
def next_of_subscription(key: int) -> ResponseReturnValue:
    with reading() as session:
        upcoming = next_document(session, key)
        row = session.get_one(Subscription, key)
        renewable = upcoming.waiting_id is None and row.service_ends_on is None and renewed_by_hand(row)
    return page("admin/next_document.html", upcoming=upcoming, renewable=renewable)


def _whose(session: Session, subscription_id: int) -> tuple[Customer, Plan]:
    customer, plan = session.execute(
        select(Customer, Plan)
        .select_from(Subscription)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(Subscription.id == subscription_id)
    ).one()
    return customer, plan


def _question(key: int, title: str, text: str, button: str, *, danger: bool = True) -> Question:
    """The question about one subscription, by its customer's and plan's names. Raises NotFound."""
    with reading() as session:
        row = found(session, Subscription, key, "subscription")
        customer, plan = _whose(session, key)
    last = last_day(row.paid_through)
    through = day_in_words(last) if last else say("today")
    names = {"plan": plan.name, "who": customer.name, "paid_through": through}
    back = url_for("admin.subscription", key=key)
    return Question(say(title, **names), say(text, **names), say(button), back, danger)


@admin.route("/subscriptions/<int:key>/suspend", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def suspend_subscription(key: int) -> ResponseReturnValue:
    question = _question(
        key,
        marked("Suspend %(plan)s of %(who)s?"),
        marked(
            "Its lines are blocked on their panels and no new invoice is written. A payment does not lift it; you do."
        ),
        marked("Suspend"),
    )

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            changed = suspend(tx, key, SuspendedBy.STAFF.value).changed
        return say("Suspended. Its lines are being blocked.") if changed else say("It was suspended already.")

    return asked(question, ReasonForm(), act)


@admin.route("/subscriptions/<int:key>/restore", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def restore_subscription(key: int) -> ResponseReturnValue:
    question = _question(
        key,
        marked("Restore %(plan)s of %(who)s?"),
        marked("Its lines run again, whatever had stopped them. What is owed stays owed."),
        marked("Restore"),
        danger=False,
    )

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            lift_suspension(tx, key)
        return say("Restored. Its lines are being unblocked.")

    return asked(question, ReasonForm(), act)


class CancelForm(PreviewForm):
    policy = RadioField(
        later("When"),
        choices={
            "end_of_term": later("When the paid time is over"),
            "immediate": later("At once: its lines are removed now"),
            "on_date": later("On the day below"),
            "start_of_term": later("At once, and the running period is given back whole"),
        },
        default="end_of_term",
    )
    on = DateField(
        later("Day"),
        validators=[Optional()],
        description=later("The first day without service; one that has passed will do."),
    )
    money = RadioField(
        later("Paid days without service"),
        choices={
            "": later("As the plan has it"),
            "nothing": later("Stay paid"),
            "credit": later("Become credit"),
            "refund": later("Are refunded"),
        },
        default="",
    )
    reason = reason_field()


@admin.route("/subscriptions/<int:key>/cancel", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def cancel_subscription(key: int) -> ResponseReturnValue:
    question = _question(
        key,
        marked("Cancel %(plan)s of %(who)s?"),
        marked("It is paid until %(paid_through)s. The customer is told."),
        marked("Cancel the subscription"),
    )
    form = CancelForm()

    def act(tx: Tx) -> Canceled:
        on = form.on.data if form.policy.data == "on_date" else None
        return cancel(tx, key, form.policy.data, on=on, money=form.money.data)

    def done(_: Context, canceled: Canceled) -> str:
        first = day_in_words(date.fromisoformat(canceled.ends_on))
        told = say("Canceled: %(day)s is the first day without service.", day=first)
        if canceled.total_minor >= 0:
            return told
        return f"{told} " + say("%(money)s came back.", money=money(-canceled.total_minor, canceled.currency))

    return previewed(question, form, act, _figures, done)


def _figures(canceled: Canceled) -> Figures:
    """All that the cancellation would come to."""
    off_owed = canceled.on_owed_minor + canceled.voided_minor
    amounts = (
        (say("Not owed any more"), off_owed),
        (say("Comes back"), max(-canceled.total_minor, 0) - canceled.on_owed_minor),
        (say("A last invoice"), max(canceled.total_minor, 0)),
        (say("Still to be paid"), canceled.owed_minor),
    )
    return [
        (say("First day without service"), day_in_words(date.fromisoformat(canceled.ends_on))),
        (say("First day that is not charged"), day_in_words(date.fromisoformat(canceled.billed_until))),
        *((what, money(minor, canceled.currency)) for what, minor in amounts if minor),
    ]
