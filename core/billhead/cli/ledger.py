"""`billhead ledger`: prove it, and seal it."""

import click

from billhead.actions.health.verify_books import verify_books
from billhead.actions.ledger.seal import seal as seal_entries
from billhead.actions.ledger.verify import LedgerReport
from billhead.cli import in_app, json_option, show
from billhead.domain.context import Context

__all__ = ["group"]


@click.group()
def group() -> None:
    """The ledger: verify, seal."""


@group.command()
@json_option
@in_app
def verify(as_json: bool) -> None:
    """Recompute every entry, seal and balance that can be recomputed. Exit code 1 if one of them is wrong."""
    report = verify_books(Context.system("cli:ledger"))
    show(report.as_dict(), as_json, _lines(report))
    if not report.verified:
        raise SystemExit(1)


def _lines(report: LedgerReport) -> list[str]:
    counted = (
        f"{report.entries} entries, {report.postings} postings, {report.seals} seals, {report.unsealed} not sealed"
    )
    verdict = "The ledger is verified" if report.verified else f"The ledger is WRONG in {len(report.faults)} places"
    if report.another_key and len(report.faults) == 1:
        verdict = "The ledger is NOT VERIFIED: none of its seals is by this secret key"
    return [f"{verdict}: {counted}.", *(f"  {fault.where}: {fault.what}" for fault in report.faults)]


@group.command()
@click.option("--everything", is_flag=True, help="Look for unsealed entries in the whole ledger, not among the latest.")
@json_option
@in_app
def seal(everything: bool, as_json: bool) -> None:
    """Seal what is committed and not sealed yet."""
    sealed = seal_entries(Context.system("cli:ledger"), everything=everything)
    show({"sealed": sealed}, as_json, [f"{sealed} entries were sealed."])
