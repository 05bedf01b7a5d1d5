"""`billhead prices withdraw` and `billed`: a price change that is taken back, and what it has billed before."""

from datetime import timedelta
from typing import Any

import click

from billhead.actions.catalogue._billed_at import BilledAt, billed_at
from billhead.actions.catalogue.withdraw_reprice import withdraw_reprice
from billhead.actions.rehearse import rehearse
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Reprice

__all__ = ["billed", "withdraw"]


@click.command()
@click.argument("change_id", metavar="CHANGE", type=int)
@click.option("--preview", "previewing", is_flag=True, help="Show what it would do, and do nothing.")
@json_option
@in_app
def withdraw(change_id: int, previewing: bool, as_json: bool) -> None:
    """Take a change back before its day: existing subscriptions go on at what they pay. What is billed by it stays."""
    ctx = Context.system("cli:prices")
    if previewing:
        done = rehearse(ctx, lambda tx: withdraw_reprice(tx, change_id))
    else:
        with writing(ctx) as tx:
            done = withdraw_reprice(tx, change_id)
    early = done.stays
    more = {code: str(Money(minor, code)) for code, minor in early.more_minor.items()}
    begun = f"Change {change_id} {'would be' if previewing else 'is'} withdrawn"
    lines = [f"{begun}; {done.offers} unpaid renewals are offered anew, {done.drafts} drafts are made anew."]
    if early.documents:
        lines += [
            f"Billed at the new price already, which stays: {early.customers} customers, {early.documents} documents,",
            f"{', '.join(more.values())} more with tax.",
            f"Credit notes give it back; see them with: billhead prices billed {change_id}",
        ]
    stay = {"customers": early.customers, "documents": early.documents, "more": more}
    show({"change": change_id, "offers": done.offers, "drafts": done.drafts, "billed": stay}, as_json, lines)


@click.command()
@click.argument("change_id", metavar="CHANGE", type=int)
@json_option
@in_app
def billed(change_id: int, as_json: bool) -> None:
    """What a change has billed to who bought before it, and how much more that is: for credit notes."""
    with reading() as session:
        if session.get(Reprice, change_id) is None:
            raise NotFound("price change", change_id, hint="see them with: billhead prices changes")
        rows = [_billed(one) for one in billed_at(session, change_id)]
    lines = [
        f"{r['document']:>8} {r['number']:16} {r['customer']:24} {r['billed']:>14}, {r['more']} more" for r in rows
    ]
    show({"billed": rows}, as_json, lines or ["Nothing is billed by it."])


def _billed(one: BilledAt) -> dict[str, Any]:
    return {
        "document": one.document_id,
        "number": one.number,
        "final": one.final,
        "customer": one.name,
        "subscription": one.subscription_id,
        "plan": one.plan,
        "from": one.starts_on.isoformat(),
        "until": (one.ends_on - timedelta(days=1)).isoformat(),
        "billed": str(Money(one.billed_minor, one.currency)),
        "more": str(Money(one.more_minor, one.currency)),
    }
