"""Changing many prices at once: those that are ticked, shown before and after."""

from datetime import date, timedelta

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired

from billhead import clock
from billhead.actions.catalogue._repriced import RepriceWish, newest_prices
from billhead.actions.catalogue._versions import Affected, totals
from billhead.actions.catalogue.reprice import Repriced, preview_reprice, reprice
from billhead.db import Tx, reading
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.price_steps import parse_mark_up, price_ways
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.plugin import allow
from billhead.web.admin.area import admin, own_seller_id
from billhead.web.admin.asking import Question
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.admin.price_changes import a_month
from billhead.web.admin.price_fields import existing_day, first_day, telling_days
from billhead.web.formatting import day_in_words, from_to, lasting, money
from billhead.web.forms import stripped, ticked
from billhead.web.places import currency_choices
from billhead.web.speaking import later, say, say_count

__all__ = ["told_of"]

_SHOWN = 25


class RepriceForm(PreviewForm):
    currency = HiddenField()
    everything = BooleanField(later("All of these prices"))
    prices = ticked(later("Prices"), coerce=int)
    way = SelectField(
        later("They change"),
        choices={
            "percent": later("by percent"),
            "add": later("by an amount"),
            "to": later("to a new amount"),
        },
    )
    amount = StringField(later("By or to how much"), filters=[stripped], validators=[DataRequired(later("How much?"))])
    rounding = SelectField(later("Rounded"), coerce=int, description=later("A new amount stays as you write it."))
    valid_from = first_day(later("New customers pay it from"))
    whom = RadioField(
        later("Who pays it"),
        choices={
            "new": later("new customers; who has it keeps what they pay"),
            "all": later("everybody: existing subscriptions from their next renewal on or after the day below"),
        },
        default="new",
    )
    existing_from = existing_day(later("Empty: the first day that leaves the time to tell them."))
    tell_days = telling_days()

    def offer(self, currency: str, rows: list[tuple[PriceBook, Plan, Price]]) -> None:
        """The prices that can be ticked, all in the one currency, and how they can be rounded in it."""
        several = len({book.id for book, _, _ in rows}) > 1
        self.prices.choices = [(price.id, _named(*row, several)) for row in rows for price in row[2:]]
        self.rounding.choices = [(at, _rounding(*way, currency)) for at, way in enumerate(price_ways(currency))]
        self.currency.data = currency
        self.amount.description = say(
            "Percent like 5 or -2.5; an amount in %(currency)s like %(less)s or %(more)s.",
            currency=currency,
            less=Money.parse("-2", currency).decimal(),
            more=Money.parse("15", currency).decimal(),
        )

    def wish(self) -> RepriceWish:
        written, currency = self.amount.data or "", self.currency.data
        ids = [price for price, _ in self.prices.choices] if self.everything.data else self.prices.data
        if not ids:
            raise InvalidInput("prices", say("tick at least one"))
        way, (round_to, below) = self.way.data, price_ways(currency)[self.rounding.data]
        return RepriceWish(
            own_seller_id(),
            self._existing_from(),
            percent_ppm=parse_mark_up(written, "amount") if way == "percent" else 0,
            add_minor=Money.parse(written, currency).minor if way == "add" else 0,
            to=Money.parse(written, currency) if way == "to" else None,
            round_to_minor=round_to,
            below_minor=below,
            prices=tuple(ids),
            valid_from=self.valid_from.data,
            tell_days=self.tell_days.data,
        )

    def _existing_from(self) -> date | None:
        day: date | None = self.existing_from.data
        if self.whom.data == "all":
            return day or clock.latest_today() + timedelta(days=1 + (self.tell_days.data or 0))
        if day is not None:
            raise InvalidInput("existing_from", say("leave it empty, or let everybody pay it"))
        return None


def told_of(one: Affected, plan: str, touched: bool = True) -> list[tuple[str, str]]:
    """One price before and after, as a figure; `plan`: its name, `touched`: who has it already pays it as well."""
    change = from_to(money(one.old_minor, one.currency), money(one.new_minor, one.currency))
    if touched:
        who = say_count("%(count)d subscription", "%(count)d subscriptions", one.subscriptions)
        if one.a_month_minor:
            who = say("%(who)s, %(sum)s a month", who=who, sum=a_month({one.currency: one.a_month_minor}))
    else:
        who = say_count(
            "%(count)d subscription keeps what it pays", "%(count)d subscriptions keep what they pay", one.subscriptions
        )
    term = lasting(one.term) or say("once")
    return [(f"{plan}, {term} ({one.book})", f"{change}: {who}")]


def _named(book: PriceBook, plan: Plan, price: Price, several: bool) -> str:
    term = lasting(price.term) or say("once")
    named = f"{plan.name}, {term}: {money(price.amount_minor, book.currency)}"
    return f"{named} ({book.code})" if several else named


def _rounding(round_to: int, below: int, currency: str) -> str:
    if below:
        return say("to amounts like %(example)s", example=money(round_to * 10 - below, currency))
    return say("to %(step)s", step=money(round_to, currency))


@admin.route("/price-changes/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_price_change() -> ResponseReturnValue:
    """`?currency=EUR`: a change is of prices in one currency."""
    with reading() as session:
        rows = [row for row in newest_prices(session, RepriceWish(own_seller_id(), None)) if row[2].amount_minor]
    currencies = sorted({book.currency for book, _, _ in rows})
    if not currencies:
        flash(say("No plan has a price yet."), "warn")
        return redirect(url_for("admin.price_changes"), 303)
    wanted = request.values.get("currency", "")
    currency = wanted if wanted in currencies else currencies[0]
    form = RepriceForm()
    form.offer(currency, [row for row in rows if row[0].currency == currency])
    names = {plan.code: plan.name for _, plan, _ in rows}

    def act(tx: Tx) -> tuple[Repriced, list[Affected], date | None]:
        wish = form.wish()
        before = preview_reprice(tx.session, wish)
        return reprice(tx, wish), before, wish.existing_from

    def figures(done: tuple[Repriced, list[Affected], date | None]) -> Figures:
        made, changed, day = done
        prices = say_count("%(count)d price", "%(count)d prices", len(changed))
        told = say("%(prices)s, for new customers only", prices=prices)
        if day is not None:
            who = say_count("%(count)d subscription", "%(count)d subscriptions", made.subscriptions)
            told = say("%(prices)s, %(who)s, %(sum)s a month", prices=prices, who=who, sum=a_month(totals(changed)))
        shown = [(say("Together"), told)]
        if day is not None:
            shown.append((say("Existing subscriptions pay it from"), day_in_words(day)))
        for one in changed[:_SHOWN]:
            shown += told_of(one, names[one.plan], day is not None)
        if len(changed) > _SHOWN:
            shown.append((say("And"), say("%(count)s more", count=len(changed) - _SHOWN)))
        return shown

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
        lambda _, done: say("Prices with a new version: %(count)s.", count=done[0].prices),
        above="admin/_currencies.html",
        currency=currency,
        currencies=currency_choices(currencies),
    )
