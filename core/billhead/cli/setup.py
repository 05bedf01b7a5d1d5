"""`billhead setup`: the first seller and the first person of staff, on a database that is brought up to date."""

import sys
from typing import Any

import click
from flask import Flask

from billhead.actions.accounts.create_login import create_login
from billhead.actions.accounts.hash_password import hash_password
from billhead.actions.sellers.open_seller import open_seller
from billhead.actions.setup.make_code import make_code
from billhead.actions.staff._starting import OWNER, make_starting_roles
from billhead.actions.staff.set_staff_role import set_staff_role
from billhead.cli import current_app_of, json_option, show
from billhead.cli._running import migrate_all
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput

__all__ = ["command"]


@click.command("setup")
@click.option("--seller", help="The name that stands on invoices.")
@click.option("--code", default="main", show_default=True, help="A short code of the seller; one that exists is kept.")
@click.option("--country", help="Two letters, like FI.")
@click.option("--currency", help="Of the books, like EUR.")
@click.option("--zone", default="UTC", show_default=True, help="In which documents are dated, like Europe/Helsinki.")
@click.option("--email", help="Of the first person of staff; mails are sent from it.")
@click.option("--password", envvar="BILLHEAD_STAFF_PASSWORD", help="At least ten characters.")
@click.option("--browser", is_flag=True, help="Print the address and a new one-time code instead of asking here.")
@json_option
@click.pass_context
def command(ctx: click.Context, code: str, zone: str, browser: bool, as_json: bool, **given: str | None) -> None:
    """Open the first seller and its first login. Asks on a terminal for what is not given."""
    if browser:
        _print_code(current_app_of(ctx), as_json)
        return
    said = {name: value or _asked(name, as_json) for name, value in given.items()}
    email = said["email"]
    app = current_app_of(ctx)
    migrate_all(app)
    with app.app_context():
        password_hash = hash_password(said["password"], email)
        with writing(Context.system("cli:setup")) as tx:
            seller = open_seller(tx, code, said["seller"], said["country"], said["currency"], zone, email)
            login = create_login(tx, seller.seller_id, email, "staff", password_hash=password_hash)
            set_staff_role(tx, login.user_id, make_starting_roles(tx)[OWNER])
    result: dict[str, Any] = {"seller_id": seller.seller_id, "user_id": login.user_id, "email": email}
    show(
        result,
        as_json,
        [f"{email} may sign in now. Next: billhead import catalog FILE for panels and plans, then billhead serve."],
    )


def _print_code(app: Flask, as_json: bool) -> None:
    migrate_all(app)
    with app.app_context(), writing(Context.system("cli:setup")) as tx:
        made = make_code(tx).code
    address = f"{app.extensions['billhead'].config.base_url}/setup"
    show({"address": address, "code": made}, as_json, [f"Open {address} and type the one-time code {made}"])


def _asked(name: str, as_json: bool) -> str:
    if as_json or not sys.stdin.isatty():
        raise InvalidInput(f"--{name}", "is missing", hint=f"Give it: billhead setup --{name} …")
    hidden = name == "password"
    answer: str = click.prompt(name.capitalize(), hide_input=hidden, confirmation_prompt=hidden, err=True)
    return answer
