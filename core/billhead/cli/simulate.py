"""`billhead simulate`: months of billing in minutes, over a copy of the operator's data."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from billhead import clock
from billhead.cli import in_app, json_option, show
from billhead.cli._dates import DATE
from billhead.cli._running import end_with_parent
from billhead.db import db
from billhead.domain.errors import Conflict
from billhead.domain.money import Money
from billhead.domain.simulation import Order, check_order, parse_payments
from billhead.plugin_host.current import config
from billhead.simulate.rehearsal import Rehearsal

__all__ = ["command"]


@click.command("simulate")
@click.option("--from", "first", type=DATE, required=True, help="The first day of the figures: today or later.")
@click.option("--to", "last", type=DATE, required=True, help="The last day.")
@click.option(
    "--payments",
    default="history",
    show_default=True,
    metavar="history|all|none|RATE",
    help="Who pays: as in your history, everybody, nobody, or a rate such as 95%.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same payers.")
@click.option("--keep", type=click.Path(dir_okay=False, path_type=Path), help="Keep the lived-in copy as this file.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), hidden=True)  # of a job: goes on there
@json_option
@in_app
def command(
    first: date, last: date, payments: str, seed: int, keep: Path | None, folder: Path | None, as_json: bool
) -> None:
    """Move the business clock over a copy of your data and bill, collect and dun each day, as real life would.

    Your data is only read, and nothing is charged, sent or written to a panel. Exit code 1 where something broke, could
    not be billed, or does not stand up to the proofs.
    """
    order = Order(first, last, parse_payments(payments), seed)
    began = _began(folder)
    check_order(order, began.date())
    if keep is not None and keep.exists():
        raise Conflict(f"{keep} exists already", hint="name another file, or remove it")
    if folder is not None:
        end_with_parent()
    with _place(folder) as place:
        tell = _progress_lines if folder is not None else _progress_words
        result = _rehearse(Rehearsal(config(), place, order, began), tell)
        if keep is not None:
            shutil.move(place / "copy.sqlite3", keep)
    show(result, as_json, _lines(result))
    if folder is None and not _stands(result):  # a job is over when it is done, and shows what it has found
        raise SystemExit(1)


def _began(folder: Path | None) -> datetime:
    """Now, or when the job that goes on here began: its calendar is that of its first start."""
    if folder is None:
        return clock.business_now()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "began"
    if not file.exists():
        file.write_text(clock.business_now().isoformat(), "ascii")
    return datetime.fromisoformat(file.read_text("ascii"))


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    """A job's own folder stays; any other is gone afterwards, with the copy in it."""
    if folder is not None:
        yield folder
        return
    home = config().home / "simulations"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="command-") as made:
        yield Path(made)


def _stands(result: dict[str, Any]) -> bool:
    faults = ("billed_twice", "billing_faults", "exceptions", "failed")
    return result["ledger_verified"] and not any(result[name] for name in faults)


_SAID = ("invoiced", "money_in", "owed", "lost", "mrr")
Tell = Callable[[str, int, int], None]


def _rehearse(rehearsal: Rehearsal, tell: Tell) -> dict[str, Any]:
    started = clock.monotonic()
    total = rehearsal.total_days()
    rehearsal.make_copy(db.engine, lambda said: tell(said, 0, total))
    for day in rehearsal.days():
        tell(day.isoformat(), rehearsal.number_of(day), total)
    return {**rehearsal.result(), "seconds": round(clock.monotonic() - started)}


def _progress_words(said: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{said}  {100 * done // max(total, 1)} %", nl=done == total, err=True)
    elif done % 30 == 0 or done == total:
        click.echo(f"{said}  {done} of {total} days", err=True)


def _progress_lines(said: str, done: int, total: int) -> None:
    click.echo(json.dumps({"said": said, "done": done, "of": total}), err=True)


def _lines(result: dict[str, Any]) -> Iterator[str]:
    for month in result["months"]:
        counts = ", ".join(
            f"{count} {state.replace('_', ' ')}" for state, count in sorted(month["subscriptions"].items())
        )
        yield f"{month['month']}: {counts}"
        for currency, flow in sorted(month["currencies"].items()):
            said = {name: Money(flow.get(name, 0), currency) for name in _SAID}
            yield (
                f"  {said['invoiced']} invoiced, {said['money_in']} in, {said['owed']} owed, {said['lost']} lost; "
                f"{said['mrr']} a month recurring"
            )
        for why, count in month["failed"].items():
            yield f"  {count} not billed: {why}"
    for note in result["notes"]:
        yield f"Note: {note}"
    if result["confirmed_runs"]:
        yield f"{result['confirmed_runs']} billing runs would have stopped and asked, as they were unusually large."
    yield f"Ledger {'verified' if result['ledger_verified'] else 'NOT VERIFIED'}; " + (
        f"{len(result['billed_twice'])} days billed twice" if result["billed_twice"] else "nothing billed twice"
    )
    for fault in result["billing_faults"]:
        yield f"Wrong: {fault}"
    if result["failed"]:
        yield f"{result['failed']} times a subscription could not be billed."
    for broken in result["exceptions"]:
        yield f"Broke: {broken}"
