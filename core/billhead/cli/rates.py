"""`billhead rates`: what one currency was worth in another, for reports in the seller's own."""

from datetime import date
from pathlib import Path

import click
from sqlalchemy import func, select

from billhead.actions.rates.fill_worth import fill_worth
from billhead.actions.rates.import_rates import import_rates
from billhead.cli import in_app, json_option, show
from billhead.cli._dates import DATE
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.models.documents import Document
from billhead.models.sellers import ExchangeRate

__all__ = ["group"]

_LARGEST = 64_000_000


@click.group()
def group() -> None:
    """Exchange rates: import, list, fill what was missing."""


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--since", type=DATE, help="Only rates of this day and later ones.")
@json_option
@in_app
def import_file(file: Path, since: date | None, as_json: bool) -> None:
    """Take in rates from a CSV file: day,currency,base,rate, or Date,USD,JPY,… as central banks publish them."""
    if file.stat().st_size > _LARGEST:
        raise InvalidInput("file", f"it is larger than {_LARGEST // 1_000_000} MB")
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("file", "it is not text in UTF-8") from error
    with writing(Context.system("cli:rates")) as tx:
        done = import_rates(tx, text, file.name, since)
    told = {"new": done.new, "replaced": done.replaced, "unchanged": done.unchanged, "skipped": list(done.skipped)}
    lines = [f"{done.new} rates are new, {done.replaced} replaced, {done.unchanged} were known."]
    if done.skipped:
        lines.append(f"Left out, because they are no currencies any more: {', '.join(done.skipped)}")
    show(told, as_json, lines)


@group.command("list")
@click.option("--on", type=DATE, help="Rates of this day; without it, of the latest that there are any of.")
@json_option
@in_app
def list_rates(on: date | None, as_json: bool) -> None:
    """Rates of a day, and how many documents have none."""
    with reading() as session:
        day = on or session.scalar(select(func.max(ExchangeRate.day)))
        rows = session.scalars(
            select(ExchangeRate).where(ExchangeRate.day == day).order_by(ExchangeRate.currency, ExchangeRate.base)
        ).all()
        missing = select(func.count()).where(Document.base_minor.is_(None), Document.base_currency != "")
        without = session.scalar(missing) or 0
    rates = [{"currency": row.currency, "base": row.base, "rate": row.rate, "source": row.source} for row in rows]
    lines = [f"{row.day}  1 {row.currency} = {row.rate} {row.base}" for row in rows] or ["No rates."]
    if without:
        lines.append(f"{without} documents have no value in their seller's currency: billhead rates fill")
    show({"day": day.isoformat() if day else None, "rates": rates, "documents_without": without}, as_json, lines)


@group.command()
@json_option
@in_app
def fill(as_json: bool) -> None:
    """Say what documents were worth whose rate was missing when they were issued. The documents don't change."""
    filled = missing = 0
    after: int | None = 0
    while after is not None:
        with writing(Context.system("cli:rates")) as tx:
            done = fill_worth(tx, after)
        filled, missing, after = filled + done.filled, missing + done.missing, done.resume_after
    told = f"{filled} documents have a value now, {missing} still have none."
    show({"filled": filled, "missing": missing}, as_json, [told])
