"""`billhead sellers`: who sells, and how their documents come about."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, TypeVar

import click
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._series import open_series
from billhead.actions.payments._policy import CHOICES, MoneyBack, money_back_of
from billhead.actions.sellers._billing_rules import BillingRules, rules_of
from billhead.actions.sellers.set_billing_rules import set_billing_rules
from billhead.actions.sellers.set_money_back import set_money_back
from billhead.actions.sellers.set_number_series import KINDS, preview_set_number_series, set_number_series
from billhead.cli import in_app, json_option, show
from billhead.cli._seller import seller_of
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.numbering import fiscal_year
from billhead.domain.tax import TaxRounding
from billhead.models.sellers import NumberSeries, Seller

__all__ = ["group"]

Rules = TypeVar("Rules", BillingRules, MoneyBack)


@click.group()
def group() -> None:
    """Sellers: list, show and change how they bill and number."""


@group.command("list")
@json_option
@in_app
def list_sellers(as_json: bool) -> None:
    """Every seller, with the engine that reckons its tax and how that is rounded."""
    with reading() as session:
        rows = [
            {"code": row.code, "name": row.name, "country": row.country, "currency": row.currency,
             "tax_engine": row.tax_engine, "tax_rounding": row.tax_rounding}
            for row in session.scalars(select(Seller).order_by(Seller.code))
        ]  # fmt: skip
    lines = [f"{row['code']:16} {row['country']}  {row['currency']}  {row['name']}" for row in rows]
    show({"sellers": rows}, as_json, lines or ["There is no seller: billhead setup"])


@group.command()
@click.option("--seller", default="", help="Code of the seller, where there are several.")
@click.option("--tax-rounding", type=click.Choice([mode.value for mode in TaxRounding]), help="Where tax is rounded.")
@click.option("--terms-days", type=int, help="Days to pay.")
@click.option("--lead-days", type=int, help="A renewal by hand is offered so many days ahead.")
@click.option("--grace-hours", type=int, help="A line runs so long after what is paid.")
@click.option("--proforma-days", type=int, help="So long after it was due an unpaid proforma expires.")
@click.option("--draft-days", type=int, help="Invoices are drafts for so many days.")
@click.option("--hold-for-review/--no-hold-for-review", default=None, help="Drafts wait for staff.")
@click.option("--number-on", type=click.Choice(["finalisation", "payment"]), help="When numbers are given.")
@click.option("--number-proformas/--no-number-proformas", default=None, help="Proformas have a reference.")
@click.option("--mac-swaps", type=int, help="Boxes that customers exchange on a line in a month.")
@click.option("--fiscal-year-start-month", type=int, help="The month in which the fiscal year begins.")
@json_option
@in_app
def rules(seller: str, as_json: bool, **given: Any) -> None:
    """How a seller bills. What is given is changed from the next document on; the rest stays."""
    _changed(seller, given, rules_of, set_billing_rules, as_json)


@group.command("money-back")
@click.option("--seller", default="", help="Code of the seller, where there are several.")
@click.option("--credit-pays-open/--no-credit-pays-open", default=None, help="Credit notes pay other open invoices.")
@click.option("--chargeback", type=click.Choice(CHOICES["chargeback"]), help="When the time ends that it had bought.")
@click.option("--bad-debt-tax", type=click.Choice(CHOICES["bad_debt_tax"]), help="Whether a loss includes its tax.")
@click.option("--open-invoices", type=click.Choice(CHOICES["open_invoices"]), help="Unpaid ones of what was canceled.")
@json_option
@in_app
def money_back(seller: str, as_json: bool, **given: Any) -> None:
    """How a seller gives money back. What is given is changed; the rest stays."""
    _changed(seller, given, money_back_of, set_money_back, as_json)


@group.command()
@click.argument("kind", required=False, type=click.Choice(KINDS))
@click.option("--seller", default="", help="Code of the seller, where there are several.")
@click.option("--year", type=int, help="The fiscal year; without it the one of today.")
@click.option("--format", "pattern", help="Like {prefix}{year}-{number:06d}.")
@click.option("--prefix")
@click.option("--next", "next_number", type=int, help="Begin with this number, before the first one is given.")
@json_option
@in_app
def series(
    kind: str | None, seller: str, year: int | None, pattern: str | None, prefix: str | None, next_number: int | None,
    as_json: bool,
) -> None:  # fmt: skip
    """How documents are numbered. With a KIND, what is given is changed from the next number on; the rest stays."""
    with reading() as session:
        row = seller_of(session, seller)
    if kind is not None:
        year = year if year is not None else fiscal_year(clock.today_in(row.zone), row.fiscal_year_start_month)
        with writing(Context.system("cli:sellers")) as tx:
            found = open_series(tx.session, row.id, kind, year)
            written = pattern if pattern is not None else found.format, prefix if prefix is not None else found.prefix
            set_number_series(tx, row.id, kind, year, *written, next_number)
    _show_series(row, as_json)


def _show_series(seller: Seller, as_json: bool) -> None:
    today = clock.today_in(seller.zone)
    with reading() as session:
        rows = [
            {"kind": one.kind, "fiscal_year": one.fiscal_year, "format": one.format, "prefix": one.prefix,
             "next_number": one.next_number, "looks_like":
             preview_set_number_series(one.format, one.prefix, one.fiscal_year, one.next_number, today)}
            for one in session.scalars(
                select(NumberSeries)
                .where(NumberSeries.seller_id == seller.id)
                .order_by(NumberSeries.fiscal_year.desc(), NumberSeries.kind)
            )
        ]  # fmt: skip
    lines = [f"{row['kind']:12} {row['fiscal_year']}  {row['looks_like']}  ({row['format']})" for row in rows]
    show({"series": rows}, as_json, lines or ["The first document begins its series."])


def _changed(
    seller: str,
    given: dict[str, Any],
    read: Callable[[Seller], Rules],
    write: Callable[[Tx, int, Rules], object],
    as_json: bool,
) -> None:
    """Store what is given, if anything is, and show how it stands then."""
    wanted = {name: value for name, value in given.items() if value is not None}
    with reading() as session:
        row = seller_of(session, seller)
    told = replace(read(row), **wanted)
    if wanted:
        with writing(Context.system("cli:sellers")) as tx:
            write(tx, row.id, told)
    show(asdict(told), as_json, [f"{name}: {value}" for name, value in asdict(told).items()])
