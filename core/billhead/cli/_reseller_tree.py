"""`billhead resellers`, what changes the tree: suspend, move-users, place, remove … Without --yes they only tell."""

from dataclasses import asdict

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.rehearse import rehearse
from billhead.actions.resellers._joining import TIERS
from billhead.actions.resellers.move_customer import CustomerMoved, move_customer
from billhead.actions.resellers.move_reseller import move_reseller, preview_move_reseller
from billhead.actions.resellers.move_users import move_users, preview_move_users
from billhead.actions.resellers.remove_reseller import preview_remove_reseller, remove_reseller
from billhead.actions.resellers.resume_reseller import resume_reseller
from billhead.actions.resellers.set_tier import set_tier
from billhead.actions.resellers.suspend_reseller import LINES, preview_suspend_reseller, suspend_reseller
from billhead.cli import in_app, json_option, show
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.people import Reseller

__all__ = ["add_tree_commands", "reason_option", "reseller_named", "said", "yes_option"]

yes_option = click.option("--yes", is_flag=True, help="Do it; without it, only what would happen is told.")
reason_option = click.option("--reason", default="", help="Why; kept in the audit trail.")


def reseller_named(session: Session, code: str) -> Reseller:
    found = session.scalar(select(Reseller).where(Reseller.code == code, Reseller.removed_on.is_(None)))
    if found is None:
        raise NotFound("reseller", code, hint="see them with: billhead resellers list")
    return found


def add_tree_commands(group: click.Group) -> None:
    for command in (suspend, resume, move, move_one, place, tier, remove):
        group.add_command(command)


@click.command()
@click.argument("code")
@click.option("--lines", type=click.Choice(LINES), default=LINES[0], help="What becomes of its lines.")
@reason_option
@yes_option
@json_option
@in_app
def suspend(code: str, lines: str, reason: str, yes: bool, as_json: bool) -> None:
    """Suspend the reseller CODE: it sells and passes on nothing. Its lines run out, or are stopped with it."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        key = reseller_named(tx.session, code).id
        seen = preview_suspend_reseller(tx, key)
        if yes:
            suspend_reseller(tx, key, lines)
    told = {"reseller": code, "done": yes, "below": seen.below, "running": seen.running, "lines": lines}
    does = "stop" if lines == "stopped" else "run on until their time is over"
    show(told, as_json, [f"{seen.running} subscriptions {does}; {seen.below} resellers stand below it.", said(yes)])


@click.command()
@click.argument("code")
@reason_option
@json_option
@in_app
def resume(code: str, reason: str, as_json: bool) -> None:
    """Let the reseller CODE act again; lines that were stopped with it run again."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        resume_reseller(tx, reseller_named(tx.session, code).id)
    show({"reseller": code, "done": True}, as_json, [f"{code} acts again."])


@click.command("move-users")
@click.argument("code")
@click.argument("to")
@reason_option
@yes_option
@json_option
@in_app
def move(code: str, to: str, reason: str, yes: bool, as_json: bool) -> None:
    """Hand all subscribers of the reseller CODE over to the reseller TO, which pays for what comes next."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        ids = [reseller_named(tx.session, one).id for one in (code, to)]
        seen = preview_move_users(tx, ids[0], ids[1])
        if yes:
            move_users(tx, ids[0], ids[1])
    told = {"from": code, "to": to, "done": yes, "customers": seen.customers, "subscriptions": seen.subscriptions}
    show(told, as_json, [f"{seen.customers} customers with {seen.subscriptions} subscriptions go over.", said(yes)])


@click.command("move-customer")
@click.argument("customer", type=int)
@click.option("--to", "code", default="", help="The code of a reseller; without it, back to the operator.")
@reason_option
@yes_option
@json_option
@in_app
def move_one(customer: int, code: str, reason: str, yes: bool, as_json: bool) -> None:
    """Hand a CUSTOMER of the operator over to a reseller, with all subscriptions, or take one back."""

    def act(tx: Tx) -> CustomerMoved:
        return move_customer(tx, customer, reseller_named(tx.session, code).id if code else None)

    ctx = Context.system("cli:resellers", reason=reason)
    if yes:
        with writing(ctx) as tx:
            done = act(tx)
    else:
        done = rehearse(ctx, act)
    told = [
        f"Subscription {one.subscription_id}, {one.plan}: paid until {one.paid_through}, "
        + (f"ends on {one.ends_on}" if one.ends_on else f"then {Money(one.costs_minor, one.currency)} for {one.term}")
        for one in done.lines
    ]
    told.append(f"Unpaid invoices that stay the customer's: {done.owed}.")
    show({"done": yes, **asdict(done)}, as_json, [*told, said(yes)])


@click.command()
@click.argument("code")
@click.option("--below", default="", help="The code of a super-reseller; without it, right below the operator.")
@reason_option
@yes_option
@json_option
@in_app
def place(code: str, below: str, reason: str, yes: bool, as_json: bool) -> None:
    """Move the reseller CODE, with all below it, to stand below another one. Its rights hold within that one's."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        key, to = reseller_named(tx.session, code).id, reseller_named(tx.session, below).id if below else None
        seen = preview_move_reseller(tx, key, to)
        if yes:
            move_reseller(tx, key, to)
    told = {"reseller": code, "below": below or None, "done": yes, "resellers": seen.resellers,
            "customers": seen.customers, "sells": list(seen.rights.sells), "lost": list(seen.lost)}  # fmt: skip
    lost = f" It sells {', '.join(seen.lost)} no more." if seen.lost else ""
    text = f"{seen.resellers} resellers with {seen.customers} customers move.{lost}"
    show(told, as_json, [text, said(yes)])


@click.command("set-tier")
@click.argument("code")
@click.argument("tier_", metavar="TIER", type=click.Choice(TIERS))
@reason_option
@json_option
@in_app
def tier(code: str, tier_: str, reason: str, as_json: bool) -> None:
    """Make the reseller CODE a super_reseller, or a reseller."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        set_tier(tx, reseller_named(tx.session, code).id, tier_)
    show({"reseller": code, "tier": tier_}, as_json, [f"{code} is a {tier_.replace('_', '-')} now."])


@click.command()
@click.argument("code")
@click.option("--to", default="", help="Who gets its subscribers and resellers; its parent unless told.")
@reason_option
@yes_option
@json_option
@in_app
def remove(code: str, to: str, reason: str, yes: bool, as_json: bool) -> None:
    """Remove the reseller CODE after its subscribers have gone over. Its books stay."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        key, heir = reseller_named(tx.session, code).id, reseller_named(tx.session, to).id if to else None
        seen = preview_remove_reseller(tx, key, heir)
        if yes:
            remove_reseller(tx, key, heir)
    left = f"{Money(seen.credits_minor, CREDITS).decimal():f}"
    told = {"reseller": code, "done": yes, "customers": seen.customers, "below": seen.below, "credits": left}
    text = f"{seen.customers} customers and {seen.below} resellers go over, {left} credits go up the tree."
    show(told, as_json, [text, said(yes)])


def said(yes: bool) -> str:
    return "Done." if yes else "Nothing is done yet: say --yes."
