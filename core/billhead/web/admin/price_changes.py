"""Changes of many prices: how far they are, whom they touch, and taking them back."""

from collections.abc import Iterator, Mapping

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead import clock
from billhead.actions.catalogue._billed_at import BilledAt, Stays, billed_at, stays
from billhead.actions.catalogue._touched import touched_by
from billhead.actions.catalogue.withdraw_reprice import withdraw_reprice
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, Price, PriceBook, Reprice
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, number, on, state, text
from billhead.web.admin.listing import Listing
from billhead.web.csv_export import csv_response
from billhead.web.formatting import last_day, money
from billhead.web.pages import page
from billhead.web.speaking import marked, say, say_count

__all__ = ["PRICE_CHANGES", "a_month"]

_TAKEN_BACK = ("recalling", "withdrawn")
_TOUCHED = (
    "customer", "name", "email", "country", "group", "subscription", "plan", "term", "book", "units", "before", "after",
    "currency", "paid_until",
)  # fmt: skip

_BILLED = (
    "customer", "name", "subscription", "document", "number", "state", "plan", "from", "until", "billed", "more",
    "currency",
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
            marked("A month"), lambda row: a_month(row.a_month_minor), lambda row: a_month(row.a_month_minor), "num"
        ),
    ),
    empty=marked("Change prices for who has them already, and it stands here."),
)


def a_month(sums: Mapping[str, int]) -> str:
    """Currency → minor units more, as shown."""
    return ", ".join(f"{'+' if minor > 0 else ''}{money(minor, currency)}" for currency, minor in sums.items()) or "–"


@admin.get("/price-changes")
@allow("staff")
def price_changes() -> ResponseReturnValue:
    return PRICE_CHANGES.answer(
        add=url_for("admin.new_price_change"), add_label=say("Change many prices"), add_needs="catalogue.write"
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
        papers = list(billed_at(session, key)) if _is_early(row) else []
    early = stays(one for one in papers if one.final)
    return page(
        "admin/price_change.html",
        change=row,
        prices=prices,
        a_month=a_month(row.a_month_minor),
        early=_billed_early(early) if early.documents else "",
        any_papers=bool(papers),
    )


def _is_early(row: Reprice) -> bool:
    """Is what was billed at its prices billed before their day, or though they were taken back?"""
    return row.state in _TAKEN_BACK or row.existing_from > clock.latest_today()


def _billed_early(early: Stays) -> str:
    return say(
        "customers: %(customers)s, invoices: %(documents)s, %(sum)s with tax",
        customers=early.customers,
        documents=early.documents,
        sum=a_month(early.more_minor),
    )


@admin.get("/price-changes/<int:key>/billed.csv")
@allow("staff")
def price_change_billed(key: int) -> ResponseReturnValue:
    """What is billed at its prices before they hold, with how much more that is than before: for credit notes."""
    with reading() as session:
        found(session, Reprice, key, "price change")

    def rows() -> Iterator[list[object]]:
        with reading() as session:
            for one in billed_at(session, key):
                billed, more = (Money(minor, one.currency).decimal() for minor in (one.billed_minor, one.more_minor))
                yield [
                    one.customer_id, one.name, one.subscription_id, one.document_id, one.number, _state_of(one),
                    one.plan, one.starts_on, last_day(one.ends_on) or "", billed, more, one.currency,
                ]  # fmt: skip

    return csv_response(f"price-change-{key}-billed", _BILLED, rows())


def _state_of(one: BilledAt) -> str:
    return "final" if one.final else "open"


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
        papers = list(billed_at(session, key))

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            done = withdraw_reprice(tx, key)
        if not done.stays.documents:
            return say("The price change is withdrawn.")
        return say(
            "The price change is withdrawn. What was billed at the new price stays: %(what)s.",
            what=_billed_early(done.stays),
        )

    told = (
        say_count(
            "Existing subscriptions go on at what they pay now. %(count)s customer has been told of it, and is told "
            "that it is taken back. What new customers bought stays as it was sold.",
            "Existing subscriptions go on at what they pay now. %(count)s customers have been told of it: they are "
            "told that it is taken back. What new customers bought stays as it was sold.",
            row.told,
        )
        if row.told
        else say("Existing subscriptions go on at what they pay now. What new customers bought stays as it was sold.")
    )
    early, waiting = (stays(one for one in papers if one.final is final) for final in (True, False))
    if early.documents:
        told += " " + say(
            "Billed at the new price already, which stays: %(what)s. Credit notes give it back; the page of the change "
            "lists the invoices.",
            what=_billed_early(early),
        )
        if row.told:
            told += " " + say("These customers are told from when on they pay the old price again.")
    if waiting.documents:
        told += " " + say(
            "Drafts and unpaid renewals at the new price that become void and are made anew at the old one: %(count)s.",
            count=waiting.documents,
        )
    question = Question(
        say("Withdraw price change %(key)s?", key=key),
        told,
        say("Withdraw it"),
        url_for("admin.price_change", key=key),
    )
    return asked(question, ReasonForm(), act)
