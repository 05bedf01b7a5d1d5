"""`billhead x sales_tax …`: look at the table of rates, take rows from a file, write them to one, drop own ones."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from billhead.plugin import BillheadError, InvalidInput, current_host
from billhead_sales_tax.rate_file import percent, read_rates, written_rates
from billhead_sales_tax.rates import Rate
from billhead_sales_tax.store import current_rates, own_rates, write_rates

__all__ = ["COMMANDS"]

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _show(value: dict[str, Any], as_json: bool, lines: Iterable[str]) -> None:
    click.echo(json.dumps(value, default=str) if as_json else "\n".join(lines))


@click.command("rates")
@click.option("--place", default="", help="A country (CA) or a region (CA-QC); with its country's rates.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Only what holds on this day.")
@click.option("--own", is_flag=True, help="Only rows of yours.")
@_json
def rates(place: str, on: datetime | None, own: bool, as_json: bool) -> None:
    """The table: shipped rows, and yours over them."""
    host = current_host("sales_tax")
    mine = own_rates(host)
    rows = [rate for rate in (mine if own else current_rates(host).rows) if _shown(rate, place.upper(), on)]
    is_own = {rate.key for rate in mine}
    lines = [f"{_told(rate)}{'  (yours)' if rate.key in is_own else ''}" for rate in rows]
    _show({"rates": [asdict(rate) for rate in rows]}, as_json, lines or ["No rate."])


def _shown(rate: Rate, place: str, on: datetime | None) -> bool:
    return (not place or rate.place in (place, place.partition("-")[0])) and (on is None or rate.holds(on.date()))


def _told(rate: Rate) -> str:
    parts = (rate.place, rate.postcode and f"{rate.postcode}…", rate.tax_class)
    where = " ".join(part for part in parts if part)
    until = f" to {rate.until}" if rate.until else ""
    return f"{where:14} {rate.tax:10} {percent(rate.rate_ppm):>7} %  from {rate.since}{until}"


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only read and check the file.")
@_json
def import_(file: Path, dry_run: bool, as_json: bool) -> None:
    """Take rates from a CSV file. The rows of a place, postcode, class and tax replace all rows of the same."""
    try:
        found = read_rates(file.read_text("utf-8"))
        if not dry_run:
            host = current_host("sales_tax")
            write_rates(host, found)
            host.audit("import", "sales_tax:rates", details={"file": file.name, "rates": len(found)})
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not UTF-8 text") from error
    except BillheadError as error:
        raise click.ClickException(error.message + (f" ({error.hint})" if error.hint else "")) from error
    done = "would be taken" if dry_run else "are in force"
    _show({"rates": len(found), "dry_run": dry_run}, as_json, [f"{len(found)} rates of {file} {done}."])


@click.command("export")
@click.option("--own", is_flag=True, help="Only rows of yours.")
def export(own: bool) -> None:
    """Print the table as CSV: change it, and import it."""
    host = current_host("sales_tax")
    click.echo(written_rates(own_rates(host) if own else current_rates(host).rows), nl=False)


@click.command("forget")
@click.argument("place")
@click.argument("tax")
@_json
def forget(place: str, tax: str, as_json: bool) -> None:
    """Drop your rows of a tax in a place; where there are shipped ones, they hold again."""
    host = current_host("sales_tax")
    keys = sorted({rate.key for rate in own_rates(host) if (rate.place, rate.tax) == (place.upper(), tax)})
    if not keys:
        raise click.ClickException(InvalidInput("tax", f"you have no rows of {tax} in {place.upper()}").message)
    write_rates(host, [], forget=keys)
    host.audit("forget", f"sales_tax:{place.upper()}", details={"tax": tax, "rates": len(keys)})
    _show({"forgotten": len(keys)}, as_json, [f"Your rows of {tax} in {place.upper()} are gone."])


@click.command("due")
@click.argument("country")
@click.option("--region", default="", help="State or province, like QC.")
@click.option("--postcode", default="")
@click.option("--tax-class", default="tv", show_default=True)
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day of the document.")
@_json
def due(country: str, region: str, postcode: str, tax_class: str, on: datetime, as_json: bool) -> None:
    """Which taxes the table has for a buyer, in their order. Whether you are registered for them is another matter."""
    place: tuple[str, str, str, str, date] = (country.upper(), region.upper(), postcode.upper(), tax_class, on.date())
    found = current_rates(current_host("sales_tax")).due(*place)
    _show({"due": [asdict(rate) for rate in found]}, as_json, [_told(rate) for rate in found] or ["No tax."])


COMMANDS = [rates, import_, export, forget, due]
