"""`billhead x voucher …`: make a batch of cards, list batches, block, and look at one card."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from billhead.plugin import BillheadError, InvalidInput, Money, current_host
from billhead_voucher.making import Batch, batches, block, drawn, look_at, make
from billhead_voucher.pins import key_of
from billhead_voucher.sheet import batches_csv, csv_of, pdf_of, write_private

__all__ = ["COMMANDS"]

_PATH = click.Path(dir_okay=False, path_type=Path)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_ONCE = "The PINs stand in that file and nowhere else: Billhead can't show or print them again."


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except BillheadError as error:
        raise click.ClickException(error.message + (f" ({error.hint})" if error.hint else "")) from error


def _show(value: dict[str, Any], as_json: bool, line: str) -> None:
    click.echo(json.dumps(value) if as_json else line)


@click.command("make")
@click.argument("code")
@click.option("--account", required=True, help="Code of the gateway account that redeems them.")
@click.option("--minor", type=int, required=True, help="Value of a card in the smallest unit: 1000 for 10.00 EUR.")
@click.option("--currency", required=True)
@click.option("--count", type=int, required=True, help="How many cards.")
@click.option("--valid-until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last day, in UTC.")
@click.option("--out", type=_PATH, required=True, help="A new file: cards.pdf to print, or cards.csv.")
@click.option("--seller", required=True, help="Your name on the cards.")
@click.option("--redeem", default="Open your invoice, choose the recharge card, and type the PIN.", show_default=True)
@click.option("--note", default="", help="For yourself: which shop gets them.")
@_json
def make_(
    code: str, account: str, minor: int, currency: str, count: int, valid_until: datetime, out: Path,
    seller: str, redeem: str, note: str, as_json: bool,
) -> None:  # fmt: skip
    """Make a batch of cards, and write their PINs to a file: once."""
    with _in_words():
        host = current_host("voucher")
        key_of(host)
        if out.suffix not in (".pdf", ".csv"):
            raise InvalidInput("out", "ends with .pdf or .csv")
        batch = Batch(code, account, Money(minor, currency.upper()), count, valid_until.date(), note)
        made = drawn(batch, host.now().date())
        content = pdf_of(made, seller, redeem) if out.suffix == ".pdf" else csv_of(made)
        try:
            write_private(out, content)
        except OSError as error:
            raise click.ClickException(f"{out} can't be written anew: {error.strerror}") from error
        try:
            make(host, batch, made)
        except BaseException:
            out.unlink()  # its cards can't be redeemed
            raise
        host.audit("make", f"voucher_batch:{code}", details={"value": str(made.value), "count": count})
    told = {"batch": code, "count": count, "file": str(out)}
    _show(told, as_json, f"{count} cards of {made.value} are in {out}. {_ONCE}")


@click.command("list")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@_json
def list_(as_csv: bool, as_json: bool) -> None:
    """The batches: how many cards are used and blocked, and what was redeemed."""
    found = batches(current_host("voucher"))
    if as_csv:
        click.echo(batches_csv(found), nl=False)
        return
    lines = [
        f"{one['batch']:12} {one['count']} of {one['value']}, {one['used']} used ({one['value_used']}), "
        f"{one['blocked']} blocked, valid until {one['valid_until']}  {one['note']}".rstrip()
        for one in found
    ]
    _show({"batches": found}, as_json, "\n".join(lines) or "No batch.")


@click.command("block")
@click.argument("name", metavar="BATCH_OR_SERIAL")
@click.option("--reason", required=True)
@_json
def block_(name: str, reason: str, as_json: bool) -> None:
    """Cards of a batch, or one card, can't be redeemed any more."""
    with _in_words():
        host = current_host("voucher")
        count = block(host, name, reason)
        host.audit("block", f"voucher_batch:{name}", reason=reason, details={"cards": count})
    _show({"blocked": count}, as_json, f"{count} unused cards of {name} can't be redeemed any more.")


@click.command("check")
@click.argument("serial")
@_json
def check_(serial: str, as_json: bool) -> None:
    """What became of a card: when it was used, and by which attempt."""
    with _in_words():
        told = look_at(current_host("voucher"), serial)
    used = f" {told['used_at']} by {told['attempt']}" if told["used_at"] else ""
    why = f" ({told['blocked_because']})" if told["state"] == "blocked" else ""
    _show(told, as_json, f"{serial}, {told['value']}, valid until {told['valid_until']}: {told['state']}{used}{why}")


COMMANDS = [make_, list_, block_, check_]
