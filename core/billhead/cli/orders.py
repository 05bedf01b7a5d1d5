"""`billhead orders`: order for a customer, with what it costs shown first on request."""

from dataclasses import replace
from datetime import datetime

import click

from billhead.actions.subscriptions._sale import Order
from billhead.actions.subscriptions.order_for import PAY, OrderPreview, order_for, preview_order_for
from billhead.cli import in_app, json_option, show
from billhead.cli._addons import addon
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.money import Money
from billhead.models.people import Customer

__all__ = ["group"]


@click.group()
def group() -> None:
    """Orders that staff place for customers."""


@group.command("add")
@click.argument("customer", type=int)
@click.argument("plan")
@click.option("--term", required=True, help='As it is sold, like "1 month".')
@click.option("--trial", is_flag=True, help="Begin with its trial.")
@click.option("--quantity", type=click.IntRange(1, 999), default=1, show_default=True)
@click.option("--mac", default="", help="Of the box, where the plan is watched on one.")
@click.option("--addon", "addons", multiple=True, metavar="CODE=N")
@click.option("--coupon", "coupons", multiple=True)
@click.option("--from", "starts_on", type=click.DateTime(["%Y-%m-%d"]), help="Its first day, up to a year ahead.")
@click.option(
    "--pay",
    type=click.Choice(PAY),
    default="mail",
    show_default=True,
    help="By a link that is mailed, from credit now, or as it is booked by hand.",
)
@click.option("--total", default="", help="What it may cost, like 12.50: at another price nothing is ordered.")
@click.option("--key", default="", help="Given twice, the second time answers with the first order.")
@click.option("--preview", "--dry-run", "preview", is_flag=True, help="Show what it costs, and order nothing.")
@click.option("--reason", default="", help="Stands in the audit trail.")
@json_option
@in_app
def add(
    customer: int, plan: str, term: str, trial: bool, quantity: int, mac: str, addons: tuple[str, ...],
    coupons: tuple[str, ...], starts_on: datetime | None, pay: str, total: str, key: str,
    preview: bool, reason: str, as_json: bool,
) -> None:  # fmt: skip
    """Order a plan for a customer, at its prices."""
    parts = tuple(one for one in map(addon, addons) if one.quantity)
    codes = tuple(code.strip().upper() for code in coupons)
    first = starts_on.date() if starts_on else None
    order = Order(customer, plan, term, parts, mac=mac, trial=trial, coupons=codes, quantity=quantity, starts_on=first)
    ctx = replace(Context.system("cli:orders", reason=reason), idempotency_key="" if preview else key)
    with writing(ctx) as tx:
        buyer = tx.session.get(Customer, customer)
        if buyer is None or buyer.erased_at is not None:
            raise NotFound("customer", customer)
        expected = Money.parse(total, buyer.currency) if total else None
        if preview:
            _told(preview_order_for(tx, order), expected, as_json)
            return
        ordered = order_for(tx, order, expected, pay)
    facts = {"document": ordered.document_id, "subscriptions": list(ordered.subscription_ids)}
    show(facts, as_json)


def _told(seen: OrderPreview, expected: Money | None, as_json: bool) -> None:
    if expected is not None and expected != seen.total:
        raise Conflict(f"it costs {seen.total}, not {expected}", code="price_changed")
    lines = [{"description": what, "quantity": count, "net": str(net)} for what, count, net in seen.lines]
    facts = {"total": str(seen.total), "tax": str(seen.tax), "lines": lines}
    show(facts, as_json, [*(f"{one['description']}: {one['net']}" for one in lines), f"Tax: {seen.tax}",
                          f"Total: {seen.total}"])  # fmt: skip
