"""`billhead resellers`, what resellers buy: credit packages, and the plans by which somebody becomes one."""

from dataclasses import replace
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.resellers._joining import TIERS
from billhead.actions.resellers._packages import costs_of
from billhead.actions.resellers._rights import Rights, rights_from_plan
from billhead.actions.resellers.save_credit_package import PackageEntry, save_credit_package
from billhead.actions.resellers.save_reseller_plan import ResellerPlanEntry, save_reseller_plan
from billhead.cli import in_app, json_option, show
from billhead.cli._seller import seller_of
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan

__all__ = ["add_offer_commands", "paid"]

_costs = click.option("--cost", "costs", multiple=True, help='Like "125.00 EUR"; once for each currency.')
_seller = click.option("--seller", default="", help="The seller's code, where there are several.")


def add_offer_commands(group: click.Group) -> None:
    for command in (packages, save_package, plans, save_plan, price):
        group.add_command(command)


def paid(text: str) -> Money:
    """ "125.00 EUR" """
    number, _, currency = text.strip().partition(" ")
    if not currency.strip():
        raise InvalidInput("cost", f"{text!r} names no currency", hint='Write it like "125.00 EUR".')
    return Money.parse(number, currency.strip().upper())


@click.command()
@_seller
@json_option
@in_app
def packages(seller: str, as_json: bool) -> None:
    """The credit packages: what they give, for how much, and in whose list they stand."""
    rows = _told(seller, "credit_package")
    lines = [f"{r['code']:20} {r['credits']:>10} credits for {', '.join(r['costs']) or '–'}{_gone(r)}" for r in rows]
    show({"packages": rows}, as_json, lines or ["There is no credit package."])


@click.command()
@_seller
@json_option
@in_app
def plans(seller: str, as_json: bool) -> None:
    """The reseller plans: what they make of somebody, for how much, and with which credits."""
    rows = _told(seller, *TIERS)
    lines = [f"{r['code']:20} {r['tier']:14} {', '.join(r['costs']) or '–'}, {_starts(r)}{_gone(r)}" for r in rows]
    show({"plans": rows}, as_json, lines or ["There is no reseller plan."])


@click.command("save-package")
@click.argument("code")
@click.option("--name", default="")
@click.option("--credits", "credits_", default="", help="What it gives, like 150.00.")
@_costs
@click.option("--for", "roles", multiple=True, type=click.Choice(TIERS), help="In whose list; both, if not said.")
@click.option("--offered/--withdrawn", default=None, help="Whether it can be bought.")
@_seller
@json_option
@in_app
def save_package(
    code: str, name: str, credits_: str, costs: tuple[str, ...], roles: tuple[str, ...], offered: bool | None,
    seller: str, as_json: bool,
) -> None:  # fmt: skip
    """Add the credit package CODE, or change what is said of it. Unpaid orders keep what they were offered."""
    with writing(Context.system("cli:resellers")) as tx:
        seller_id = seller_of(tx.session, seller).id
        row = _plan(tx.session, seller_id, code, "credit_package")
        was = _package(tx.session, row) if row is not None else PackageEntry(code, "", Money(0, CREDITS), ())
        entry = PackageEntry(
            code, name or was.name, Money.parse(credits_, CREDITS) if credits_ else was.value,
            _merged(was.costs, costs), roles or was.roles, was.tax_class, was.offered if offered is None else offered,
        )  # fmt: skip
        save_credit_package(tx, seller_id, entry, row.id if row is not None else None)
    _saved(code, "credit_package", seller, as_json)


@click.command("save-plan")
@click.argument("code")
@click.option("--name", default="")
@click.option("--tier", default=None, type=click.Choice(TIERS), help="What it makes of somebody.")
@_costs
@click.option("--start-up", default="", help="The credits that it starts with.")
@click.option("--credit-price", default="", help="What a super-reseller pays to add one; 'none': it can't.")
@click.option("--sells", multiple=True, help="The code of a plan that it may sell; once for each.")
@click.option("--trials", type=click.IntRange(0, 10_000), default=None, help="Trials a day.")
@click.option("--terminate/--no-terminate", default=None, help="Whether it may end users.")
@click.option("--refund-unused/--no-refund-unused", default=None, help="Whether unused days come back.")
@click.option("--listed/--unlisted", default=None, help="Whether it can be bought in the shop.")
@click.option("--offered/--withdrawn", default=None, help="Whether anybody can still get it.")
@_seller
@json_option
@in_app
def save_plan(
    code: str, name: str, tier: str | None, costs: tuple[str, ...], seller: str, as_json: bool, **more: Any
) -> None:
    """Add the reseller plan CODE, or change what is said of it. Who is a reseller already keeps its rights."""
    with writing(Context.system("cli:resellers")) as tx:
        seller_id = seller_of(tx.session, seller).id
        row = _plan(tx.session, seller_id, code, *TIERS)
        new = ResellerPlanEntry(code, "", TIERS[0], (), Money(0, CREDITS), Rights())
        was = _entry(tx.session, row) if row is not None else new
        entry = replace(
            was, name=name or was.name, tier=tier or was.tier, costs=_merged(was.costs, costs),
            rights=_rights(was.rights, more), credit_price=_credit_price(was.credit_price, more["credit_price"]),
            start_up=Money.parse(more["start_up"], CREDITS) if more["start_up"] else was.start_up,
            listed=was.listed if more["listed"] is None else more["listed"],
            retired=was.retired if more["offered"] is None else not more["offered"],
        )  # fmt: skip
        save_reseller_plan(tx, seller_id, entry, row.id if row is not None else None)
    _saved(code, "reseller plan", seller, as_json)


