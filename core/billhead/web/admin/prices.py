"""Price books, new versions of prices, and changing many at once."""

from collections.abc import Iterator

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from billhead.actions.catalogue._touched import touched_by
from billhead.actions.catalogue._versions import Affected
from billhead.actions.catalogue.add_price import NewPrice, PriceAdded, Tag, add_price, preview_add_price
from billhead.actions.catalogue.reprice import Repriced, RepriceWish, preview_reprice, reprice
from billhead.actions.catalogue.save_price_book import BookEntry, save_price_book
from billhead.actions.catalogue.withdraw_reprice import withdraw_reprice
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.domain.percentage import parse_percent
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan, Price, PriceBook, Reprice
from billhead.models.people import Reseller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, country, number, on, state, text
from billhead.web.admin.listing import Listing
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.csv_export import csv_response
from billhead.web.formatting import last_day, lasting, money
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.places import country_choices, currency_choices
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say, say_count

__all__ = ["BOOKS", "PRICE_CHANGES"]

_SHOWN = 25
_TOUCHED = (
    "customer", "name", "email", "country", "group", "subscription", "plan", "term", "book", "units", "before", "after",
    "currency", "paid_until",
)  # fmt: skip

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

PRICE_CHANGES = Listing(
    name="price-changes",
    title=marked("Price changes"),
    lead=marked("What existing subscriptions pay from a day on. Until then it can be taken back."),
    query=select(
        Reprice.id,
        Reprice.state,
        Reprice.existing_from,
        Reprice.tell_on,
        Reprice.subscriptions,
        Reprice.told,
        Reprice.a_month_minor,
    ),
    key=Reprice.id,
    columns=(
        text(marked("Change"), "id", to="price_change"),
        state(marked("State"), "state"),
        on(marked("From"), "existing_from"),
        on(marked("Customers are told on"), "tell_on"),
        number(marked("Subscriptions"), "subscriptions"),
        number(marked("Told"), "told"),
        Column(
            marked("A month"), lambda row: _a_month(row.a_month_minor), lambda row: _a_month(row.a_month_minor), "num"
        ),
    ),
    empty=marked("Change prices for who has them already, and it stands here."),
)


def _a_month(sums: dict[str, int]) -> str:
    return ", ".join(f"{'+' if minor > 0 else ''}{money(minor, currency)}" for currency, minor in sums.items()) or "–"


@admin.get("/price-books")
@allow("staff")
def price_books() -> ResponseReturnValue:
    return BOOKS.answer(add=url_for("admin.new_book"), add_label=say("Add a book"), add_needs="catalogue.write")


@admin.get("/price-changes")
@allow("staff")
def price_changes() -> ResponseReturnValue:
    return PRICE_CHANGES.answer(
        add=url_for("admin.new_price_change"), add_label=say("Change many prices"), add_needs="catalogue.write"
    )


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
    valid_from = DateField(later("Sold from"), validators=[Optional()], description=later("Empty: at once."))
    valid_until = DateField(
        later("Sold until"),
        validators=[Optional()],
        description=later("The first day on which it is not; the price before it is sold again then. Empty: no end."),
    )
    existing_from = DateField(
        later("Existing subscriptions pay it from"),
        validators=[Optional()],
        description=later("Empty: they keep what they pay."),
    )
    tell_days = IntegerField(
        later("Tell them so many days before"), default=30, validators=[Optional(), NumberRange(0, 365)],
        description=later("Empty: they are not told."),
    )  # fmt: skip

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
            rows += _told(done[1])
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


def _told(one: Affected) -> list[tuple[str, str]]:
    change = f"{money(one.old_minor, one.currency)} → {money(one.new_minor, one.currency)}"
    who = say_count("%(count)d subscription", "%(count)d subscriptions", one.subscriptions)
    if one.a_month_minor:
        who = say("%(who)s, %(sum)s a month", who=who, sum=_a_month({one.currency: one.a_month_minor}))
    return [(f"{one.plan}, {lasting(one.term) or say('once')} ({one.book})", f"{change}: {who}")]


