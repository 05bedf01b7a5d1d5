"""`billhead prices`: what things cost, and changing many prices at once."""

from datetime import date
from typing import Any

import click
from sqlalchemy import select

from billhead.actions.catalogue._touched import Touched, touched_by
from billhead.actions.catalogue._versions import Affected
from billhead.actions.catalogue.reprice import RepriceWish, preview_reprice, reprice
from billhead.actions.catalogue.stop_price import preview_stop_price, stop_price
from billhead.cli import in_app, json_option, show
from billhead.cli._dates import DATE
from billhead.cli._prices_taken_back import billed, withdraw
from billhead.cli._seller import seller_of
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.money import Money
from billhead.domain.percentage import parse_percent
from billhead.domain.periods import by_length
from billhead.models.catalogue import Plan, Price, PriceBook, Reprice

__all__ = ["group"]


_WORDS = (("valid_from", "sold from"), ("existing_from", "existing from"), ("withdrawn_on", "withdrawn"))


@click.group()
def group() -> None:
    """Prices: list, stop, preview and make changes of many, withdraw."""


@group.command("list")
@click.option("--plan", default="", help="Only this plan.")
@json_option
@in_app
def list_prices(plan: str, as_json: bool) -> None:
    """Every version of every price, the newest first."""
    query = (
        select(Price, Plan.code, PriceBook)
        .join(Plan, Plan.id == Price.plan_id)
        .join(PriceBook, PriceBook.id == Price.book_id)
        .order_by(PriceBook.code, Plan.code, Price.version.desc())
    )
    if plan:
        query = query.where(Plan.code == plan)
    with reading() as session:
        rows = [_row(price, code, book) for price, code, book in session.execute(query)]
    rows.sort(key=lambda row: (row["book"], row["plan"], by_length(row["term"]), row["term"]))  # versions stay in order
    show({"prices": rows}, as_json, [_line(row) for row in rows] or ["There is no price."])


