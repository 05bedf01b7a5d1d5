"""Documents that are not final yet: invoices by hand, lines of drafts, merging, splitting, holding, making final."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from billhead.actions.accounts.set_consolidation import set_consolidation
from billhead.actions.documents._tax_classes import tax_classes
from billhead.actions.documents.add_line import FreeLine, ProductLine, add_line
from billhead.actions.documents.change_line import change_line
from billhead.actions.documents.draft_invoice import draft_invoice
from billhead.actions.documents.finalise_draft import finalise_draft, preview_finalise_draft
from billhead.actions.documents.hold_draft import hold_draft
from billhead.actions.documents.merge_documents import merge_documents
from billhead.actions.documents.reissue_proforma import reissue_proforma
from billhead.actions.documents.remove_line import remove_line
from billhead.actions.documents.split_document import split_document
from billhead.actions.documents.undo_merge import undo_merge
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.document import Kind, ProformaState, State
from billhead.domain.money import Money
from billhead.domain.periods import by_length
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.formatting import day_in_words, last_day, lasting, money, paper_name
from billhead.web.forms import stripped
from billhead.web.speaking import later, say

__all__: list[str] = []

_WRITE = "documents.write"


class _Ticked(SelectMultipleField):
    """Boxes to tick, one below the other."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _document(key: int) -> Document:
    with reading() as session:
        return found(session, Document, key, "document")


def _ask(
    row: Document, title: str, text: str, button: str, form: Any, act: Callable[[Tx, Any], str]
) -> ResponseReturnValue:
    """A question about one document, and the one action that its answer does."""

    def run(ctx: Context, form: Any) -> str:
        with writing(ctx) as tx:
            return act(tx, form)

    return asked(Question(title, text, button, url_for("admin.document", key=row.id), danger=False), form, run)


class DraftForm(ReasonForm):
    tax_inclusive = BooleanField(later("Its prices are meant with tax"))
    reason = reason_field()