class RepriceForm(PreviewForm):
    plans = StringField(later("Plans"), filters=[stripped], description=later("Codes with blanks between. Empty: all."))
    books = StringField(
        later("Price books"), filters=[stripped], description=later("Codes with blanks between. Empty: all.")
    )
    terms = StringField(later("Terms"), filters=[stripped], description=later("Like 1 month, 1 year. Empty: all."))
    percent = StringField(later("By percent"), filters=[stripped], default="0", description=later("Like 5, or -2.5."))
    add = StringField(
        later("And then by"),
        filters=[stripped],
        default="0",
        description=later("In the currency's smallest unit: 50 are 0.50 EUR."),
    )
    round_to = IntegerField(
        later("Rounded to"),
        default=1,
        validators=[NumberRange(1, 1_000_000)],
        description=later("100 are 1.00 EUR."),
    )
    below = IntegerField(
        later("Less"),
        default=0,
        validators=[NumberRange(0, 1_000_000)],
        description=later("1 makes 9.99 of 10.00."),
    )
    valid_from = DateField(
        later("New customers pay it from"), validators=[Optional()], description=later("Empty: at once.")
    )
    existing_from = DateField(
        later("Existing subscriptions pay it from"),
        validators=[Optional()],
        description=later("Empty: they keep what they pay."),
    )
    tell_days = IntegerField(
        later("Tell them so many days before"), default=30, validators=[Optional(), NumberRange(0, 365)],
        description=later("Empty: they are not told."),
    )  # fmt: skip

    def wish(self) -> RepriceWish:
        return RepriceWish(
            own_seller_id(),
            self.existing_from.data,
            percent_ppm=parse_percent(self.percent.data or "0"),
            add_minor=_whole("add", self.add.data or "0"),
            round_to_minor=self.round_to.data or 1,
            below_minor=self.below.data or 0,
            books=tuple((self.books.data or "").split()),
            plans=tuple((self.plans.data or "").split()),
            terms=tuple(term.strip() for term in (self.terms.data or "").split(",") if term.strip()),
            valid_from=self.valid_from.data,
            tell_days=self.tell_days.data,
        )


def _whole(field: str, text: str) -> int:
    amount = whole_number(text.removeprefix("-"), 15)
    if amount is None:
        raise InvalidInput(field, say("%(what)s is not a whole number", what=repr(text)))
    return -amount if text.startswith("-") else amount


@admin.route("/price-changes/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_price_change() -> ResponseReturnValue:
    form = RepriceForm()

    def act(tx: Tx) -> tuple[Repriced, list[Affected]]:
        wish = form.wish()
        before = preview_reprice(tx.session, wish)
        return reprice(tx, wish), before

    def figures(done: tuple[Repriced, list[Affected]]) -> Figures:
        changed = done[1]
        sums: dict[str, int] = {}
        for one in changed:
            sums[one.currency] = sums.get(one.currency, 0) + one.a_month_minor
        told = say(
            "%(prices)s prices, %(subscriptions)s subscriptions, %(sum)s a month",
            prices=len(changed),
            subscriptions=done[0].subscriptions,
            sum=_a_month(sums),
        )
        rows = [(say("Together"), told)]
        rows += [row for one in changed[:_SHOWN] for row in _told(one)]
        return (
            rows
            if len(changed) <= _SHOWN
            else [*rows, (say("And"), say("%(count)s more", count=len(changed) - _SHOWN))]
        )

    question = Question(
        say("Change many prices"),
        say("Each price gets a new version. Nothing that was billed changes."),
        say("Change the prices"),
        url_for("admin.price_changes"),
        danger=False,
    )
    return previewed(
        question,
        form,
        act,
        figures,
        lambda _, done: say("%(prices)s prices have a new version.", prices=done[0].prices),
    )


@admin.get("/price-changes/<int:key>")
@allow("staff")
def price_change(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Reprice, key, "price change")
        prices = session.execute(
            select(Price, Plan.name, PriceBook)
            .join(Plan, Plan.id == Price.plan_id)
            .join(PriceBook, PriceBook.id == Price.book_id)
            .where(Price.reprice_id == key)
            .order_by(PriceBook.code, Plan.name, Price.amount_minor)
        ).all()
    return page("admin/price_change.html", change=row, prices=prices, a_month=_a_month(row.a_month_minor))


@admin.get("/price-changes/<int:key>/customers.csv")
@allow("staff")
def price_change_customers(key: int) -> ResponseReturnValue:
    """Whom it touches, each part with what is paid before and after."""
    with reading() as session:
        found(session, Reprice, key, "price change")

    def rows() -> Iterator[list[object]]:
        with reading() as session:
            for one in touched_by(session, key):
                old, new = (Money(minor, one.currency).decimal() for minor in (one.old_minor, one.new_minor))
                yield [
                    one.customer_id, one.name, one.email, one.country, one.price_group, one.subscription_id, one.plan,
                    one.term, one.book, one.units, old, new, one.currency, last_day(one.paid_through) or "",
                ]  # fmt: skip

    return csv_response(f"price-change-{key}", _TOUCHED, rows())


@admin.route("/price-changes/<int:key>/withdraw", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def withdraw_price_change(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Reprice, key, "price change")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            withdraw_reprice(tx, key)
        return say("The price change is withdrawn.")

    told = (
        say(
            "Existing subscriptions go on at what they pay now. %(count)s customers have been told of it: they are "
            "told that it does not come. What new customers bought stays as it was sold.",
            count=row.told,
        )
        if row.told
        else say("Existing subscriptions go on at what they pay now. What new customers bought stays as it was sold.")
    )
    question = Question(
        say("Withdraw price change %(key)s?", key=key),
        told,
        say("Withdraw it"),
        url_for("admin.price_change", key=key),
    )
    return asked(question, ReasonForm(), act)
