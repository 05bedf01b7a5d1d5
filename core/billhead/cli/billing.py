"""`billhead billing`: what is due, billed, or shown without being billed."""

from datetime import date

import click

from billhead.actions.billing.run import RunReport, run_billing
from billhead.cli import in_app, json_option, show
from billhead.cli._dates import DATE
from billhead.domain.money import Money

__all__ = ["group"]


@click.group()
def group() -> None:
    """The billing run."""


@group.command("run")
@click.option("--as-of", type=DATE, required=True, help="Bill all that is due on this date.")
@click.option("--dry-run", is_flag=True, help="Show what would be billed and write nothing.")
@click.option("--confirm", is_flag=True, help="Bill even when the total is outside of the usual band.")
@json_option
@in_app
def run(as_of: date, dry_run: bool, confirm: bool, as_json: bool) -> None:
    """Bill what is due. Run it as often as you like: nothing is billed twice."""
    report = run_billing(as_of, dry_run=dry_run, confirmed=confirm)
    show(report.as_dict(), as_json, _lines(report))


def _lines(report: RunReport) -> list[str]:
    verb = "would be" if report.dry_run else "are"
    lines = [
        f"As of {report.as_of}: {report.considered} subscriptions were due.",
        f"{report.invoices} invoices and {report.proformas} proformas {verb} written, {report.failed} failed.",
    ]
    for currency, sums in sorted(report.sums.items()):
        total, owed = Money(sums.total, currency), Money(sums.owed, currency)
        lines.append(f"  {total} in invoices, of which {Money(sums.tax, currency)} tax; {owed} left to collect")
    if report.unusual:
        lines.append(
            f"The total in {report.unusual} is outside of the usual band: the run itself would ask for --confirm."
        )
    return lines
