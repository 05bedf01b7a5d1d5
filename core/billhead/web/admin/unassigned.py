"""Money by hand for a customer: one transfer over several documents, and money of which nobody knew whose it is."""

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select
from wtforms import IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length, Optional

from billhead.actions.payments._comes_to import ComesTo, comes_to
from billhead.actions.payments._named import documents_in
from billhead.actions.payments._suggestions import suggestions_for
from billhead.actions.payments.assign_money import assign_money
from billhead.actions.payments.book_receipt import book_receipt
from billhead.actions.payments.keep_unassigned import keep_unassigned
from billhead.actions.payments.return_money import return_money
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.domain.money import Money
from billhead.domain.whole_number import whole_number
from billhead.models.banking import BankEntry
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, UnassignedMoney
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.plugin_host import gateway_abilities
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import amount, code, instant, text
from billhead.web.admin.corrections import amount_field
from billhead.web.admin.listing import Listing
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.formatting import money
from billhead.web.forms import stripped
from billhead.web.speaking import later, marked, say

__all__ = ["UNASSIGNED", "by_hand", "comes_to_figures", "reference_field"]

UNASSIGNED = Listing(
    name="unassigned",
    title=marked("Money without an owner"),
    query=select(
        UnassignedMoney.id,
        UnassignedMoney.provider_ref,
        UnassignedMoney.payer,
        GatewayAccount.name.label("account"),
        UnassignedMoney.currency,
        UnassignedMoney.amount_minor,
        UnassignedMoney.received_at,
        UnassignedMoney.payment_id,
        UnassignedMoney.returned_at,
    ).join(GatewayAccount, GatewayAccount.id == UnassignedMoney.account_id),
    key=UnassignedMoney.id,
    columns=(
        text(marked("No."), "id", to="assign"),
        code(marked("Reference"), "provider_ref"),
        text(marked("From"), "payer"),
        text(marked("Account"), "account"),
        amount(marked("Amount"), "amount_minor"),
        instant(marked("Kept"), "received_at"),
        text(marked("Payment"), "payment_id", to="payment", key="payment_id"),
        instant(marked("Given back"), "returned_at"),
    ),
    search=lambda typed: or_(
        UnassignedMoney.provider_ref == typed, UnassignedMoney.payer.icontains(typed, autoescape=True)
    ),
    search_label=marked("Reference or payer"),
    empty=marked("A transfer of which nobody knows whose it is waits here until somebody does."),
)


def by_hand(seller_id: int | None = None) -> dict[str, str]:
    """Accounts whose money staff book: id → name. Raises Conflict where there is none."""
    with reading() as session:
        query = select(GatewayAccount).order_by(GatewayAccount.position, GatewayAccount.id)
        if seller_id is not None:
            query = query.where(GatewayAccount.seller_id == seller_id)
        accounts = session.scalars(query).all()
    choices = {
        str(account.id): account.name for account in accounts if gateway_abilities(account.gateway).confirmed_by_staff
    }
    if not choices:
        raise Conflict("No account here takes bookings by hand.", hint="add one for transfers")
    return choices


def reference_field() -> StringField:
    return StringField(
        later("Reference"),
        filters=[stripped],
        validators=[DataRequired(later("Copy it from the statement.")), Length(max=140)],
        description=later("Statement line or transfer id. The same one can't be booked twice."),
        render_kw={"autocomplete": "off"},
    )


def _debts(customer_id: int, currency: str) -> dict[str, str]:
    with reading() as session:
        rows = session.scalars(
            select(Document)
            .where(
                Document.customer_id == customer_id,
                Document.owed(),
                Document.currency == currency,
            )
            .order_by(Document.due_on, Document.id)
            .limit(100)
        ).all()
    return {str(one.id): f"{one.number_text}: {money(one.total_minor - one.settled_minor, currency)}" for one in rows}


def _documents_field() -> SelectMultipleField:
    return SelectMultipleField(
        later("For"),
        coerce=int,
        validators=[Optional()],
        description=later("None marked: what is owed, oldest due first."),
    )


def comes_to_figures(amount_minor: int, currency: str, one: ComesTo) -> Figures:
    """What booking the money comes to, as a preview shows it."""
    rows = [(say("Booked"), money(amount_minor, currency))]
    for part in one.paid:
        name = part.number_text if part.order_id is None else say("order %(number)s", number=part.order_id)
        paid = money(part.minor, currency)
        open_minor = money(part.open_minor, currency)
        left = say("%(amount)s paid, %(open)s stays open", amount=paid, open=open_minor)
        rows.append((name, left if part.open_minor else say("%(amount)s, paid in full", amount=paid)))
    if one.credit_minor < 0:
        rows.append((say("Paid by credit"), money(-one.credit_minor, currency)))
    return [*rows, (say("Becomes credit"), money(max(one.credit_minor, 0), currency))]


class ReceiptForm(PreviewForm):
    account = SelectField(later("Account that it came to"), coerce=int)
    amount = amount_field(later("Amount"), later("What is more than is owed becomes credit."))
    reference = reference_field()
    documents = _documents_field()
    reason = reason_field()


