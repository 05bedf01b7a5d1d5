"""`billhead once`: events, films and passes that are bought on a subscription, by staff for a customer."""

from dataclasses import asdict

import click
from sqlalchemy import select

from billhead.actions.entitlements.buy_once import PAYS, buy_once
from billhead.actions.entitlements.refund_one import refund_one
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan
from billhead.models.entitlements import Entitlement

__all__ = ["group"]

_MOST = 200


@click.group()
def group() -> None:
    """Single sales: pay-per-view, rentals and passes."""


@group.command("list")
@click.argument("subscription", type=int)
@json_option
@in_app
def list_bought(subscription: int, as_json: bool) -> None:
    """What was bought on a subscription, the newest first, 200 at most."""
    one = Entitlement
    query = (
        select(one.id, Plan.code.label("plan"), one.state, one.uses_left, one.valid_from, one.valid_until,
               one.document_id, one.pass_id)
        .join(Plan, Plan.id == one.plan_id)
        .where(one.subscription_id == subscription)
        .order_by(one.id.desc())
        .limit(_MOST)
    )  # fmt: skip
    with reading() as session:
        rows = [dict(row._mapping) for row in session.execute(query)]
    lines = [
        f"{row['id']:>7}  {row['plan']:20}  {row['state']:10}  until {row['valid_until'] or '–'}"
        + (f"  {row['uses_left']} left" if row["uses_left"] is not None else "")
        for row in rows
    ]
    show({"bought": rows}, as_json, lines or ["Nothing was bought on it."])


@group.command()
@click.argument("subscription", type=int)
@click.argument("plan")
@click.option("--pay", type=click.Choice(PAYS), default="now", show_default=True)
@click.option("--reason", default="", help="Stands in the audit trail.")
@json_option
@in_app
def buy(subscription: int, plan: str, pay: str, reason: str, as_json: bool) -> None:
    """Buy what PLAN sells once. Credit pays first; what is left to pay is a proforma."""
    with writing(Context.system("cli:once", reason=reason)) as tx:
        bought = buy_once(tx, subscription, plan, pay)
    owed = f"document {bought.document_id} is to be paid first" if bought.owed_minor else "it may be watched"
    show(asdict(bought), as_json, [f"Bought as {bought.entitlement_id}: {owed}."])


@group.command("give-back")
@click.argument("purchase", type=int)
@click.option("--reason", required=True, help="Stands on the credit note.")
@json_option
@in_app
def give_back(purchase: int, reason: str, as_json: bool) -> None:
    """Give one purchase back: as credit, or as a use of the pass that it was had by."""
    with writing(Context.system("cli:once", reason=reason)) as tx:
        done = refund_one(tx, purchase, reason=reason)
    show(asdict(done), as_json, [f"Given back; {done.credited_minor} minor units became credit."])
