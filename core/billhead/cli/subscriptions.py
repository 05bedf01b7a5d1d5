"""`billhead subscriptions`: what staff do to one of them, with what it costs shown first on request."""

from datetime import date
from typing import Any

import click

from billhead.actions.rehearse import rehearse
from billhead.actions.subscriptions.cancel import MONEY, POLICIES, cancel, preview_cancel
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.actions.subscriptions.give_days import GiftScope, give_days, preview_give_days
from billhead.actions.subscriptions.hold import hold, preview_hold
from billhead.actions.subscriptions.keep import keep, preview_keep
from billhead.actions.subscriptions.resume import preview_resume, resume
from billhead.actions.subscriptions.set_timing import TIMINGS, preview_set_timing, set_timing
from billhead.actions.subscriptions.transfer import MONEY as HANDED
from billhead.actions.subscriptions.transfer import transfer
from billhead.cli import in_app, json_option, show
from billhead.cli._addons import addon
from billhead.cli._dates import DATE
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context

__all__ = ["group"]

_preview = click.option("--preview", is_flag=True, help="Show what it would do and cost, and do nothing.")
_reason = click.option("--reason", default="", help="Stands in the audit trail.")


@click.group()
def group() -> None:
    """Change, hold, cancel and keep subscriptions, and say when they are billed."""


def _done(verb: Any, preview: Any, previewing: bool, reason: str, as_json: bool, *args: Any, **named: Any) -> None:
    ctx = Context.system("cli", reason=reason)
    if previewing:
        with reading() as session:
            result = preview(Tx(ctx, session), *args, **named)
    else:
        with writing(ctx) as tx:
            result = verb(tx, *args, **named)
    _told(result, as_json)


def _told(result: Any, as_json: bool) -> None:
    facts = {name: _plain(getattr(result, name)) for name in result.__slots__}
    show(
        facts,
        as_json,
        [f"{name.replace('_', ' ')}: {_line(value)}" for name, value in facts.items() if value is not None],
    )


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [
            {"kind": one.kind, "description": one.description, "from": str(one.period_start), "to": str(one.period_end),
             "net_minor": one.net_minor, "tax_minor": one.tax_minor}
            for one in value
        ]  # fmt: skip
    return value.isoformat() if isinstance(value, date) else value


def _line(value: Any) -> Any:
    return "; ".join(f"{count} {why}" for why, count in value.items()) if isinstance(value, dict) else value


@group.command("change")
@click.argument("subscription", type=int)
@click.option("--plan", default="", help="The code of the new plan; without it the plan stays.")
@click.option("--term", default="", help='Like "1 month"; without it the term stays.')
@click.option("--quantity", type=click.IntRange(1), help="How often, of a plan sold by the unit; without it as it is.")
@click.option("--addon", "addons", multiple=True, metavar="CODE=N", help="All add-ons from then on; CODE=0 for none.")
@click.option("--when", type=click.Choice(["immediate", "end_of_term"]), help="Without it as the rules have it.")
@click.option("--on", type=DATE, help="It should have been so from this day on.")
@click.option("--restart", is_flag=True, help="A whole period begins that day.")
@_preview
@_reason
@json_option
@in_app
def change_it(
    subscription: int, plan: str, term: str, quantity: int | None, addons: tuple[str, ...], when: str | None,
    on: date | None, restart: bool, preview: bool, reason: str, as_json: bool,
) -> None:  # fmt: skip
    """Change plan, term or add-ons; what was billed for days that differ is given back and charged."""
    orders = tuple(one for one in map(addon, addons) if one.quantity) if addons else None
    wish = ChangeWish(subscription, plan, term, orders, when or "", on, restart, quantity)
    _done(change, preview_change, preview, reason, as_json, wish)


@group.command("hold")
@click.argument("subscription", type=int)
@click.option("--from", "starts_on", type=DATE, help="The first day; without it today.")
@click.option("--to", "ends_on", type=DATE, help="The day on which it runs again; without it until it is resumed.")
@_preview
@_reason
@json_option
@in_app
def hold_it(
    subscription: int, starts_on: date | None, ends_on: date | None, preview: bool, reason: str, as_json: bool
) -> None:
    """Let the lines stand still for a while; the days are credited or kept."""
    _done(hold, preview_hold, preview, reason, as_json, subscription, starts_on, ends_on)


