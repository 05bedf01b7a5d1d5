"""`billhead coupons`: list, make, stop, give."""

import csv
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from billhead.actions.coupons.change_coupon import change_coupon
from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.actions.coupons.redeem_coupon import redeem_coupon
from billhead.cli import in_app, json_option, show
from billhead.cli._seller import seller_of
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.percentage import parse_percent
from billhead.domain.whole_number import whole_number
from billhead.models.coupons import Coupon

__all__ = ["group"]

_COLUMNS = {
    "code", "kind", "name", "percent", "amount", "currency", "cycles", "stackable", "covers_setup", "new_customers",
    "first_order", "plans", "terms", "countries", "minimum", "starts_on", "ends_on", "total_uses", "uses_per_customer",
}  # fmt: skip
_LARGEST = 8_000_000


@click.group()
def group() -> None:
    """Coupons: list, create, import, stop, give."""


@group.command("list")
@json_option
@in_app
def list_coupons(as_json: bool) -> None:
    """Every coupon with what it gives and how often it was used."""
    with reading() as session:
        rows = [_row(row) for row in session.scalars(select(Coupon).order_by(Coupon.code))]
    lines = [
        f"{row['code']:20} {row['gives']:16} used {row['used']}{' stopped' if row['stopped'] else ''}" for row in rows
    ]
    show({"coupons": rows}, as_json, lines or ["There is no coupon."])


def _row(row: Coupon) -> dict[str, Any]:
    percent = f"{Decimal(row.percent_ppm) / 10_000:f}%"
    return {
        "code": row.code,
        "kind": row.kind,
        "gives": percent if row.kind == "percent" else str(Money(row.amount_minor, row.currency)),
        "cycles": row.cycles,
        "used": row.used,
        "total_uses": row.total_uses,
        "ends_on": row.ends_on.isoformat() if row.ends_on else None,
        "stopped": row.disabled,
    }


