"""`billhead usage`: events of metered use, taken in, corrected, looked at."""

from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import func, select

from billhead.actions.usage._rejects import ChosenRejects, reject_figures
from billhead.actions.usage.correct_event import correct_event
from billhead.actions.usage.current_usage import current_usage
from billhead.actions.usage.drop_every_reject import drop_every_reject
from billhead.actions.usage.import_events import import_events
from billhead.actions.usage.retry_every_reject import retry_every_reject
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.models.usage import UsageReject, UsageSource

__all__ = ["group"]


@click.group()
def group() -> None:
    """Metered use."""


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, help="Who tells it; an event id is counted once for each source.")
@json_option
@in_app
def import_file(file: Path, source: str, as_json: bool) -> None:
    """Take in a FILE of events (.csv or .ndjson). Again, it changes nothing; broken off, start it again."""
    done = import_events(Context.system("cli:usage"), source, file)
    lines = [f"line {one['line']}: {one['why']}" for one in done.shown]
    lines.append(
        f"{done.accepted} events recorded ({done.late} for days that are billed already), {done.duplicates} known, "
        f"{done.rejected} rejected, {done.unreadable} lines unreadable"
    )
    show(done.as_dict(), as_json, lines)


@group.command("rejects")
@click.option("--retry", is_flag=True, help="Try them again.")
@json_option
@in_app
def rejects(retry: bool, as_json: bool) -> None:
    """What could not be taken, by reason."""
    taken = retry_every_reject(Context.system("cli:usage"), ChosenRejects()) if retry else 0
    with reading() as session:
        query = select(UsageReject.reason, func.count(), func.min(UsageReject.message)).group_by(UsageReject.reason)
        rows = session.execute(query.order_by(UsageReject.reason)).all()
    found = [{"reason": reason, "events": count, "example": message} for reason, count, message in rows]
    lines = [f"{one['events']:>8}  {one['reason']}: {one['example']}" for one in found] or ["nothing is rejected"]
    show({"rejects": found, "taken": taken}, as_json, [*lines, *([f"{taken} taken now"] if retry else [])])


@group.command("drop")
@click.option("--reason", required=True, help="Why they are not to be counted; stands in the audit trail.")
@click.option("--rejected-for", default="", help="Only those rejected for this, as `usage rejects` names it.")
@click.option("--source", default="", help="Only of this source.")
@click.option("--delivery", type=int, help="Only those of this delivery.")
@click.option("--dry-run", is_flag=True, help="Only tell how many that would be, and from when.")
@json_option
@in_app
def drop(reason: str, rejected_for: str, source: str, delivery: int | None, dry_run: bool, as_json: bool) -> None:
    """Drop rejected events; all of them, unless they are narrowed. Told again, each is looked at as if it were new."""
    with reading() as session:
        source_id = session.scalar(select(UsageSource.id).where(UsageSource.code == source))
        if source and source_id is None:
            raise InvalidInput("source", f"nothing was told by {source!r}")
        chosen = ChosenRejects(rejected_for, source_id, delivery)
        figures = reject_figures(session, chosen)
    events = figures.events
    if not dry_run:
        events = drop_every_reject(Context.system("cli:usage", reason=reason), chosen, figures.upto)
    lines = [f"{count:>8}  {name}" for name, count in figures.reasons.items()]
    if figures.first_told is not None and figures.last_told is not None:
        lines.append(f"told from {figures.first_told:%Y-%m-%d %H:%M} to {figures.last_told:%Y-%m-%d %H:%M} UTC")
    lines.append(f"{events} {'would be dropped' if dry_run else 'dropped'}")
    show({"events": events, "reasons": figures.reasons, "dropped": not dry_run}, as_json, lines)


@group.command("correct")
@click.argument("event_id")
@click.option("--source", required=True)
@click.option("--whose", required=True, help="As it was told, like login:anna1 or subscription:17.")
@click.option("--metric", required=True)
@click.option("--at", required=True, help="Its instant, like 2026-11-28T18:30:00Z.")
@click.option("--quantity", required=True, help="What it should have been; 0 voids it.")
@click.option("--reason", required=True, help="Kept with the correction.")
@json_option
@in_app
def correct(
    event_id: str, source: str, whose: str, metric: str, at: str, quantity: str, reason: str, as_json: bool
) -> None:
    """Correct one event. What was billed of it is made good on the next invoice."""
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        raise InvalidInput("at", f"{at!r} is no instant", hint="Write it like 2026-11-28T18:30:00Z.") from None
    with writing(Context.system("cli:usage", reason=reason)) as tx:
        done = correct_event(tx, source, event_id, whose, metric, instant, quantity)
    show({"subscription_id": done.subscription_id, "before": done.quantity_before, "now": done.quantity}, as_json)


@group.command("show")
@click.argument("subscription", type=int)
@json_option
@in_app
def show_usage(subscription: int, as_json: bool) -> None:
    """What a SUBSCRIPTION has used of its running period."""
    with reading() as session:
        found = current_usage(session, [subscription]).get(subscription, [])
    lines = [f"{one.name}: {one.used} of {one.allowance} {one.unit}, {one.amount} so far" for one in found]
    rows = [one.as_dict() for one in found]
    show({"usage": rows}, as_json, lines or ["nothing is metered"])