@click.command()
@click.argument("code")
@click.argument("costs", nargs=-1, required=True)
@_seller
@json_option
@in_app
def price(code: str, costs: tuple[str, ...], seller: str, as_json: bool) -> None:
    """What the package or reseller plan CODE costs from now on: COSTS like "130.00 EUR"; other currencies stay."""
    with writing(Context.system("cli:resellers")) as tx:
        seller_id = seller_of(tx.session, seller).id
        row = _plan(tx.session, seller_id, code, "credit_package", *TIERS)
        if row is None:
            raise NotFound("credit package or reseller plan", code)
        if row.kind == "credit_package":
            was = _package(tx.session, row)
            save_credit_package(tx, seller_id, replace(was, costs=_merged(was.costs, costs)), row.id)
        else:
            entry = _entry(tx.session, row)
            save_reseller_plan(tx, seller_id, replace(entry, costs=_merged(entry.costs, costs)), row.id)
        kind = row.kind
    _saved(code, kind, seller, as_json)


def _plan(session: Session, seller_id: int, code: str, *kinds: str) -> Plan | None:
    return session.scalar(select(Plan).where(Plan.seller_id == seller_id, Plan.code == code, Plan.kind.in_(kinds)))


def _package(session: Session, row: Plan) -> PackageEntry:
    roles = tuple(row.details.get("roles", ()))
    return PackageEntry(
        row.code, row.name, Money(row.credits_minor, CREDITS), _now(session, row), roles, row.tax_class, not row.retired
    )


def _entry(session: Session, row: Plan) -> ResellerPlanEntry:
    in_credits = next((one.credit_minor for one in costs_of(session, row).values()), None)
    return ResellerPlanEntry(
        row.code, row.name, row.kind, _now(session, row), Money(row.start_up_credits_minor, CREDITS),
        rights_from_plan(row), Money(in_credits, CREDITS) if in_credits is not None else None, row.tax_class,
        row.listed, row.retired,
    )  # fmt: skip


def _now(session: Session, row: Plan) -> tuple[Money, ...]:
    found = costs_of(session, row)
    return tuple(Money(one.amount_minor, currency) for currency, one in sorted(found.items()))


def _merged(was: tuple[Money, ...], typed: tuple[str, ...]) -> tuple[Money, ...]:
    """What is said replaces the amount of its currency."""
    amounts = [paid(one) for one in typed]
    if len({one.currency for one in amounts}) != len(amounts):
        raise InvalidInput("cost", "say one in each currency")
    said = {one.currency for one in amounts}
    return (*(one for one in was if one.currency not in said), *amounts)


def _rights(was: Rights, more: dict[str, Any]) -> Rights:
    told = {"trials_per_day": more["trials"], "terminate": more["terminate"], "refund_unused": more["refund_unused"]}
    told["sells"] = more["sells"] or None
    return replace(was, **{name: value for name, value in told.items() if value is not None})


def _credit_price(was: Money | None, typed: str) -> Money | None:
    if not typed:
        return was
    return None if typed == "none" else Money.parse(typed, CREDITS)


def _told(seller: str, *kinds: str) -> list[dict[str, Any]]:
    with reading() as session:
        seller_id = seller_of(session, seller).id
        found = session.scalars(
            select(Plan).where(Plan.seller_id == seller_id, Plan.kind.in_(kinds)).order_by(Plan.code)
        ).all()
        return [_row(session, row) for row in found]


def _row(session: Session, row: Plan) -> dict[str, Any]:
    told: dict[str, Any] = {"code": row.code, "name": row.name, "costs": [str(one) for one in _now(session, row)]}
    told["offered"] = not row.retired
    if row.kind == "credit_package":
        return {**told, "credits": _plain(row.credits_minor), "for": list(row.details.get("roles", ()))}
    entry = _entry(session, row)
    return {
        **told,
        "tier": row.kind,
        "start_up": _plain(row.start_up_credits_minor),
        "credit_price": f"{entry.credit_price.decimal():f}" if entry.credit_price is not None else None,
        "sells": list(entry.rights.sells),
        "trials_per_day": entry.rights.trials_per_day,
        "terminate": entry.rights.terminate,
        "refund_unused": entry.rights.refund_unused,
        "listed": row.listed,
    }


def _plain(minor: int | None) -> str:
    return f"{Money(minor or 0, CREDITS).decimal():f}"


def _starts(row: dict[str, Any]) -> str:
    by_credits = f", {row['credit_price']} credits for a super-reseller" if row["credit_price"] else ""
    return f"starts with {row['start_up']} credits{by_credits}"


def _gone(row: dict[str, Any]) -> str:
    return "" if row["offered"] else "  (withdrawn)"


def _saved(code: str, kind: str, seller: str, as_json: bool) -> None:
    with reading() as session:
        row = _plan(session, seller_of(session, seller).id, code, "credit_package", *TIERS)
        if row is None:
            raise NotFound(kind, code)
        told = _row(session, row)
    show(told, as_json, [f"{told['name']} ({code}) costs {', '.join(told['costs'])}."])