@group.command()
@click.argument("code")
@click.option("--percent", default="", help="So many percent off.")
@click.option("--amount", default="", help='So much off each cycle, like "5.00 EUR".')
@click.option("--balance", default="", help='So much off in all, like "50.00 EUR".')
@click.option("--cycles", default="1", help='In how many cycles, or "forever".')
@click.option("--plan", "plans", multiple=True, help="Only off this plan or add-on.")
@click.option("--uses", type=int, help="How often it can be used in all.")
@click.option("--each", type=int, help="How often by one customer.")
@click.option("--seller", default="", help="Code of the seller, where there are several.")
@json_option
@in_app
def create(code: str, seller: str, as_json: bool, **asked: Any) -> None:
    """Make a coupon. Everything else that coupons can is in the admin area and in import files."""
    row = {"code": code, "cycles": asked["cycles"], "plans": " ".join(asked["plans"])}
    row |= {"total_uses": asked["uses"] or "", "uses_per_customer": asked["each"] or ""}
    given = [name for name in ("percent", "amount", "balance") if asked[name]]
    if len(given) != 1:
        raise InvalidInput("percent", "give one of --percent, --amount and --balance")
    if given[0] == "percent":
        row |= {"kind": "percent", "percent": asked["percent"]}
    else:
        amount, _, currency = asked[given[0]].strip().rpartition(" ")
        row |= {"kind": "fixed" if given[0] == "amount" else "balance", "amount": amount, "currency": currency}
    with reading() as session:
        seller_id = seller_of(session, seller).id
    with writing(Context.system("cli:coupons")) as tx:
        made = create_coupon(tx, seller_id, _new({name: str(value) for name, value in row.items()}))
    show({"coupon": made.code}, as_json, [f"{made.code} can be used."])


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what is wrong and write nothing.")
@click.option("--seller", default="", help="Code of the seller, where there are several.")
@json_option
@in_app
def import_file(file: Path, dry_run: bool, seller: str, as_json: bool) -> None:
    """Make coupons from a CSV file: all of it, or nothing if a row can't be."""
    rows = _rows(file)
    with reading() as session:
        seller_id = seller_of(session, seller).id
    problems = []
    with writing(Context.system("cli:coupons")) as tx:
        for line, row in rows:
            try:
                create_coupon(tx, seller_id, _new(row))
            except BillheadError as error:
                problems.append({"line": line, **error.as_dict()})
        if problems or dry_run:
            tx.session.rollback()
    lines = [f"line {one['line']}: {one['message']}" for one in problems]
    made = 0 if problems or dry_run else len(rows)
    show({"made": made, "problems": problems}, as_json, [*lines, f"{made} coupons are made."])
    if problems:
        raise click.exceptions.Exit(1)


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    if file.stat().st_size > _LARGEST:
        raise InvalidInput("file", f"it is larger than {_LARGEST // 1_000_000} MB")
    try:
        reader = csv.DictReader(StringIO(file.read_text("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise InvalidInput("file", "it is not text in UTF-8") from error
    unknown = sorted(set(reader.fieldnames or ()) - _COLUMNS)
    if unknown or "code" not in (reader.fieldnames or ()):
        raise InvalidInput(
            "file", f"columns are {', '.join(sorted(_COLUMNS))}; not {', '.join(unknown) or 'none of them'}"
        )
    return [(reader.line_num, {name: value or "" for name, value in row.items() if name}) for row in reader]


def _new(row: dict[str, str]) -> NewCoupon:
    """A coupon from the texts of a row. Raises InvalidInput naming the column."""
    text = {name: value.strip() for name, value in row.items()}
    currency = text.get("currency", "").upper()
    return NewCoupon(
        code=text["code"],
        kind=text.get("kind") or ("percent" if text.get("percent") else "fixed"),
        name=text.get("name", ""),
        percent_ppm=parse_percent(text.get("percent") or "0"),
        amount_minor=_minor("amount", text, currency),
        currency=currency,
        cycles=_cycles(text.get("cycles") or "1"),
        stackable=_yes("stackable", text, "no"),
        covers_setup=_yes("covers_setup", text, "yes"),
        new_customers=_yes("new_customers", text, "no"),
        first_order=_yes("first_order", text, "no"),
        plans=tuple(text.get("plans", "").split()),
        terms=tuple(term.strip() for term in text.get("terms", "").split("|") if term.strip()),
        countries=tuple(text.get("countries", "").split()),
        minimum_minor=_minor("minimum", text, currency),
        starts_on=_day("starts_on", text),
        ends_on=_day("ends_on", text),
        total_uses=_whole("total_uses", text),
        uses_per_customer=_whole("uses_per_customer", text),
    )


def _cycles(typed: str) -> int | None:
    return None if typed in ("forever", "for ever") else _whole("cycles", {"cycles": typed})


def _minor(name: str, text: dict[str, str], currency: str) -> int:
    if not text.get(name):
        return 0
    try:
        return Money.parse(text[name], currency).minor
    except InvalidInput as error:
        raise InvalidInput(name if error.field == "amount" else "currency", error.why, hint=error.hint) from None


def _whole(name: str, text: dict[str, str]) -> int | None:
    value = text.get(name, "")
    if not value:
        return None
    number = whole_number(value, 8)
    if number is None:
        raise InvalidInput(name, f"{value!r} is not a whole number")
    return number


def _yes(name: str, text: dict[str, str], otherwise: str) -> bool:
    value = (text.get(name) or otherwise).lower()
    if value not in ("yes", "no"):
        raise InvalidInput(name, f"{value!r} is not yes or no")
    return value == "yes"


def _day(name: str, text: dict[str, str]) -> date | None:
    value = text.get(name, "")
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise InvalidInput(name, f"{value!r} is not a date", hint="write it like 2026-11-30") from None


@group.command()
@click.argument("code")
@click.option("--seller", default="", help="Code of the seller, where there are several.")
@json_option
@in_app
def stop(code: str, seller: str, as_json: bool) -> None:
    """Nobody can enter it any more; who has it keeps what it gives."""
    with writing(Context.system("cli:coupons")) as tx:
        seller_id = seller_of(tx.session, seller).id
        row = tx.session.scalar(select(Coupon).where(Coupon.seller_id == seller_id, Coupon.code == code.upper()))
        if row is None:
            raise NotFound("coupon", code)
        limits = {name: getattr(row, name) for name in ("ends_on", "total_uses", "uses_per_customer")}
        change_coupon(tx, row.id, disabled=True, **limits)
    show({"coupon": code.upper(), "stopped": True}, as_json, [f"{code.upper()} can't be entered any more."])


@group.command()
@click.argument("code")
@click.argument("subscription_id", metavar="SUBSCRIPTION", type=int)
@json_option
@in_app
def give(code: str, subscription_id: int, as_json: bool) -> None:
    """Give a running subscription a coupon, from the next cycle that is billed."""
    with writing(Context.system("cli:coupons")) as tx:
        given = redeem_coupon(tx, subscription_id, code)
    told = {"coupon": given.code, "subscription": subscription_id}
    show(told, as_json, [f"Subscription {subscription_id} has {given.code}."])
