"""`billhead billing`: what is due, billed, or shown without being billed."""

from dataclasses import asdict
from datetime import date, timedelta

import click

from billhead.actions.billing.next_document import Upcoming, next_document
from billhead.actions.billing.run import RunReport, run_billing
from billhead.actions.billing.verify_billing import verify_billing
from billhead.cli import in_app, json_option, show
from billhead.cli._dates import DATE
from billhead.db import reading
from billhead.domain.money import Money
from billhead.domain.whole_number import whole_number

__all__ = ["group"]


class Part(click.ParamType):
    """`2/4` → (1, 4): the second of four, as `run_billing` counts them."""

    name = "part"

    def convert(
        self, value: str | tuple[int, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        which, _, of = (whole_number(part) for part in value.partition("/"))
        if which is not None and of is not None and 1 <= which <= of <= 64:
            return which - 1, of
        self.fail(f"{value} is no share; write it as 1/2, of at most 64", param, ctx)


@click.group()
def group() -> None:
    """The billing run."""


@group.command("run")
@click.option("--as-of", type=DATE, required=True, help="Bill all that is due on this date.")
@click.option("--dry-run", is_flag=True, help="Show what would be billed and write nothing.")
@click.option("--confirm", is_flag=True, help="Bill even when that is outside of the usual band.")
@click.option("--part", type=Part(), default="1/1", help="Bill a share of it, as 1/2 and 2/2 in two processes at once.")
@json_option
@in_app
def run(as_of: date, dry_run: bool, confirm: bool, part: tuple[int, int], as_json: bool) -> None:
    """Bill what is due. Run it as often as you like: nothing is billed twice."""
    report = run_billing(as_of, dry_run=dry_run, confirmed=confirm, partition=part)
    show(report.as_dict(), as_json, _lines(report))


@group.command("verify")
@json_option
@in_app
def verify(as_json: bool) -> None:
    """Recompute what every subscription owes, and hold days, documents and ledger against each other. Writes nothing;
    exit code 1 on a fault."""
    found = verify_billing()
    looked_at = f"{found.subscriptions} subscriptions and {found.documents} documents"
    lines = [f"{looked_at} looked at, {found.differing} faults."]
    lines += [f"  {one.where}: {one.what}" for one in found.faults]
    show(asdict(found), as_json, lines)
    if found.differing:
        raise SystemExit(1)


@group.command("preview")
@click.argument("subscription", type=int)
@click.option("--on", type=DATE, help="The customer's date; without it, the next one on which something is due.")
@json_option
@in_app
def preview(subscription: int, on: date | None, as_json: bool) -> None:
    """Show the next invoice or proforma of a subscription, as the run will write it."""
    with reading() as session:
        upcoming = next_document(session, subscription, on)
    show(upcoming.as_dict(), as_json, _upcoming(upcoming))


def _upcoming(upcoming: Upcoming) -> list[str]:
    document = upcoming.document
    if document is None:
        return [f"Subscription {upcoming.subscription_id}: {upcoming.why}."]
    article = "an" if document.kind == "invoice" else "a"
    lines = [f"On {upcoming.on} {article} {document.kind.replace('_', ' ')} is written, due {document.due_on}:"]
    for line in document.lines:
        period = f" {line.period_start} to {line.period_end - timedelta(days=1)}" if line.period_end else ""
        net = Money(line.net_minor, document.currency)
        lines.append(
            f"  {line.quantity} × {line.description}{period}: {net} + {Money(line.tax_minor, document.currency)}"
        )
    total, owed = Money(document.total, document.currency), Money(document.owed, document.currency)
    lines.append(f"{total} in all, {Money(document.credit, document.currency)} paid by credit, {owed} left to pay.")
    if document.draft:
        lines.append(f"It is a draft first ({document.draft}).")
    return lines


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
            f"What is billed in {report.unusual} is outside of the usual band: the run itself would ask for --confirm."
        )
    return lines
