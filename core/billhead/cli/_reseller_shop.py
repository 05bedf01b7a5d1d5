"""`billhead resellers shop`: a reseller's own shop: show, open, close, reopen, and the names by which it is reached."""

from typing import Any

import click
from sqlalchemy import func, select

from billhead.actions.shops._addresses import address_of, at_path
from billhead.actions.shops._own import shop_of
from billhead.actions.shops.ask_host import ask_host
from billhead.actions.shops.close_shop import close_shop, preview_close_shop
from billhead.actions.shops.confirm_host import confirm_host
from billhead.actions.shops.drop_host import drop_host
from billhead.actions.shops.open_shop import NewShop, open_shop
from billhead.actions.shops.reopen_shop import reopen_shop
from billhead.cli import in_app, json_option, show
from billhead.cli._reseller_tree import reason_option, reseller_named, said, yes_option
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.hosts import checked_host
from billhead.models.shops import ShopHost, ShopSupply

__all__ = ["shop"]


@click.group()
def shop() -> None:
    """A reseller's own shop: show, open, close, reopen, host, drop-host."""


@shop.command("show")
@click.argument("code")
@json_option
@in_app
def show_shop(code: str, as_json: bool) -> None:
    """Where the shop of the reseller CODE is, how it is paid, and what became of its orders."""
    with reading() as session:
        own = shop_of(session, reseller_named(session, code).id)
        if own is None:
            raise NotFound("shop of", code)
        hosts = session.scalars(select(ShopHost).where(ShopHost.seller_id == own.seller.id).order_by(ShopHost.id))
        counted = select(ShopSupply.state, func.count().label("number")).where(ShopSupply.seller_id == own.seller.id)
        told: dict[str, Any] = {
            "reseller": code,
            "seller": own.seller.code,
            "name": own.seller.name,
            "state": own.shop.state,
            "address": address_of(session, own.seller.id),
            "path": at_path(own.seller.code),
            "hosts": {row.host: "serves" if row.confirmed_at else "asked for" for row in hosts},
            "gateways": list(own.shop.gateways),
            "orders": {row.state: row.number for row in session.execute(counted.group_by(ShopSupply.state))},
        }
    show(told, as_json, [f"{name:10} {value}" for name, value in told.items()])


@shop.command("open")
@click.argument("code")
@click.argument("path")
@click.option("--name", default="", help="What it is called; the reseller's name unless told.")
@click.option("--currency", default="", help="What its customers pay in.")
@click.option("--mail-from", default="", help="Who its mail is from.")
@click.option("--gateway", "gateways", multiple=True, help="By which it may be paid; may be given several times.")
@json_option
@in_app
def open_one(
    code: str, path: str, name: str, currency: str, mail_from: str, gateways: tuple[str, ...], as_json: bool
) -> None:
    """Open a shop at /shop/PATH for the reseller CODE, which must have the right to one."""
    with writing(Context.system("cli:resellers")) as tx:
        wanted = NewShop(path, name, mail_from, currency=currency.upper(), gateways=gateways)
        opened = open_shop(tx, reseller_named(tx.session, code).id, wanted)
        told = {"reseller": code, "seller": opened.code, "path": at_path(opened.code)}
    show(told, as_json, [f"{code} has a shop at {told['path']}; it sets its prices and accounts itself."])


@shop.command("close")
@click.argument("code")
@reason_option
@yes_option
@json_option
@in_app
def close_one(code: str, reason: str, yes: bool, as_json: bool) -> None:
    """Close the shop of the reseller CODE: nothing new is sold; who is there keeps what they have, and renews."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        key = reseller_named(tx.session, code).id
        seen = preview_close_shop(tx, key)
        if yes:
            close_shop(tx, key)
    told = {"reseller": code, "done": yes, "customers": seen.customers, "running": seen.running,
            "unpaid": seen.unpaid, "waiting": seen.waiting}  # fmt: skip
    lines = [
        f"{seen.customers} customers and {seen.running} running subscriptions stay.",
        f"{seen.unpaid} documents may still be paid; {seen.waiting} paid orders wait for credits.",
        said(yes),
    ]
    show(told, as_json, lines)


@shop.command("reopen")
@click.argument("code")
@json_option
@in_app
def reopen_one(code: str, as_json: bool) -> None:
    """Open the shop of the reseller CODE again, as it was."""
    with writing(Context.system("cli:resellers")) as tx:
        opened = reopen_shop(tx, reseller_named(tx.session, code).id)
    show({"reseller": code, "seller": opened.code}, as_json, [f"{opened.code} is open again."])


@shop.command("host")
@click.argument("code")
@click.argument("host")
@json_option
@in_app
def host_one(code: str, host: str, as_json: bool) -> None:
    """Let the shop of the reseller CODE answer at HOST, whether or not it has asked for it."""
    with writing(Context.system("cli:resellers")) as tx:
        key = reseller_named(tx.session, code).id
        row = _host(tx, key, host)
        done = confirm_host(tx, row.id if row is not None else ask_host(tx, key, host).shop_host_id)
    show({"reseller": code, "host": done.host}, as_json, [f"The shop answers at {done.host}."])


@shop.command("drop-host")
@click.argument("code")
@click.argument("host")
@json_option
@in_app
def drop_one(code: str, host: str, as_json: bool) -> None:
    """Take HOST from the shop of the reseller CODE."""
    with writing(Context.system("cli:resellers")) as tx:
        key = reseller_named(tx.session, code).id
        row = _host(tx, key, host)
        if row is None:
            raise NotFound("host", host)
        drop_host(tx, key, row.id)
    show({"reseller": code, "host": host}, as_json, [f"The shop does not answer at {host} any more."])


def _host(tx: Tx, reseller_id: int, host: str) -> ShopHost | None:
    own = shop_of(tx.session, reseller_id)
    if own is None:
        raise NotFound("shop of", reseller_id)
    named = ShopHost.seller_id == own.seller.id, ShopHost.host == checked_host(host)
    return tx.session.scalar(select(ShopHost).where(*named))
