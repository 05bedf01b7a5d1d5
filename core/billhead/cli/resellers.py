"""`billhead resellers`: who sells on credits, credits for them, and what becomes of them."""

from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import aliased

from billhead import clock
from billhead.actions.resellers._rights import effective_rights, stored_rights
from billhead.actions.resellers._seen import expiring, figures_of, matches, users_of
from billhead.actions.resellers._statement import KINDS, statement_of
from billhead.actions.resellers.add_reseller import NewReseller, add_reseller
from billhead.actions.resellers.grant_credits import grant_credits
from billhead.actions.resellers.take_credits import take_credits
from billhead.actions.resellers.transfer_credits import transfer_credits
from billhead.cli import in_app, json_option, show
from billhead.cli._reseller_keys import add_key_commands
from billhead.cli._reseller_offers import add_offer_commands, paid
from billhead.cli._reseller_shop import shop
from billhead.cli._reseller_tree import add_tree_commands, reason_option, reseller_named
from billhead.cli._seller import seller_of
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.money import CREDITS, Money
from billhead.models.ledger import LedgerEntry
from billhead.models.people import Reseller
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["group"]

_MOST = 500


@click.group()
def group() -> None:
    """Resellers: who sells on credits, their credits and users, their tree, and what they buy."""


add_tree_commands(group)
add_offer_commands(group)
add_key_commands(group)
group.add_command(shop)


@group.command("list")
@json_option
@in_app
def list_resellers(as_json: bool) -> None:
    """Every reseller with what it has to spend, what is held, and how many subscriptions it pays for."""
    parent = aliased(Reseller)
    query = select(Reseller, parent.code).outerjoin(parent, parent.id == Reseller.parent_id).order_by(Reseller.code)
    with reading() as session:
        found = session.execute(query.where(Reseller.removed_on.is_(None))).all()
        figures = figures_of(session, [reseller.id for reseller, _ in found])
        rows = [{**_row(reseller, above), **_figures(figures[reseller.id])} for reseller, above in found]
    show({"resellers": rows}, as_json, [_line(row) for row in rows] or ["There is no reseller."])


def _row(reseller: Reseller, above: str | None) -> dict[str, Any]:
    return {
        "code": reseller.code,
        "name": reseller.name,
        "tier": reseller.tier,
        "parent": above,
        "suspended": reseller.suspended,
    }


def _figures(found: Any) -> dict[str, Any]:
    return {
        "balance": _plain(found.balance_minor),
        "held": _plain(found.held_minor),
        "subscriptions": found.users,
        "below": found.below,
    }


def _plain(minor: int) -> str:
    return f"{Money(minor, CREDITS).decimal():f}"


def _line(row: dict[str, Any]) -> str:
    below = f"  below {row['parent']}" if row["parent"] else ""
    suspended = "  suspended" if row["suspended"] else ""
    spend = f"{row['balance']:>12} to spend {row['held']:>10} held"
    return f"{row['code']:20} {spend} {row['subscriptions']:>7} subscriptions{below}{suspended}"


@group.command("show")
@click.argument("code")
@json_option
@in_app
def show_reseller(code: str, as_json: bool) -> None:
    """One reseller: its credits, its rights, and what it may really sell under those above it."""
    with reading() as session:
        row = reseller_named(session, code)
        parent = session.get(Reseller, row.parent_id) if row.parent_id else None
        rights, really = stored_rights(row.rights), effective_rights(session, row.id)
        told = {
            **_row(row, parent.code if parent else None),
            **_figures(figures_of(session, [row.id])[row.id]),
            "credit_line": _plain(row.credit_line_minor),
            "sells": list(really.sells),
            "not_sold_above": [code for code in rights.sells if code not in really.sells],
            "trials_per_day": rights.trials_per_day,
            "terminate": really.terminate,
            "refund_unused": really.refund_unused,
            "floor_percent": really.floor_percent,
            "own_shop": really.own_shop,
        }
    lines = [f"{name.replace('_', ' '):16} {_word(value)}" for name, value in told.items()]
    show(told, as_json, lines)


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)


@group.command("add")
@click.argument("name")
@click.argument("email")
@click.option("--plan", default="", help="The reseller plan that says tier, rights and start-up credits.")
@click.option("--below", default="", help="The code of the super-reseller above it.")
@click.option("--start-up", default="", help="Other start-up credits than the plan's.")
@click.option("--seller", default="", help="The seller's code, where there are several.")
@json_option
@in_app
def add(name: str, email: str, plan: str, below: str, start_up: str, seller: str, as_json: bool) -> None:
    """Add the reseller NAME; a link to set its first password goes to EMAIL. Nobody pays for it."""
    with writing(Context.system("cli:resellers")) as tx:
        parent = reseller_named(tx.session, below) if below else None
        given = Money.parse(start_up, CREDITS) if start_up else None
        wanted = NewReseller(name, email, plan, parent.id if parent else None, start_up=given)
        made = add_reseller(tx, seller_of(tx.session, seller).id, wanted)
    told = {"reseller": made.code, "start_up": _plain(made.start_up_minor)}
    show(told, as_json, [f"{made.code} is a reseller and starts with {told['start_up']} credits."])


