"""`billhead x eu_vat …`: look at the rates, say another one, drop it again."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import click

from billhead.plugin import BillheadError, current_host
from billhead_eu_vat.rates import OwnRate, percent, read_percent
from billhead_eu_vat.store import current_rates, forget_rate, own_rates, set_rate

__all__ = ["COMMANDS"]

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_day = click.DateTime(["%Y-%m-%d"])
_class = click.option("--tax-class", default="", help="For this class alone; without it the standard rate.")


def _show(value: dict[str, Any], as_json: bool, lines: Iterable[str]) -> None:
    click.echo(json.dumps(value, default=str) if as_json else "\n".join(lines))


@click.command("vat-rates")
@click.option("--place", default="", help="Like FR or PT-20.")
@click.option("--own", is_flag=True, help="Only rates of yours.")
@_json
def rates(place: str, own: bool, as_json: bool) -> None:
    """The rates over time: shipped ones, and yours over them."""
    host = current_host("eu_vat")
    mine = own_rates(host)
    ours = {(one.place, one.tax_class, one.since) for one in mine}
    rows = [
        OwnRate(where, since, ppm, tax_class)
        for (where, tax_class), history in sorted(current_rates(host).histories().items())
        for since, ppm in history
        if place.upper() in ("", where) and (not own or (where, tax_class, since) in ours)
    ]
    lines = [f"{_told(one)}{'  (yours)' if (one.place, one.tax_class, one.since) in ours else ''}" for one in rows]
    _show({"rates": [asdict(one) for one in rows]}, as_json, lines or ["No rate."])


def _told(rate: OwnRate) -> str:
    where = f"{rate.place} {rate.tax_class}".strip()
    told = f"{percent(rate.rate_ppm)} %" if rate.rate_ppm is not None else "standard"
    return f"{where:14} {told:>10}  from {rate.since}"


@click.command("set-vat-rate")
@click.argument("place")
@click.argument("rate")
@click.option("--since", type=_day, required=True, help="The first day on which it holds.")
@_class
@_json
def set_(place: str, rate: str, since: datetime, tax_class: str, as_json: bool) -> None:
    """Another RATE in percent from a day on; "standard" lets a class take the standard rate again."""
    try:
        wanted = OwnRate(place.upper(), since.date(), None if rate == "standard" else read_percent(rate), tax_class)
        set_rate(current_host("eu_vat"), wanted)
    except BillheadError as error:
        raise click.ClickException(error.message + (f" ({error.hint})" if error.hint else "")) from error
    _show(asdict(wanted), as_json, [_told(wanted)])


@click.command("forget-vat-rate")
@click.argument("place")
@click.option("--since", type=_day, required=True)
@_class
@_json
def forget(place: str, since: datetime, tax_class: str, as_json: bool) -> None:
    """Drop a rate of yours: what is shipped holds again."""
    day: date = since.date()
    try:
        forget_rate(current_host("eu_vat"), place.upper(), tax_class, day)
    except BillheadError as error:
        raise click.ClickException(error.message) from error
    _show({"place": place.upper(), "since": day}, as_json, [f"Your rate of {place.upper()} from {day} is gone."])


COMMANDS = [rates, set_, forget]
