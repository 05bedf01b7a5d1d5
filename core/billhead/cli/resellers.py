"""`billhead resellers`: who sells on credits, and credits for them."""

from typing import Any

import click
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from billhead.actions.resellers._wallet import balance
from billhead.actions.resellers.grant_credits import grant_credits
from billhead.cli import in_app, json_option, show
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditHold
from billhead.models.people import Reseller
from billhead.models.subscriptions import Subscription

__all__ = ["group"]


@click.group()
def group() -> None:
    """Resellers: list, grant."""


@group.command("list")
@json_option
@in_app
def list_resellers(as_json: bool) -> None:
    """Every reseller with what it has to spend, what is held, and how many subscriptions it pays for."""
    parent = aliased(Reseller)
    query = select(Reseller, parent.code).outerjoin(parent, parent.id == Reseller.parent_id).order_by(Reseller.code)
    held = select(CreditHold.reseller_id, func.sum(CreditHold.amount_minor)).where(CreditHold.state == "held")
    paid = select(Subscription.payer_reseller_id, func.count()).where(Subscription.state != "canceled")
    with reading() as session:
        tx = Tx(Context.system("cli:resellers"), session)
        holds = dict(session.execute(held.group_by(CreditHold.reseller_id)).all())
        counts = dict(session.execute(paid.group_by(Subscription.payer_reseller_id)).all())
        rows = [
            {
                "code": reseller.code,
                "name": reseller.name,
                "parent": above,
                "suspended": reseller.suspended,
                "balance": _plain(balance(tx, reseller)),
                "held": _plain(Money(int(holds.get(reseller.id, 0)), CREDITS)),
                "subscriptions": counts.get(reseller.id, 0),
            }
            for reseller, above in session.execute(query)
        ]
    show({"resellers": rows}, as_json, [_line(row) for row in rows] or ["There is no reseller."])


def _plain(amount: Money) -> str:
    return f"{amount.decimal():f}"


def _line(row: dict[str, Any]) -> str:
    below = f"  below {row['parent']}" if row["parent"] else ""
    suspended = "  suspended" if row["suspended"] else ""
    spend = f"{row['balance']:>12} to spend {row['held']:>10} held"
    return f"{row['code']:20} {spend} {row['subscriptions']:>7} subscriptions{below}{suspended}"


@group.command()
@click.argument("code")
@click.argument("credits_", metavar="CREDITS")
@click.option("--cost", default="", help='What was paid for them, like "125.00 EUR". Without it they are a gift.')
@click.option("--reference", default="", help="What they are for, like document:81. The same is granted once.")
@click.option("--reason", default="", help="Why; kept in the audit trail.")
@json_option
@in_app
def grant(code: str, credits_: str, cost: str, reference: str, reason: str, as_json: bool) -> None:
    """Give the reseller CODE so many CREDITS (12.50)."""
    amount, paid = Money.parse(credits_, CREDITS), _cost(cost) if cost else None
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        reseller_id = tx.session.scalar(select(Reseller.id).where(Reseller.code == code))
        if reseller_id is None:
            raise NotFound("reseller", code, hint="see them with: billhead resellers list")
        granted = grant_credits(tx, reseller_id, amount, cost=paid, reference=reference)
    now = _plain(Money(granted.balance_minor, CREDITS))
    show({"reseller": code, "balance": now}, as_json, [f"{code} has {now} credits to spend."])


def _cost(text: str) -> Money:
    number, _, currency = text.strip().partition(" ")
    if not currency:
        raise InvalidInput("cost", f"{text!r} names no currency", hint='Write it like "125.00 EUR".')
    return Money.parse(number, currency.strip())