@group.command()
@click.argument("code")
@click.argument("credits_", metavar="CREDITS")
@click.option("--cost", default="", help='What was paid for them, like "125.00 EUR". Without it they are a gift.')
@click.option("--reference", default="", help="What they are for, like document:81. The same is granted once.")
@reason_option
@json_option
@in_app
def grant(code: str, credits_: str, cost: str, reference: str, reason: str, as_json: bool) -> None:
    """Give the reseller CODE so many CREDITS (12.50)."""
    amount, cost_of = Money.parse(credits_, CREDITS), paid(cost) if cost else None
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        reseller = reseller_named(tx.session, code)
        granted = grant_credits(tx, reseller.id, amount, cost=cost_of, reference=reference)
    _has(code, granted.balance_minor, as_json)


@group.command()
@click.argument("code")
@click.argument("credits_", metavar="CREDITS")
@click.option("--reason", required=True, help="Why; the reseller reads it in its statement.")
@json_option
@in_app
def take(code: str, credits_: str, reason: str, as_json: bool) -> None:
    """Take so many CREDITS from the reseller CODE, of what it has to spend."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        taken = take_credits(tx, reseller_named(tx.session, code).id, Money.parse(credits_, CREDITS))
    _has(code, taken.balance_minor, as_json)


@group.command()
@click.argument("payer")
@click.argument("receiver")
@click.argument("credits_", metavar="CREDITS")
@click.option("--reason", default="", help="Why; both read it in their statements.")
@json_option
@in_app
def transfer(payer: str, receiver: str, credits_: str, reason: str, as_json: bool) -> None:
    """Pass CREDITS on from PAYER to RECEIVER, which stands below it."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        ids = [reseller_named(tx.session, code).id for code in (payer, receiver)]
        done = transfer_credits(tx, ids[0], ids[1], Money.parse(credits_, CREDITS))
    _has(payer, done.balance_minor, as_json)


def _has(code: str, minor: int, as_json: bool) -> None:
    now = _plain(minor)
    show({"reseller": code, "balance": now}, as_json, [f"{code} has {now} credits to spend."])


@group.command()
@click.argument("code")
@click.option("--search", default="", help="Name, e-mail, MAC or login.")
@click.option("--expiring", "days", type=click.IntRange(1, 366), help="Only what runs out within so many days.")
@click.option("--limit", type=click.IntRange(1, _MOST), default=50, show_default=True)
@json_option
@in_app
def users(code: str, search: str, days: int | None, limit: int, as_json: bool) -> None:
    """The subscribers of the reseller CODE and of all below it, the newest first."""
    with reading() as session:
        row = reseller_named(session, code)
        query = users_of(row.id)
        if search:
            query = query.where(matches(search))
        if days is not None:
            query = query.where(expiring(clock.today_in(session.get_one(Seller, row.seller_id).zone), days))
        found = session.execute(query.order_by(Subscription.id.desc()).limit(limit)).all()
    rows = [
        {
            "subscription": one.id,
            "name": one.name,
            "email": one.email,
            "plan": one.plan_code,
            "state": one.state,
            "paid_through": one.paid_through.isoformat() if one.paid_through else None,
            "login": one.login,
            "mac": one.mac,
            "reseller": one.reseller,
        }
        for one in found
    ]
    lines = [f"{r['subscription']:>8} {r['name']:24} {r['plan']:16} {r['state']:10} {r['paid_through']}" for r in rows]
    show({"users": rows}, as_json, lines or ["There is no subscriber."])


@group.command()
@click.argument("code")
@click.option("--limit", type=click.IntRange(1, _MOST), default=50, show_default=True)
@json_option
@in_app
def statement(code: str, limit: int, as_json: bool) -> None:
    """What went into the credits of the reseller CODE and out of them, the newest first."""
    with reading() as session:
        row = reseller_named(session, code)
        found = session.execute(statement_of(row).order_by(LedgerEntry.id.desc()).limit(limit)).all()
    rows = [
        {
            "entry": one.id,
            "at": one.at.isoformat(timespec="seconds"),
            "kind": one.kind,
            "before": _plain(one.before_minor),
            "change": _plain(one.change_minor),
            "after": _plain(one.after_minor),
            "actor": one.actor,
            "reason": one.reason,
            "subscription": one.subscription_id,
        }
        for one in found
    ]
    lines = [f"{r['at']} {KINDS.get(r['kind'], r['kind']):32} {r['change']:>12} {r['after']:>12}" for r in rows]
    show({"statement": rows}, as_json, lines or ["No credit has come in or gone out."])