@group.command("resume")
@click.argument("subscription", type=int)
@_preview
@_reason
@json_option
@in_app
def resume_it(subscription: int, preview: bool, reason: str, as_json: bool) -> None:
    """End a hold."""
    if preview:
        return _told(preview_resume(Context.system("cli", reason=reason), subscription), as_json)
    return _done(resume, None, False, reason, as_json, subscription)


@group.command("cancel")
@click.argument("subscription", type=int)
@click.option("--policy", type=click.Choice(POLICIES), default="end_of_term", show_default=True)
@click.option("--on", type=DATE, help="For on_date: the first day without service.")
@click.option("--money", type=click.Choice(MONEY), help="What becomes of paid days; without it as the plan has it.")
@_preview
@_reason
@json_option
@in_app
def cancel_it(
    subscription: int, policy: str, on: date | None, money: str | None, preview: bool, reason: str, as_json: bool
) -> None:
    """End a subscription."""
    ctx = Context.system("cli", reason=reason)
    wish: dict[str, Any] = {"on": on, "money": money or ""}
    if preview:
        return _told(preview_cancel(ctx, subscription, policy, **wish), as_json)
    with writing(ctx) as tx:
        done = cancel(tx, subscription, policy, **wish)
    return _told(done, as_json)


@group.command("keep")
@click.argument("subscription", type=int)
@_preview
@_reason
@json_option
@in_app
def keep_it(subscription: int, preview: bool, reason: str, as_json: bool) -> None:
    """Take back a cancellation, or a change or hold that is planned."""
    if preview:
        return _told(preview_keep(Context.system("cli", reason=reason), subscription), as_json)
    return _done(keep, None, False, reason, as_json, subscription)


@group.command("timing")
@click.argument("subscription", type=int)
@click.argument("timing", type=click.Choice(TIMINGS))
@_preview
@_reason
@json_option
@in_app
def time_it(subscription: int, timing: str, preview: bool, reason: str, as_json: bool) -> None:
    """Bill its periods in advance, or in arrears when they are over; from the next one on."""
    if not preview:
        return _done(set_timing, None, False, reason, as_json, subscription, timing)
    shown = preview_set_timing(Context.system("cli", reason=reason), subscription, timing)
    next_on = shown.upcoming.on.isoformat() if shown.upcoming.on else None
    told = {"state": shown.state, "effective_on": shown.effective_on.isoformat(), "next_document_on": next_on}
    return show(told, as_json, [f"{name.replace('_', ' ')}: {value}" for name, value in told.items() if value])


@group.command("transfer")
@click.argument("subscription", type=int)
@click.argument("customer", type=int)
@click.option(
    "--money",
    type=click.Choice(HANDED),
    default="moves",
    show_default=True,
    help="Paid time goes along, or both settle: one is credited, the other charged.",
)
@_preview
@_reason
@json_option
@in_app
def hand_over(subscription: int, customer: int, money: str, preview: bool, reason: str, as_json: bool) -> None:
    """Hand a subscription with its lines over to another customer."""
    ctx = Context.system("cli", reason=reason)
    if preview:
        return _told(rehearse(ctx, lambda tx: transfer(tx, subscription, customer, money)), as_json)
    return _done(transfer, None, False, reason, as_json, subscription, customer, money)


@group.command("give-days")
@click.argument("days", type=int)
@click.option("--panel", type=int, help="All on this panel.")
@click.option("--bouquet", type=int, help="All with this bouquet.")
@click.option("--plan", type=int, help="All on this plan.")
@_preview
@click.option("--reason", required=True, help="Customers and colleagues read it.")
@json_option
@in_app
def give(
    days: int, panel: int | None, bouquet: int | None, plan: int | None, preview: bool, reason: str, as_json: bool
) -> None:
    """Give days to everybody there, as after an outage; a job does it."""
    scope = GiftScope(panel, bouquet, plan)
    said = () if preview else (reason,)
    _done(give_days, preview_give_days, preview, reason, as_json, scope, days, *said)
