"""One payment with where its money is, refunds, and disputes: what goes back, or was taken back."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional

from billhead.actions.payments.charge_back import ChargedBack, charge_back
from billhead.actions.payments.close_refund import close_refund
from billhead.actions.payments.decide_dispute import decide_dispute
from billhead.actions.payments.refund import Refunded, refund
from billhead.actions.payments.send_refund import send_refund
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.domain.payment import DisputeState, RefundState
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document
from billhead.models.payments import Dispute, GatewayAccount, Payment, Refund
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.plugin_host import gateway_abilities
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import amount, code, instant, number, state, text
from billhead.web.admin.corrections import amount_field
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.formatting import money
from billhead.web.forms import stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.speaking import later, marked, say, say_word

__all__ = ["DISPUTES", "REFUNDS", "UNDER_WAY", "ClosingFields", "RefundForm", "refund_question", "refunded_figures"]

UNDER_WAY = (RefundState.CREATED.value, RefundState.PROCESSING.value, RefundState.UNKNOWN.value)

REFUNDS = Listing(
    name="refunds",
    title=marked("Refunds"),
    query=select(
        Refund.id,
        Refund.payment_id,
        Payment.customer_id,
        Customer.name.label("customer"),
        GatewayAccount.name.label("account"),
        Refund.key,
        Refund.state,
        Refund.failure_code,
        Payment.currency,
        Refund.amount_minor,
        Refund.created_at,
    )
    .join(Payment, Payment.id == Refund.payment_id)
    .join(Customer, Customer.id == Payment.customer_id)
    .join(GatewayAccount, GatewayAccount.id == Payment.account_id),
    key=Refund.id,
    columns=(
        text(marked("Refund"), "key", to="refund_page"),
        text(marked("Payment"), "payment_id", to="payment", key="payment_id"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Account"), "account"),
        state(marked("State"), "state"),
        text(marked("Failed"), "failure_code"),
        amount(marked("Amount"), "amount_minor"),
        instant(marked("Decided"), "created_at"),
    ),
    choices=(
        Choice("state", marked("State"), Refund.state, (("under way", UNDER_WAY), *[s.value for s in RefundState])),
    ),
    search=lambda typed: or_(
        Refund.key == typed, Refund.provider_ref == typed, Customer.name.icontains(typed, autoescape=True)
    ),
    search_label=marked("Refund, reference or customer's name"),
    narrow={"customer": Payment.customer_id, "payment": Refund.payment_id},
    empty=marked("A refund is decided on the page of a payment, or by a credit note."),
)

DISPUTES = Listing(
    name="disputes",
    title=marked("Disputes"),
    query=select(
        Dispute.id,
        Dispute.payment_id,
        Payment.customer_id,
        Customer.name.label("customer"),
        GatewayAccount.name.label("account"),
        Dispute.provider_ref,
        Dispute.state,
        Payment.currency,
        Dispute.amount_minor,
        Dispute.fee_minor,
        func.coalesce(func.nullif(Dispute.fee_currency, ""), Payment.currency).label("fee_currency"),
        Dispute.opened_at,
    )
    .join(Payment, Payment.id == Dispute.payment_id)
    .join(Customer, Customer.id == Payment.customer_id)
    .join(GatewayAccount, GatewayAccount.id == Payment.account_id),
    key=Dispute.id,
    columns=(
        number(marked("No."), "id"),
        text(marked("Payment"), "payment_id", to="payment", key="payment_id"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Account"), "account"),
        code(marked("Reference"), "provider_ref"),
        state(marked("State"), "state"),
        amount(marked("Amount"), "amount_minor"),
        amount(marked("Fee"), "fee_minor", "fee_currency"),
        instant(marked("Opened"), "opened_at"),
    ),
    choices=(Choice("state", marked("State"), Dispute.state, [s.value for s in DisputeState]),),
    search=lambda typed: or_(Dispute.provider_ref == typed, Customer.name.icontains(typed, autoescape=True)),
    search_label=marked("Reference or customer's name"),
    narrow={"customer": Payment.customer_id},
    empty=marked(
        "A gateway reports when a payer's bank takes a payment back; otherwise book it on the payment's page."
    ),
)


@admin.get("/refunds")
@allow("staff")
def refunds() -> ResponseReturnValue:
    return REFUNDS.answer()


@admin.get("/disputes")
@allow("staff")
def disputes() -> ResponseReturnValue:
    return DISPUTES.answer()


@admin.get("/payments/<int:key>")
@allow("staff")
def payment(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Payment, key, "payment")
        shown = _whereabouts(session, row)
    return page("admin/payment.html", payment=row, **shown)


@admin.get("/refunds/<int:key>")
@allow("staff")
def refund_page(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Refund, key, "refund")
    return redirect(url_for("admin.payment", key=row.payment_id))


def _whereabouts(session: Session, row: Payment) -> dict[str, Any]:
    lots = session.scalars(select(CustomerCredit).where(CustomerCredit.payment_id == row.id)).all()
    paying = (Allocation.payment_id == row.id) | Allocation.customer_credit_id.in_([lot.id for lot in lots])
    allocations = session.execute(
        select(Allocation, Document.number_text)
        .join(Document, Document.id == Allocation.document_id)
        .where(paying)
        .order_by(Allocation.id)
    ).all()
    return {
        "customer": session.get_one(Customer, row.customer_id),
        "account": session.get_one(GatewayAccount, row.account_id),
        "credit": [lot for lot in lots if lot.remaining_minor],
        "allocations": allocations,
        "refunds": session.scalars(select(Refund).where(Refund.payment_id == row.id).order_by(Refund.id)).all(),
        "disputes": session.scalars(select(Dispute).where(Dispute.payment_id == row.id).order_by(Dispute.id)).all(),
        "under_way": UNDER_WAY,
        "may_refund": current_ctx().may("money.refund"),
        "trail": trail_of(session, f"payment:{row.id}", *_subjects(session, row)),
    }


def _subjects(session: Session, row: Payment) -> list[str]:
    refund_ids = session.scalars(select(Refund.id).where(Refund.payment_id == row.id))
    dispute_ids = session.scalars(select(Dispute.id).where(Dispute.payment_id == row.id))
    return [*(f"refund:{key}" for key in refund_ids), *(f"dispute:{key}" for key in dispute_ids)]


class RefundForm(PreviewForm):
    amount = amount_field(later("Amount"))
    to = SelectField(
        later("Where to"), choices={"source": later("where it came from"), "credit": later("the customer’s credit")}
    )
    reason = reason_field()


@admin.route("/payments/<int:key>/refund", methods=["GET", "POST"])
@allow("staff", permission="money.refund")
def refund_payment(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Payment, key, "payment")
        claimed = gateway_abilities(session.get_one(GatewayAccount, row.account_id).gateway).refund_claimed
    left = row.amount_minor - row.refunded_minor
    form = RefundForm(amount=f"{Money(left, row.currency).decimal():f}")

    def act(tx: Tx) -> Refunded:
        minor = Money.parse(form.amount.data, row.currency).minor
        return refund(tx, key, minor, form.to.data, reason=form.reason.data)

    def done(_: Context, made: Refunded) -> str:
        if made.refund_id is None:
            return say("%(amount)s are the customer’s credit.", amount=money(made.amount_minor, row.currency))
        if made.by_hand:
            return say("Noted: send the money, then confirm it here.")
        now = send_refund(current_ctx(), made.refund_id)
        if claimed and now == RefundState.PROCESSING:
            return say("The customer is mailed a link to claim it; until then the refund is processing.")
        return (
            say("The money is on its way back.")
            if now == RefundState.SUCCEEDED
            else say("The refund is %(state)s.", state=say_word(now))
        )

    back = url_for("admin.payment", key=key)
    return previewed(
        refund_question(row, back), form, act, lambda made: refunded_figures(made, row.currency, claimed), done
    )


def refund_question(row: Payment, back: str) -> Question:
    left = row.amount_minor - row.refunded_minor
    return Question(
        say("Refund %(amount)s", amount=money(row.amount_minor, row.currency)),
        say(
            "%(amount)s of it can go back. Without a credit note, what it had paid is owed again.",
            amount=money(left, row.currency),
        ),
        say("Refund it"),
        back,
    )


def refunded_figures(made: Refunded, currency: str, claimed: bool) -> Figures:
    """What goes back, and what is owed again. `claimed`: the payer says at a link where it goes."""
    rows = [(say("Goes back") if made.refund_id else say("Becomes credit"), money(made.amount_minor, currency))]
    if made.from_credit:
        rows.append((say("Of it from the customer’s credit"), money(made.from_credit, currency)))
    for document_id, minor in made.reopened.items():
        rows.append((say("Owed again on %(document)s", document=_number(int(document_id))), money(minor, currency)))
    if made.by_hand:
        rows.append((say("How"), say("somebody sends it by hand and confirms it")))
    elif made.refund_id and claimed:
        rows.append((say("How"), say("the customer is mailed a link, and says where it goes")))
    return rows


def _number(document_id: int) -> str:
    with reading() as session:
        row = session.get(Document, document_id)
    return row.number_text if row is not None and row.number_text else say("document %(number)s", number=document_id)


class ChargebackForm(PreviewForm):
    amount = amount_field(later("Amount that was taken"))
    reference = StringField(
        later("Reference"),
        filters=[stripped],
        validators=[DataRequired(later("Copy it from the letter or the statement.")), Length(max=140)],
        description=later("The same one can't be booked twice."),
        render_kw={"autocomplete": "off"},
    )
    fee = StringField(
        later("Fee that it costs"), filters=[stripped], validators=[Optional()], render_kw={"inputmode": "decimal"}
    )


@admin.route("/payments/<int:key>/chargeback", methods=["GET", "POST"])
@allow("staff", permission="money.dispute")
def book_chargeback(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Payment, key, "payment")
    left = row.amount_minor - row.refunded_minor
    form = ChargebackForm(amount=f"{Money(left, row.currency).decimal():f}")

    def act(tx: Tx) -> ChargedBack:
        minor = Money.parse(form.amount.data, row.currency).minor
        fee = Money.parse(form.fee.data, row.currency).minor if form.fee.data else 0
        return charge_back(tx, key, minor, form.reference.data, fee_minor=fee, reason=form.reason.data)

    def figures(made: ChargedBack) -> Figures:
        rows = [(say("Taken from us"), money(made.amount_minor, row.currency))]
        if made.from_credit:
            rows.append((say("Of it from the customer’s credit"), money(made.from_credit, row.currency)))
        for document_id, minor in made.reopened.items():
            rows.append(
                (say("Owed again on %(document)s", document=_number(int(document_id))), money(minor, row.currency))
            )
        rows += [
            (say("Subscription %(number)s", number=one), say("its paid time ends where that invoice began"))
            for one in made.pulled
        ]
        return rows

    question = Question(
        say("Book a chargeback"),
        say("The payer’s bank or the provider has taken this payment back. The customer is told."),
        say("Book it"),
        url_for("admin.payment", key=key),
    )
    return previewed(
        question, form, act, figures, lambda _, made: say("Dispute %(number)s is open.", number=made.dispute_id)
    )


class DecideForm(ReasonForm):
    outcome = SelectField(
        later("How it ended"),
        choices={"won": later("won: the money is back"), "lost": later("lost: the money stays gone")},
    )
    reason = reason_field()


@admin.route("/disputes/<int:key>/decide", methods=["GET", "POST"])
@allow("staff", permission="money.dispute")
def decide(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Dispute, key, "dispute")

    def act(ctx: Context, form: DecideForm) -> str:
        with writing(ctx) as tx:
            decided = decide_dispute(tx, key, form.outcome.data)
        return say("The dispute is %(state)s.", state=say(decided.state))

    question = Question(
        say("Dispute %(reference)s", reference=row.provider_ref),
        say("If it is won, the money pays again what it had paid, and the time that it bought is given again."),
        say("Record it"),
        url_for("admin.payment", key=row.payment_id),
        danger=False,
    )
    return asked(question, DecideForm(), act)


class ClosingFields:
    """Of a refund that a person has sent."""

    outcome = SelectField(
        later("What happened"), choices={"sent": later("the money was sent"), "failed": later("it did not arrive")}
    )
    reference = StringField(
        later("Reference"),
        filters=[stripped],
        validators=[Optional(), Length(max=140)],
        render_kw={"autocomplete": "off"},
    )


class CloseForm(ClosingFields, ReasonForm):
    reason = reason_field()


@admin.route("/refunds/<int:key>/close", methods=["GET", "POST"])
@allow("staff", permission="money.refund")
def close(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Refund, key, "refund")

    def act(ctx: Context, form: CloseForm) -> str:
        with writing(ctx) as tx:
            closed = close_refund(tx, key, form.outcome.data, form.reference.data or "")
        return say("The refund is %(state)s.", state=say(closed.state))

    question = Question(
        say("Refund %(key)s", key=row.key),
        say(
            "Say what you know of it from the bank. If it did not arrive, the money goes back to where it was taken "
            "from."
        ),
        say("Record it"),
        url_for("admin.payment", key=row.payment_id),
        danger=False,
    )
    return asked(question, CloseForm(), act)


@admin.post("/refunds/<int:key>/resolve")
@allow("staff", permission="money.refund")
def resolve_refund(key: int) -> ResponseReturnValue:
    """Send it, or look it up: the same refund is never sent twice, so that this does not ask."""
    with reading() as session:
        row = found(session, Refund, key, "refund")
    now = send_refund(current_ctx(), key)
    flash(
        say("Looked up: it is %(state)s.", state=say_word(now)),
        "good" if now == RefundState.SUCCEEDED else "warn",
    )
    return redirect(url_for("admin.payment", key=row.payment_id), 303)
