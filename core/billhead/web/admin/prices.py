"""Price books, and new versions of prices."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from wtforms import BooleanField, DateField, SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional

from billhead.actions.catalogue._versions import Affected
from billhead.actions.catalogue.add_price import NewPrice, PriceAdded, Tag, add_price, preview_add_price
from billhead.actions.catalogue.save_price_book import BookEntry, save_price_book
from billhead.db import Tx, reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.people import Reseller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.asking import Question
from billhead.web.admin.columns import Column, country, number, text
from billhead.web.admin.listing import Listing
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.admin.price_fields import existing_day, first_day, telling_days
from billhead.web.admin.repricing import told_of
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.places import country_choices, currency_choices
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["BOOKS"]

BOOKS = Listing(
    name="price-books",
    title=marked("Price books"),
    lead=marked(
        "The most specific book that has a price counts: a reseller's before a group's, a country's, and everybody's."
    ),
    query=select(
        PriceBook.id,
        PriceBook.code,
        PriceBook.currency,
        PriceBook.country,
        PriceBook.price_group,
        Reseller.code.label("reseller"),
        PriceBook.tax_inclusive,
        select(func.count()).where(Price.book_id == PriceBook.id).scalar_subquery().label("prices"),
    ).outerjoin(Reseller, Reseller.id == PriceBook.reseller_id),
    key=PriceBook.id,
    columns=(
        text(marked("Book"), "code", to="edit_book"),
        text(marked("Currency"), "currency"),
        country(marked("Country"), "country"),
        text(marked("Group"), "price_group"),
        text(marked("Reseller"), "reseller"),
        Column(
            marked("Tax"), lambda row: "included" if row.tax_inclusive else "added",
            lambda row: say("included") if row.tax_inclusive else say("added"),
        ),
        number(marked("Prices"), "prices"),
    ),
    empty=marked("Add a book for a currency, then give plans their prices in it."),
)  # fmt: skip


@admin.get("/price-books")
@allow("staff")
def price_books() -> ResponseReturnValue:
    return BOOKS.answer(add=url_for("admin.new_book"), add_label=say("Add a book"), add_needs="catalogue.write")


class BookForm(Form):
    code = StringField(
        later("Code"), filters=[stripped], validators=[DataRequired(later("A code is needed.")), Length(max=40)]
    )
    currency = SelectField(later("Currency"), choices=currency_choices)
    country = SelectField(later("Country"), default="", choices=lambda: [("", say("all")), *country_choices()])
    price_group = StringField(later("Customer group"), filters=[stripped], description=later("Empty: all."))
    reseller = StringField(
        later("Reseller"), filters=[stripped], description=later("Its code. Empty: everybody's customers.")
    )
    tax_inclusive = BooleanField(later("Prices have tax in them"))


@admin.route("/price-books/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_book() -> ResponseReturnValue:
    return _book(None)


@admin.route("/price-books/<int:key>/edit", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def edit_book(key: int) -> ResponseReturnValue:
    return _book(key)


def _book(key: int | None) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, PriceBook, key, "price book") if key is not None else None
        reseller = session.get(Reseller, row.reseller_id) if row is not None and row.reseller_id else None
    form = BookForm(obj=row, data={"reseller": reseller.code} if reseller else None)
    if form.validate_on_submit():
        with form.refusals():
            entry = BookEntry(
                form.code.data or "",
                form.currency.data,
                form.country.data,
                form.price_group.data or "",
                form.reseller.data or "",
                bool(form.tax_inclusive.data),
            )
            with writing(submit_ctx()) as tx:
                save_price_book(tx, row.seller_id if row is not None else own_seller_id(), entry, key)
            flash(say("The book %(code)s is saved.", code=entry.code), "good")
            return redirect(url_for("admin.price_books"), 303)
    status = 422 if form.is_submitted() else 200
    title = say("Price book %(code)s", code=row.code) if row is not None else say("New price book")
    shown = page("admin/entry.html", form=form, title=title, back=url_for("admin.price_books"), section="price_books")
    return shown, status


class PriceForm(PreviewForm):
    book = SelectField(later("Book"), coerce=int)
    term = StringField(later("Term"), filters=[stripped], description=later("Like 1 month. Empty: it is paid once."))
    amount = StringField(later("Amount"), filters=[stripped], validators=[DataRequired(later("How much?"))])
    setup = StringField(later("Set-up fee"), filters=[stripped], default="0")
    trial_term = StringField(later("Trial"), filters=[stripped], description=later("Like 7 days. Empty: none."))
    trial = StringField(later("The trial costs"), filters=[stripped], default="0")
    credit = StringField(
        later("In credits"), filters=[stripped], description=later("A reseller pays it. Empty: not for resellers.")
    )
    trial_credit = StringField(later("The trial in credits"), filters=[stripped])
    valid_from = first_day(later("Sold from"))
    valid_until = DateField(
        later("Sold until"),
        validators=[Optional()],
        description=later("The first day on which it is not; the price before it is sold again then. Empty: no end."),
    )
    existing_from = existing_day(later("Empty: they keep what they pay."))
    tell_days = telling_days()

    def wanted(self, plan_id: int, currency: str) -> NewPrice:
        credit = self.credit.data or ""
        trial_credit = self.trial_credit.data or ""
        tag = Tag(
            _minor("amount", self.amount.data, currency),
            _minor("setup", self.setup.data or "0", currency),
            self.trial_term.data or "",
            _minor("trial", self.trial.data or "0", currency) if self.trial_term.data else 0,
            _minor("credit", credit, CREDITS) if credit else None,
            _minor("trial_credit", trial_credit, CREDITS) if trial_credit else None,
        )
        return NewPrice(
            self.book.data,
            plan_id,
            self.term.data or "",
            tag,
            self.valid_from.data,
            self.existing_from.data,
            self.tell_days.data,
            self.valid_until.data,
        )


def _minor(field: str, text: str | None, currency: str) -> int:
    try:
        return Money.parse(text or "", currency).minor
    except InvalidInput as error:
        raise InvalidInput(field, error.why, hint=error.hint) from None


@admin.route("/catalogue/<int:key>/prices/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_price(key: int) -> ResponseReturnValue:
    with reading() as session:
        plan = found(session, Plan, key, "plan")
        books = session.scalars(
            select(PriceBook).where(PriceBook.seller_id == plan.seller_id).order_by(PriceBook.currency, PriceBook.code)
        ).all()
    form = PriceForm()
    form.book.choices = {str(book.id): f"{book.code}, {book.currency}" for book in books}
    currency = {book.id: book.currency for book in books}

    def act(tx: Tx) -> tuple[PriceAdded, Affected | None]:
        wanted = form.wanted(key, currency[form.book.data])
        before = preview_add_price(tx.session, wanted)
        return add_price(tx, wanted), before

    def figures(done: tuple[PriceAdded, Affected | None]) -> Figures:
        rows = [(say("Version"), str(done[0].version))]
        if done[1] is not None:
            rows += told_of(done[1], plan.name)
        return rows

    question = Question(
        say("A price for %(name)s", name=plan.name),
        say(
            "A price is never edited: this is a new version. New customers pay it from its day on; who has the plan "
            "keeps what they pay, unless a day is given for them too."
        ),
        say("Add the price"),
        url_for("admin.plan", key=key),
        danger=False,
    )
    return previewed(
        question,
        form,
        act,
        figures,
        lambda _, done: say("Version %(version)s of the price is added.", version=done[0].version),
    )