@admin.route("/customers/<int:key>/receipt", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def book_customer_receipt(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
    form = ReceiptForm()
    form.account.choices = by_hand(row.seller_id)
    form.documents.choices = _debts(key, row.currency)

    def came() -> int:
        return Money.parse(form.amount.data, row.currency).minor

    def act(tx: Tx) -> ComesTo:
        booked = form.account.data, came(), row.currency, form.reference.data, tuple(form.documents.data)
        return comes_to(tx, key, row.currency, lambda: book_receipt(tx, key, *booked).payment_id)

    def told(_: Context, _made: ComesTo) -> str:
        return say("%(money)s booked.", money=money(came(), row.currency))

    question = Question(
        say("Book a transfer of %(name)s", name=row.name),
        say("One transfer may pay several invoices. Book only what you have seen in the bank."),
        say("Book it"),
        url_for("admin.customer", key=key),
        danger=False,
    )
    return previewed(question, form, act, lambda made: comes_to_figures(came(), row.currency, made), told)


@admin.get("/unassigned")
@allow("staff")
def unassigned() -> ResponseReturnValue:
    add = url_for("admin.keep_money")
    return UNASSIGNED.answer(add=add, add_needs="payments.write", add_label=say("Keep money"))


class KeepForm(ReasonForm):
    account = SelectField(later("Account that it came to"), coerce=int)
    amount = amount_field(later("Amount"))
    currency = StringField(
        later("Currency"), filters=[stripped], validators=[DataRequired(later("Three letters.")), Length(3, 3)]
    )
    reference = reference_field()
    payer = StringField(later("From"), filters=[stripped], validators=[Optional(), Length(max=200)])
    reason = reason_field()


@admin.route("/unassigned/new", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def keep_money() -> ResponseReturnValue:
    form = KeepForm()
    form.account.choices = by_hand()

    def act(ctx: Context, form: Any) -> str:
        paid = Money.parse(form.amount.data, form.currency.data.upper())
        with writing(ctx) as tx:
            keep_unassigned(
                tx, form.account.data, paid.minor, paid.currency, form.reference.data, form.payer.data or ""
            )
        return say("%(money)s wait until somebody knows whose they are.", money=money(paid.minor, paid.currency))

    question = Question(
        say("Keep money without an owner"),
        say("It waits in suspense. As soon as you know whose it is, assign it."),
        say("Keep it"),
        url_for("admin.unassigned"),
        danger=False,
    )
    return asked(question, form, act)


class AssignForm(PreviewForm):
    customer = IntegerField(
        later("Customer number"), validators=[DataRequired(later("It stands in the address of their page."))]
    )
    document = StringField(
        later("Invoice or order"),
        filters=[stripped],
        validators=[Optional(), Length(max=60)],
        description=later(
            "Its number, or the reference. Empty: what they owe, oldest due first; the rest becomes credit."
        ),
    )
    reason = reason_field()


@admin.route("/unassigned/<int:key>/assign", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def assign(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, UnassignedMoney, key, "unassigned money")
        entry = session.scalar(select(BankEntry).where(BankEntry.unassigned_money_id == key).limit(1))
        suggestions = suggestions_for(session, row) if row.payment_id is None and row.returned_at is None else []

    def act(tx: Tx) -> ComesTo:
        whose = form.customer.data
        chosen = _chosen(tx, row, whose, form.document.data) if form.document.data else []
        return comes_to(tx, whose, row.currency, lambda: assign_money(tx, key, whose, chosen).payment_id)

    form = AssignForm(**{name: request.args.get(name) for name in ("customer", "document")})
    told = (
        say("They came with the reference %(ref)s from %(payer)s.", ref=row.provider_ref, payer=row.payer)
        if row.payer
        else say("They came with the reference %(ref)s.", ref=row.provider_ref)
    )
    if entry is not None and entry.said:
        told += " " + say("They say: “%(said)s”.", said=entry.said)
    if entry is not None and entry.why:
        told += " " + say("Not booked by itself, because %(why)s.", why=entry.why)
    question = Question(
        say("Whose are %(money)s?", money=money(row.amount_minor, row.currency)),
        told,
        say("Assign them"),
        url_for("admin.unassigned"),
        danger=False,
    )
    return previewed(
        question,
        form,
        act,
        lambda made: comes_to_figures(row.amount_minor, row.currency, made),
        lambda _, made: say("Assigned: payment %(payment_id)s.", payment_id=made.payment_id),
        above="admin/_whose.html",
        suggestions=suggestions,
        row=row,
    )


class GiveBackForm(ReasonForm):
    reference = StringField(
        later("Reference of the transfer back"),
        filters=[stripped],
        validators=[DataRequired(later("Copy it from the bank, or from the provider's page.")), Length(max=140)],
        render_kw={"autocomplete": "off"},
    )
    reason = reason_field()


@admin.route("/unassigned/<int:key>/give-back", methods=["GET", "POST"])
@allow("staff", permission="money.refund")
def give_back(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, UnassignedMoney, key, "unassigned money")
        account = session.get_one(GatewayAccount, row.account_id).name
    whole = money(row.amount_minor, row.currency)

    def act(ctx: Context, form: Any) -> str:
        with writing(ctx) as tx:
            return_money(tx, key, form.reference.data)
        return say("%(amount)s are given back.", amount=whole)

    first = (
        say("First send them from %(account)s to %(payer)s: Billhead can't.", account=account, payer=row.payer)
        if row.payer
        else say("First send them from %(account)s: Billhead can't.", account=account)
    )
    question = Question(
        say("Give %(amount)s back?", amount=whole),
        f"{first} "
        + say("This books that %(amount)s have left, and nobody can be assigned them any more.", amount=whole),
        say("They are sent back"),
        url_for("admin.unassigned"),
    )
    return asked(question, GiveBackForm(), act)


def _chosen(tx: Tx, row: UnassignedMoney, customer_id: int, typed: str) -> list[int]:
    """By printed number, by the reference for transfers, or an order by its plain number."""
    account = tx.session.get_one(GatewayAccount, row.account_id)
    named = [one.id for one in documents_in(tx.session, account.seller_id, [typed]) if one.customer_id == customer_id]
    if not named and (number := whole_number(typed)) is not None:
        order = tx.session.get(Document, number)
        named = [order.id] if order is not None and order.customer_id == customer_id else []
    if not named:
        raise Conflict(f"customer {customer_id} has no document {typed}")
    return named
