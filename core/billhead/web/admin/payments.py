"""Payments and the attempts that led to them; an undecided attempt is looked up, never charged again."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select
from wtforms import SelectField, StringField
from wtforms.validators import Length

from billhead.actions.payments.decide_attempt import decide_attempt
from billhead.actions.payments.resolve import resolve
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt, PaymentMethod
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import amount, code, instant, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.speaking import later, marked, say, say_word

__all__ = ["ATTEMPTS", "PAYMENTS", "UNDECIDED"]

UNDECIDED = ("created", "processing", "unknown")
"""Money may be under way and nobody waits at a screen: staff should know how it ends."""


def _paid_with(typed: str) -> ColumnElement[bool]:
    return or_(Payment.provider_ref == typed, Customer.name.icontains(typed, autoescape=True), Customer.email == typed)


PAYMENTS = Listing(
    name="payments",
    title=marked("Payments"),
    query=select(
        Payment.id,
        Payment.customer_id,
        Customer.name.label("customer"),
        GatewayAccount.name.label("account"),
        Payment.provider_ref,
        Payment.attempt_id,
        Payment.state,
        Payment.currency,
        Payment.amount_minor,
        Payment.refunded_minor,
        Payment.fee_minor,
        Payment.received_at,
    )
    .join(Customer, Customer.id == Payment.customer_id)
    .join(GatewayAccount, GatewayAccount.id == Payment.account_id),
    key=Payment.id,
    columns=(
        text(marked("No."), "id", to="payment"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Account"), "account"),
        code(marked("Reference"), "provider_ref"),
        text(marked("Attempt"), "attempt_id", to="attempt", key="attempt_id"),
        state(marked("State"), "state"),
        amount(marked("Amount"), "amount_minor"),
        amount(marked("Refunded"), "refunded_minor"),
        amount(marked("Fee"), "fee_minor"),
        instant(marked("Received"), "received_at"),
    ),
    choices=(Choice("state", marked("State"), Payment.state, ("received", "charged_back")),),
    search=_paid_with,
    search_label=marked("Reference, customer's name or e-mail"),
    narrow={"customer": Payment.customer_id, "account": Payment.account_id},
    empty=marked("Money that came in stands here, with the reference that the gateway or the bank gave it."),
)


def _tried_for(typed: str) -> ColumnElement[bool]:
    return or_(
        PaymentAttempt.key == typed,
        PaymentAttempt.provider_ref == typed,
        Customer.name.icontains(typed, autoescape=True),
    )


ATTEMPTS = Listing(
    name="payment-attempts",
    title=marked("Payment attempts"),
    query=select(
        PaymentAttempt.id,
        PaymentAttempt.key,
        PaymentAttempt.document_id,
        Document.number_text,
        PaymentAttempt.customer_id,
        Customer.name.label("customer"),
        GatewayAccount.name.label("account"),
        PaymentAttempt.state,
        PaymentAttempt.decline_code,
        PaymentAttempt.currency,
        PaymentAttempt.amount_minor,
        PaymentAttempt.created_at,
        PaymentAttempt.next_look_at,
    )
    .join(Customer, Customer.id == PaymentAttempt.customer_id)
    .join(Document, Document.id == PaymentAttempt.document_id)
    .join(GatewayAccount, GatewayAccount.id == PaymentAttempt.account_id),
    key=PaymentAttempt.id,
    columns=(
        text(marked("Attempt"), "key", to="attempt"),
        text(marked("Document"), "document_id", to="document", key="document_id"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Account"), "account"),
        state(marked("State"), "state"),
        text(marked("Declined"), "decline_code"),
        amount(marked("Amount"), "amount_minor"),
        instant(marked("Made"), "created_at"),
        instant(marked("Looked up next"), "next_look_at"),
    ),
    choices=(
        Choice(
            "state", marked("State"), PaymentAttempt.state, (("undecided", UNDECIDED), *[s.value for s in AttemptState])
        ),
    ),
    search=_tried_for,
    search_label=marked("Attempt, reference or customer's name"),
    narrow={"customer": PaymentAttempt.customer_id, "document": PaymentAttempt.document_id},
    empty=marked("Each try to be paid through a gateway stands here, before the gateway is asked."),
)


@admin.get("/payments")
@allow("staff")
def payments() -> ResponseReturnValue:
    return PAYMENTS.answer()


@admin.get("/attempts")
@allow("staff")
def attempts() -> ResponseReturnValue:
    return ATTEMPTS.answer()


@admin.get("/attempts/<int:key>")
@allow("staff")
def attempt(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, PaymentAttempt, key, "payment attempt")
        customer, document, account, method = session.execute(
            select(Customer, Document, GatewayAccount, PaymentMethod.label)
            .select_from(PaymentAttempt)
            .join(Customer, Customer.id == PaymentAttempt.customer_id)
            .join(Document, Document.id == PaymentAttempt.document_id)
            .join(GatewayAccount, GatewayAccount.id == PaymentAttempt.account_id)
            .outerjoin(PaymentMethod, PaymentMethod.id == PaymentAttempt.method_id)
            .where(PaymentAttempt.id == key)
        ).one()
        payments = session.scalars(select(Payment).where(Payment.attempt_id == key).order_by(Payment.part)).all()
    return page(
        "admin/attempt.html",
        attempt=row,
        customer=customer,
        document=document,
        account=account,
        method=method,
        payments=payments,
        undecided=AttemptState(row.state) in UNRESOLVED,
    )


class DecideForm(ReasonForm):
    outcome = SelectField(
        later("What became of it"),
        choices={"not_paid": later("No money came: let it be paid anew"), "paid": later("It was paid")},
    )
    receipt = StringField(
        later("The provider’s number of the money"),
        filters=[stripped],
        validators=[Length(max=140)],
        description=later("Needed if it was paid; it can’t be booked twice."),
        render_kw={"autocomplete": "off"},
    )
    amount = StringField(
        later("Amount that came"),
        filters=[stripped],
        validators=[Length(max=30)],
        description=later("Only if it is another than was asked for; what is more becomes credit."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    reason = reason_field()


@admin.route("/attempts/<int:key>/decide", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def decide_attempt_page(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, PaymentAttempt, key, "payment attempt")

    def act(ctx: Context, form: DecideForm) -> str:
        came = Money.parse(form.amount.data, row.currency).minor if form.amount.data else None
        with writing(ctx) as tx:
            decided = decide_attempt(tx, key, form.outcome.data, form.receipt.data or "", came)
        return say("The attempt has %(state)s.", state=say_word(decided.state))

    question = Question(
        say("Attempt %(key)s", key=row.key),
        say(
            "Look for it in the provider’s own pages first: by amount, time and the payer. Money that is told of after "
            "all is booked all the same."
        ),
        say("Record it"),
        url_for("admin.attempt", key=key),
        danger=False,
    )
    return asked(question, DecideForm(), act)


@admin.post("/attempts/<int:key>/resolve")
@allow("staff", permission="payments.write")
def resolve_attempt(key: int) -> ResponseReturnValue:
    """A look-up moves no money and may be repeated, so that it does not ask."""
    state_now = resolve(current_ctx(), key)
    tone = "good" if state_now == AttemptState.SUCCEEDED else "warn"
    flash(say("Looked up: it is %(state)s.", state=say_word(state_now)), tone)
    return redirect(url_for("admin.attempt", key=key), 303)
