"""Money of the own shop that a person moves: given back by credit note or refund, and booked where it came by hand."""

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.documents._corrected import lines_of
from billhead.actions.documents.issue_credit_note import Credited
from billhead.actions.payments.book_transfer import Booked
from billhead.actions.payments.refund import Refunded
from billhead.actions.shops.book_shop_money import book_shop_money
from billhead.actions.shops.close_shop_refund import close_shop_refund
from billhead.actions.shops.credit_shop_document import credit_shop_document
from billhead.actions.shops.refund_shop_payment import refund_shop_payment
from billhead.actions.shops.reject_shop_proof import reject_shop_proof
from billhead.db import Tx, reading
from billhead.domain.context import Context
from billhead.domain.document import Kind
from billhead.domain.errors import Conflict
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt
from billhead.plugin import allow
from billhead.plugin_host import gateway_abilities
from billhead.web.admin.asking import Question as PreviewQuestion
from billhead.web.admin.booking import booked_by_hand
from billhead.web.admin.corrections import correction_form, corrections_of, credited_figures
from billhead.web.admin.money_back import ClosingFields, RefundForm, refund_question, refunded_figures
from billhead.web.admin.previewing import previewed
from billhead.web.formatting import money, paper_name
from billhead.web.forms import stripped
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.asking import Question, QuestionForm, asked
from billhead.web.reseller.shop_papers import shops_document, shops_payment, shops_proof, shops_refund
from billhead.web.speaking import later, say, say_word

__all__: list[str] = []

_TEMPLATE = "reseller/previewed.html"


def _paper(document_id: int | None) -> str:
    if document_id is None:
        return url_for("reseller.shop_documents")
    return url_for("reseller.shop_paper", document_id=document_id)


@reseller.route("/shop/documents/<int:document_id>/credit-note", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def credit_shop_paper(document_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = shops_document(session, document_id)
        if row.kind != Kind.INVOICE or row.number is None:
            raise Conflict(say("Only an invoice is corrected by a credit note."))
        lines = lines_of(session, row)
        form = correction_form(lines, row.currency)

    def act(tx: Tx) -> Credited:
        wishes = corrections_of(form, lines, row.currency)
        more = {"reason": form.reason.data, "way": form.way.data}
        return credit_shop_document(tx, own_id(), document_id, wishes, **more)

    question = PreviewQuestion(
        say("Credit note for %(document)s", document=paper_name(row)),
        say("It stands on the credit note why; the customer gets a mail with it. A credit note can't be taken back."),
        say("Issue the credit note"),
        _paper(document_id),
    )
    return previewed(
        question,
        form,
        act,
        lambda made: credited_figures(made, row.currency),
        lambda _, made: say("Credit note %(number_text)s is issued.", number_text=made.number_text),
        template=_TEMPLATE,
    )


@reseller.route("/shop/payments/<int:payment_id>/refund", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def refund_shop(payment_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = shops_payment(session, payment_id)
        claimed = gateway_abilities(session.get_one(GatewayAccount, row.account_id).gateway).refund_claimed
        back = _paper(_paid_by(session, row))
    form = RefundForm(amount=f"{Money(row.amount_minor - row.refunded_minor, row.currency).decimal():f}")

    def act(tx: Tx) -> Refunded:
        minor = Money.parse(form.amount.data, row.currency).minor
        return refund_shop_payment(tx, own_id(), payment_id, minor, form.to.data, reason=form.reason.data)

    def done(_: Context, made: Refunded) -> str:
        if made.refund_id is None:
            return say("%(amount)s are the customer’s credit.", amount=money(made.amount_minor, row.currency))
        return say("Noted: send the money, then confirm it here.") if made.by_hand else say("It is being sent back.")

    return previewed(
        refund_question(row, back),
        form,
        act,
        lambda made: refunded_figures(made, row.currency, claimed),
        done,
        template=_TEMPLATE,
    )


def _paid_by(session: Session, row: Payment) -> int | None:
    """The document that this payment has paid last, from which its refund was asked for."""
    lots = select(CustomerCredit.id).where(CustomerCredit.payment_id == row.id)
    paid = (Allocation.payment_id == row.id) | Allocation.customer_credit_id.in_(lots)
    return session.scalar(select(Allocation.document_id).where(paid).order_by(Allocation.id.desc()).limit(1))


class CloseForm(ClosingFields, QuestionForm):
    """What the owner of the shop says of it."""


@reseller.route("/shop/refunds/<int:refund_id>/close", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def close_refund_of_shop(refund_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = shops_refund(session, refund_id)
        payment = session.get_one(Payment, row.payment_id)
        back = _paper(_paid_by(session, payment) or row.credit_note_id)
    form = CloseForm()

    def act(tx: Tx) -> str:
        closed = close_shop_refund(tx, own_id(), refund_id, form.outcome.data, form.reference.data or "")
        return say("The refund is %(state)s.", state=say_word(closed.state))

    text = say(
        "Say what you know of it from the bank. If it did not arrive, the money goes back to where it was taken from."
    )
    title = say("Refund of %(amount)s", amount=money(row.amount_minor, payment.currency))
    return asked(Question(title, text, say("Record it"), back), lambda _: (), act, form)


@reseller.route("/shop/documents/<int:document_id>/money", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def book_for_shop(document_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = shops_document(session, document_id)

    def book(tx: Tx, account_id: int, amount_minor: int, reference: str) -> Booked:
        return book_shop_money(tx, own_id(), document_id, account_id, amount_minor, row.currency, reference)

    return booked_by_hand(row, _paper(document_id), book, _TEMPLATE)


class RejectForm(QuestionForm):
    answer = TextAreaField(
        later("What the customer reads"),
        filters=[stripped],
        validators=[DataRequired(later("They are told why.")), Length(max=500)],
        description=later("In a mail, and on the page with the instructions."),
    )


@reseller.route("/shop/proofs/<int:proof_id>/reject", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def reject_proof_of_shop(proof_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = shops_proof(session, proof_id)
        back = _paper(session.get_one(PaymentAttempt, row.attempt_id).document_id)
    form = RejectForm()

    def act(tx: Tx) -> str:
        reject_shop_proof(tx, own_id(), proof_id, form.answer.data or "")
        return say("Rejected; the customer is told why.")

    text = say("Nothing is booked, and the payment goes on waiting for its money.")
    question = Question(say("Reject this proof?"), text, say("Reject it"), back, danger=True)
    return asked(question, lambda _: (), act, form)
