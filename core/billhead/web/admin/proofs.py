"""Proofs of transfers that customers have sent: look at one, then book what really came, or say why not."""

from typing import Any

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.payments._comes_to import ComesTo, comes_to
from billhead.actions.payments.approve_proof import approve_proof
from billhead.actions.payments.reject_proof import reject_proof
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.banking import TransferProof
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, PaymentAttempt
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import amount, instant, state, text
from billhead.web.admin.corrections import amount_field
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.previewing import PreviewForm, previewed
from billhead.web.admin.unassigned import comes_to_figures, reference_field
from billhead.web.downloads import strangers_file
from billhead.web.formatting import money
from billhead.web.forms import stripped
from billhead.web.pages import page
from billhead.web.speaking import later, marked, say

__all__ = ["PROOFS"]

PROOFS = Listing(
    name="proofs",
    title=marked("Proofs of transfers"),
    lead=marked(
        "What customers send to show that they have paid. Nothing is booked before somebody has seen the money."
    ),
    query=select(
        TransferProof.id,
        TransferProof.customer_id,
        Customer.name.label("customer"),
        GatewayAccount.name.label("account"),
        PaymentAttempt.currency,
        PaymentAttempt.amount_minor,
        TransferProof.state,
        TransferProof.payment_id,
        TransferProof.sent_at,
    )
    .join(PaymentAttempt, PaymentAttempt.id == TransferProof.attempt_id)
    .join(GatewayAccount, GatewayAccount.id == PaymentAttempt.account_id)
    .join(Customer, Customer.id == TransferProof.customer_id),
    key=TransferProof.id,
    columns=(
        text(marked("No."), "id", to="proof"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Account"), "account"),
        amount(marked("Asked for"), "amount_minor"),
        state(marked("State"), "state"),
        text(marked("Payment"), "payment_id", to="payment", key="payment_id"),
        instant(marked("Sent"), "sent_at"),
    ),
    choices=(Choice("state", marked("State"), TransferProof.state, ("waiting", "approved", "rejected")),),
    search=lambda typed: or_(Customer.name.icontains(typed, autoescape=True), Customer.email == typed),
    search_label=marked("Customer's name or e-mail"),
    narrow={"customer": TransferProof.customer_id},
    empty=marked(
        "A customer who pays by transfer can send the bank's confirmation from the page with the instructions."
    ),
)


@admin.get("/proofs")
@allow("staff")
def proofs() -> ResponseReturnValue:
    return PROOFS.answer()


@admin.get("/proofs/<int:key>")
@allow("staff")
def proof(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, TransferProof, key, "proof")
        attempt = session.get_one(PaymentAttempt, row.attempt_id)
        document, customer = session.get_one(Document, attempt.document_id), session.get_one(Customer, row.customer_id)
        account = session.get_one(GatewayAccount, attempt.account_id)
        trail = trail_of(session, f"transfer_proof:{key}")
    shown = {"attempt": attempt, "document": document, "customer": customer, "account": account, "trail": trail}
    return page("admin/proof.html", proof=row, **shown)


@admin.get("/proofs/<int:key>/file")
@allow("staff", permission="payments.write")
def proof_file(key: int) -> Response:
    """Needs payments.write, since a statement of the payer's account may stand in it."""
    with reading() as session:
        return strangers_file(found(session, TransferProof, key, "proof"))


class ApproveForm(PreviewForm):
    amount = amount_field(later("Amount that came"), later("As the bank shows it; more than is owed becomes credit."))
    reference = reference_field()
    reason = reason_field()


@admin.route("/proofs/<int:key>/approve", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def approve(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, TransferProof, key, "proof")
        attempt = session.get_one(PaymentAttempt, row.attempt_id)
    form = ApproveForm()

    def came() -> int:
        return Money.parse(form.amount.data, attempt.currency).minor

    def act(tx: Tx) -> ComesTo:
        booked = key, came(), form.reference.data
        return comes_to(tx, row.customer_id, attempt.currency, lambda: approve_proof(tx, *booked).payment_id)

    def told(_: Context, _made: ComesTo) -> str:
        return say("%(amount)s booked.", amount=money(came(), attempt.currency))

    question = Question(
        say("Has the money come?"),
        say(
            "%(amount)s were asked for. Book only what you have seen in the bank: a picture proves nothing.",
            amount=money(attempt.amount_minor, attempt.currency),
        ),
        say("Book it"),
        url_for("admin.proof", key=key),
        danger=False,
    )
    return previewed(question, form, act, lambda made: comes_to_figures(came(), attempt.currency, made), told)


class RejectForm(ReasonForm):
    answer = TextAreaField(
        later("What the customer reads"),
        filters=[stripped],
        validators=[DataRequired(later("They are told why.")), Length(max=500)],
        description=later("In a mail, and on the page with the instructions."),
    )
    reason: StringField = reason_field()


@admin.route("/proofs/<int:key>/reject", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def reject(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, TransferProof, key, "proof")

    def act(ctx: Context, form: Any) -> str:
        with writing(ctx) as tx:
            reject_proof(tx, key, form.answer.data)
        return say("Rejected; the customer is told why.")

    question = Question(
        say("Reject this proof?"),
        say("Nothing is booked, and the payment goes on waiting for its money."),
        say("Reject it"),
        url_for("admin.proof", key=key),
    )
    return asked(question, RejectForm(), act)