def _row(price: Price, plan: str, book: PriceBook) -> dict[str, Any]:
    return {
        "id": price.id,
        "book": book.code,
        "plan": plan,
        "term": price.term,
        "amount": str(Money(price.amount_minor, book.currency)),
        "setup": str(Money(price.setup_minor, book.currency)),
        "version": price.version,
        "valid_from": _day(price.valid_from),
        "valid_until": _day(price.valid_until),
        "existing_from": _day(price.existing_from),
        "withdrawn_on": _day(price.withdrawn_on),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _line(row: dict[str, Any]) -> str:
    told = "".join(
        f"  {words} {row[name]}"
        for name, words in (
            ("valid_from", "sold from"),
            ("valid_until", "until"),
            ("existing_from", "existing from"),
            ("withdrawn_on", "withdrawn"),
        )
        if row[name]
    )
    return f"{row['book']:10} {row['plan']:20} {row['term'] or 'once':10} {row['amount']:>14}  v{row['version']}{told}"


@group.command("stop")
@click.argument("price", type=int)
@click.option("--from", "until", type=DATE, help="Not sold any more from this day on; without it from now on.")
@click.option("--reason", required=True, help="Stands in the audit trail.")
@json_option
@in_app
def stop(price: int, until: date | None, reason: str, as_json: bool) -> None:
    """Take PRICE (its id in the list) off sale with all its versions. Who pays it goes on paying it."""
    with reading() as session:
        kept = preview_stop_price(session, price)
    with writing(Context.system("cli:prices", reason=reason)) as tx:
        done = stop_price(tx, price, until)
    told = f"Nobody can order at it from {done.until} on; {kept} subscriptions keep it."
    show({"price_id": price, "until": done.until.isoformat(), "subscriptions": kept}, as_json, [told])


def _wish_options(command: Any) -> Any:
    """What to change, and how: the same for the preview and the change."""
    for option in reversed(
        [
            click.option("--seller", default="", help="Code of the seller, where there are several."),
            click.option("--plan", "plans", multiple=True, help="Only this plan; may be given several times."),
            click.option("--book", "books", multiple=True, help="Only this price book."),
            click.option("--term", "terms", multiple=True, help='Only this term, like "1 month".'),
            click.option("--percent", default="0", help="Change by so many percent: 5, -2.5."),
            click.option("--add", "add_minor", type=int, default=0, help="Then add so many cents."),
            click.option("--round-to", type=int, default=1, help="Round to a multiple of so many minor units."),
            click.option("--below", type=int, default=0, help="Then take so many off: 100 and 1 give 9.99."),
            click.option("--new-from", type=DATE, help="New customers pay it from then on; at once if not given."),
            click.option("--existing-from", type=DATE, help="Existing subscriptions pay it from then on."),
            click.option("--tell-days", type=int, default=30, help="Tell their customers so many days before."),
            click.option("--tell-nobody", is_flag=True, help="Tell no customer."),
        ]
    ):
        command = option(command)
    return command


def _wish(seller_id: int, asked: dict[str, Any]) -> RepriceWish:
    return RepriceWish(
        seller_id,
        asked["existing_from"],
        percent_ppm=parse_percent(asked["percent"]),
        add_minor=asked["add_minor"],
        round_to_minor=asked["round_to"],
        below_minor=asked["below"],
        books=asked["books"],
        plans=asked["plans"],
        terms=asked["terms"],
        valid_from=asked["new_from"],
        tell_days=None if asked["tell_nobody"] else asked["tell_days"],
    )


@group.command()
@_wish_options
@json_option
@in_app
def preview(seller: str, as_json: bool, **asked: Any) -> None:
    """What a change would do: each price, who pays it, and how much more that is a month."""
    with reading() as session:
        found = preview_reprice(session, _wish(seller_of(session, seller).id, asked))
    lines = [_told(one) for one in found] or ["No price changes by that."]
    show({"changes": [_as_dict(one) for one in found]}, as_json, lines)


def _as_dict(one: Affected) -> dict[str, Any]:
    return {
        "book": one.book,
        "plan": one.plan,
        "term": one.term,
        "old": str(Money(one.old_minor, one.currency)),
        "new": str(Money(one.new_minor, one.currency)),
        "subscriptions": one.subscriptions,
        "a_month": str(Money(one.a_month_minor, one.currency)),
    }


def _told(one: Affected) -> str:
    old, new = Money(one.old_minor, one.currency), Money(one.new_minor, one.currency)
    more = Money(one.a_month_minor, one.currency)
    who = f"{one.subscriptions} subscriptions, {more} a month"
    return f"{one.book:10} {one.plan:20} {one.term or 'once':10} {old} -> {new}  {who}"


@group.command()
@_wish_options
@json_option
@in_app
def change(seller: str, as_json: bool, **asked: Any) -> None:
    """Give each of the prices a new version. Look at `billhead prices preview` first."""
    with reading() as session:
        seller_id = seller_of(session, seller).id
    with writing(Context.system("cli:prices")) as tx:
        done = reprice(tx, _wish(seller_id, asked))
    told = {"change": done.reprice_id, "prices": done.prices, "subscriptions": done.subscriptions}
    lines = [f"{done.prices} prices have a new version."]
    if done.reprice_id is not None:
        lines.append(f"{done.subscriptions} subscriptions pay it by change {done.reprice_id}, which can be withdrawn.")
    show(told, as_json, lines)


@group.command()
@json_option
@in_app
def changes(as_json: bool) -> None:
    """The changes for existing subscriptions, and how far their customers were told."""
    with reading() as session:
        rows = [
            {
                "change": row.id,
                "state": row.state,
                "existing_from": row.existing_from.isoformat(),
                "tell_on": _day(row.tell_on),
                "subscriptions": row.subscriptions,
                "told": row.told,
                "a_month": {code: str(Money(minor, code)) for code, minor in row.a_month_minor.items()},
            }
            for row in session.scalars(select(Reprice).order_by(Reprice.id.desc()))
        ]
    lines = [
        f"{row['change']:>6}  {row['state']:10} from {row['existing_from']}  "
        f"{row['told']} of {row['subscriptions']} told"
        for row in rows
    ]
    show({"changes": rows}, as_json, lines or ["No price changes for existing subscriptions."])


@group.command()
@click.argument("change_id", metavar="CHANGE", type=int)
@json_option
@in_app
def whom(change_id: int, as_json: bool) -> None:
    """Whom a change touches: every subscription that pays one of its prices, with what it pays before and after."""
    with reading() as session:
        if session.get(Reprice, change_id) is None:
            raise NotFound("price change", change_id, hint="see them with: billhead prices changes")
        rows = [_touched(one) for one in touched_by(session, change_id)]
    lines = [f"{r['subscription']:>8} {r['customer']:24} {r['plan']:20} {r['before']:>14} → {r['after']}" for r in rows]
    show({"touched": rows}, as_json, lines or ["It touches nobody."])


def _touched(one: Touched) -> dict[str, Any]:
    return {
        "subscription": one.subscription_id,
        "customer": one.name,
        "email": one.email,
        "plan": one.plan,
        "term": one.term,
        "book": one.book,
        "units": one.units,
        "before": str(Money(one.old_minor, one.currency)),
        "after": str(Money(one.new_minor, one.currency)),
        "paid_through": _day(one.paid_through),
    }


group.add_command(withdraw)
group.add_command(billed)
