"""`billhead purchases`: what was bought at panels that sell time, and what staff decide about it."""

from dataclasses import asdict

import click
from sqlalchemy import select

from billhead.actions.provisioning.decide_purchase import decide_purchase
from billhead.actions.provisioning.link_purchase import link_purchase
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.domain.upstream import State
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.subscriptions import Service

__all__ = ["group"]

_MOST = 200


@click.group()
def group() -> None:
    """Upstream purchases: list them, decide what nobody could find out, say which line one made."""


@group.command("list")
@click.option("--state", type=click.Choice([one.value for one in State]), help="Only these.")
@json_option
@in_app
def list_purchases(state: str | None, as_json: bool) -> None:
    """The newest purchases, 200 at most."""
    row = UpstreamPurchase
    query = (
        select(row.id, row.state, row.package_name, Service.login, Panel.code.label("panel"), row.paid_until, row.why)
        .join(Service, Service.id == row.service_id)
        .join(Panel, Panel.id == row.panel_id)
        .order_by(row.id.desc())
        .limit(_MOST)
    )
    with reading() as session:
        found = session.execute(query.where(row.state == state) if state else query)
        rows = [dict(one._mapping) for one in found]
    lines = [f"{one['id']:>7}  {one['state']:10}  {one['login']:20}  {one['panel']:16}  {one['why']}" for one in rows]
    show({"purchases": rows}, as_json, lines or ["Nothing was bought."])


@group.command()
@click.argument("purchase", type=int)
@click.argument("outcome", type=click.Choice(["bought", "not-bought"]))
@click.option("--line", "number", default="", help="The line's number on the panel: it is looked at, and linked.")
@click.option("--reason", default="", help="Stands in the audit trail.")
@json_option
@in_app
def decide(purchase: int, outcome: str, number: str, reason: str, as_json: bool) -> None:
    """Say whether a purchase was made that nobody could find out about. "not-bought" spends again if it is wrong."""
    ctx = Context.system("cli:purchases", reason=reason)
    if number and outcome != "bought":
        raise InvalidInput("line", "what was not bought made no line")
    if number:
        decided = link_purchase(ctx, purchase, number)
    else:
        with writing(ctx) as tx:
            decided = decide_purchase(tx, purchase, outcome == "bought")
    show(asdict(decided), as_json, [f"Purchase {decided.purchase} of line {decided.service_id}: {decided.state}."])