@admin.route("/customers/<int:key>/invoice", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def draft_by_hand(key: int) -> ResponseReturnValue:
    with reading() as session:
        customer = found(session, Customer, key, "customer")

    def act(ctx: Context, form: DraftForm) -> str:
        with writing(ctx) as tx:
            draft_invoice(tx, key, tax_inclusive=form.tax_inclusive.data)
        return say("The draft is there: put lines on it, then make it final.")

    question = Question(
        say("Write an invoice for %(name)s?", name=customer.name),
        say(
            "A draft in %(currency)s without lines. Nobody sees it before you make it final.",
            currency=customer.currency,
        ),
        say("Write it"),
        url_for("admin.documents", customer=key, state="draft"),
        danger=False,
    )
    return asked(question, DraftForm(), act)


@admin.route("/customers/<int:key>/one-invoice", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def one_invoice_a_day(key: int) -> ResponseReturnValue:
    with reading() as session:
        customer = found(session, Customer, key, "customer")
    together = not customer.consolidate

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            set_consolidation(tx, key, together)
        return say("From the next run on.")

    title = (
        say("One invoice a day for %(name)s?", name=customer.name)
        if together
        else say("An invoice for each of %(name)s's subscriptions?", name=customer.name)
    )
    text = (
        say("What is due at once stands on one document.")
        if together
        else say("Each subscription has documents of its own.")
    )
    return asked(Question(title, text, say("Yes"), url_for("admin.customer", key=key), danger=False), ReasonForm(), act)


def _amount(label: str, **more: Any) -> StringField:
    keys = {"inputmode": "decimal", "autocomplete": "off"}
    return StringField(label, filters=[stripped], validators=[DataRequired(later("How much?"))], render_kw=keys, **more)


class LineForm(ReasonForm):
    description = StringField(
        later("What"), filters=[stripped], validators=[DataRequired(later("Say what it is.")), Length(max=200)]
    )
    quantity = IntegerField(later("Quantity"), default=1, validators=[InputRequired(later("How many?"))])
    unit_minor = _amount(
        later("Price of one"), description=later("Digits with a dot for decimals; below zero it is a discount.")
    )
    reason = reason_field()


class NewLineForm(LineForm):
    tax_class = SelectField(later("Tax class"))
    reason = reason_field()


@admin.route("/documents/<int:key>/lines/free", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def add_free_line(key: int) -> ResponseReturnValue:
    row = _document(key)
    form = NewLineForm()
    with reading() as session:
        form.tax_class.choices = [(one, one) for one in tax_classes(session)]

    def act(tx: Tx, form: NewLineForm) -> str:
        unit = Money.parse(form.unit_minor.data, row.currency).minor
        line = FreeLine(form.description.data, unit, form.quantity.data, form.tax_class.data)
        add_line(tx, key, line)
        return say("The line is on the draft.")

    if row.tax_inclusive:
        text = say("Prices on this draft are meant with tax, in %(currency)s.", currency=row.currency)
    else:
        text = say("Prices on this draft are meant without tax, in %(currency)s.", currency=row.currency)
    return _ask(row, say("Add a line to %(document)s", document=paper_name(row)), text, say("Add it"), form, act)


class ProductForm(ReasonForm):
    price = SelectField(later("From the price list"), coerce=int)
    quantity = IntegerField(later("Quantity"), default=1, validators=[InputRequired(later("How many?"))])
    reason = reason_field()


@admin.route("/documents/<int:key>/lines/product", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def add_product_line(key: int) -> ResponseReturnValue:
    row = _document(key)
    with reading() as session:
        prices = session.execute(
            select(Price.id, Plan.name, Price.term, Price.amount_minor)
            .join(PriceBook, PriceBook.id == Price.book_id)
            .join(Plan, Plan.id == Price.plan_id)
            .where(
                PriceBook.seller_id == row.seller_id,
                PriceBook.currency == row.currency,
                PriceBook.tax_inclusive == row.tax_inclusive,
                Plan.retired.is_(False),
                Price.valid_until.is_(None),
            )
            .order_by(Plan.name, Price.id)
            .limit(500)
        ).all()
    prices = sorted(prices, key=lambda one: (one.name, by_length(one.term), one.id))
    form = ProductForm()
    once = say("once")
    form.price.choices = [
        (one.id, f"{one.name}, {lasting(one.term) or once}: {money(one.amount_minor, row.currency)}") for one in prices
    ]

    def act(tx: Tx, form: ProductForm) -> str:
        add_line(tx, key, ProductLine(form.price.data, form.quantity.data))
        return say("The line is on the draft.")

    return _ask(
        row,
        say("Add to %(document)s", document=paper_name(row)),
        say("The price is charged once."),
        say("Add it"),
        form,
        act,
    )


@admin.route("/lines/<int:key>/change", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def change_draft_line(key: int) -> ResponseReturnValue:
    with reading() as session:
        line = found(session, DocumentLine, key, "line")
        row = found(session, Document, line.document_id, "document")
    unit = f"{Money(line.unit_minor, row.currency).decimal():f}"
    form = LineForm(description=line.description, quantity=line.quantity, unit_minor=unit)

    def act(tx: Tx, form: LineForm) -> str:
        price = Money.parse(form.unit_minor.data, row.currency).minor
        change_line(tx, key, form.description.data, form.quantity.data, price)
        return say("The line is changed.")

    text = say("It costs quantity × price of one from now on.")
    if line.period_start and line.period_end:
        start, end = day_in_words(line.period_start), day_in_words(last_day(line.period_end))
        text += " " + say("Its period, %(start)s to %(end)s, stays.", start=start, end=end)
    return _ask(row, say("Change %(description)s", description=line.description), text, say("Change it"), form, act)


@admin.route("/lines/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def remove_draft_line(key: int) -> ResponseReturnValue:
    with reading() as session:
        line = found(session, DocumentLine, key, "line")
        row = found(session, Document, line.document_id, "document")

    def act(tx: Tx, _form: ReasonForm) -> str:
        remove_line(tx, key)
        return say("The line is gone.")

    text = say("Only lines that were added by hand can be taken off.")
    return _ask(
        row, say("Take %(description)s off?", description=line.description), text, say("Take it off"), ReasonForm(), act
    )


@admin.route("/documents/<int:key>/finalise", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def finalise_document(key: int) -> ResponseReturnValue:
    row = _document(key)
    with reading() as session:
        would_be = preview_finalise_draft(session, row)
    total, credit = money(would_be.total, row.currency), money(would_be.credit, row.currency)
    told = [
        say("Today it is %(total)s, due %(day)s.", total=total, day=day_in_words(date.fromisoformat(would_be.due_on)))
    ]
    if would_be.credit:
        told.append(say("%(credit)s of it is paid by the customer's credit.", credit=credit))
    if would_be.collected:
        told.append(say("The rest is charged to the saved method."))
    text = " ".join([*told, say("It gets its number, and stays as it is.")])

    def act(tx: Tx, _form: ReasonForm) -> str:
        return say("It is final: %(number)s.", number=finalise_draft(tx, key).number)

    return _ask(
        row, say("Make %(document)s final?", document=paper_name(row)), text, say("Make it final"), ReasonForm(), act
    )


@admin.route("/documents/<int:key>/hold", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def hold_document(key: int) -> ResponseReturnValue:
    row = _document(key)

    def act(tx: Tx, form: ReasonForm) -> str:
        hold_draft(tx, key, form.reason.data)
        return say("It waits until somebody makes it final.")

    text = say("It does not become final by itself any more. The reason stands beside it.")
    return _ask(row, say("Hold %(document)s?", document=paper_name(row)), text, say("Hold it"), ReasonForm(), act)


class TickForm(ReasonForm):
    ticked = _Ticked(later("Which"), coerce=int)
    reason = reason_field()


@admin.route("/documents/<int:key>/merge", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def merge_document(key: int) -> ResponseReturnValue:
    row = _document(key)
    state = ProformaState.OPEN if row.kind == Kind.PROFORMA else State.DRAFT
    with reading() as session:
        others = session.scalars(
            select(Document)
            .where(
                Document.customer_id == row.customer_id,
                Document.kind == row.kind,
                Document.state == state.value,
                Document.currency == row.currency,
                Document.tax_inclusive == row.tax_inclusive,
                Document.id != key,
            )
            .order_by(Document.id)
            .limit(100)
        ).all()
    form = TickForm()
    form.ticked.choices = [(one.id, f"{paper_name(one)}, {money(one.total_minor, one.currency)}") for one in others]

    def act(tx: Tx, form: TickForm) -> str:
        new = merge_documents(tx, [key, *form.ticked.data]).document_id
        return say("Merged into document %(new)s.", new=new)

    text = say("Their lines go to a new document, taxed together. It can be undone until that is final or paid.")
    return _ask(
        row,
        say("Merge %(document)s with others of the customer", document=paper_name(row)),
        text,
        say("Merge them"),
        form,
        act,
    )


@admin.route("/documents/<int:key>/split", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def split_lines(key: int) -> ResponseReturnValue:
    row = _document(key)
    with reading() as session:
        lines = session.scalars(
            select(DocumentLine).where(DocumentLine.document_id == key).order_by(DocumentLine.position)
        ).all()
    form = TickForm()
    form.ticked.choices = _told(lines, row.currency)

    def act(tx: Tx, form: TickForm) -> str:
        return say(
            "Split off as document %(document_id)s.", document_id=split_document(tx, key, form.ticked.data).document_id
        )

    text = say(
        "The ticked lines go to a document of their own. What one subscription owes for a period stays together."
    )
    return _ask(row, say("Split %(document)s", document=paper_name(row)), text, say("Split it"), form, act)


def _told(lines: Sequence[DocumentLine], currency: str) -> list[tuple[int, str]]:
    return [(line.id, f"{_what(line)}: {money(line.net_minor + line.tax_minor, currency)}") for line in lines]


def _what(line: DocumentLine) -> str:
    return f"{line.description}, {day_in_words(line.period_start)}" if line.period_start else line.description


@admin.route("/documents/<int:key>/undo-merge", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def undo_document_merge(key: int) -> ResponseReturnValue:
    row = _document(key)

    def act(tx: Tx, _form: ReasonForm) -> str:
        undo_merge(tx, key)
        return say("The lines are where they came from.")

    text = say("Every line goes back to the document that it came from; this one is void then.")
    return _ask(
        row,
        say("Take the merge of %(document)s back?", document=paper_name(row)),
        text,
        say("Take it back"),
        ReasonForm(),
        act,
    )


@admin.route("/documents/<int:key>/reissue", methods=["GET", "POST"])
@allow("staff", permission=_WRITE)
def reissue_document(key: int) -> ResponseReturnValue:
    row = _document(key)

    def act(tx: Tx, _form: ReasonForm) -> str:
        return say("Offered anew as document %(document_id)s.", document_id=reissue_proforma(tx, key).document_id)

    text = say("It is void then, and the same is offered by the prices, parts and tax of today.")
    return _ask(
        row, say("Issue %(document)s anew?", document=paper_name(row)), text, say("Issue it anew"), ReasonForm(), act
    )
