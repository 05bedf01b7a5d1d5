"""`billhead staff`: who works here, from a terminal: also when nobody can sign in any more."""

from typing import Any

import click
from sqlalchemy import select

from billhead.actions.accounts.create_login import create_login
from billhead.actions.accounts.hash_password import hash_password
from billhead.actions.sign_in._second_step import asks_twice
from billhead.actions.sign_in.reset_second_step import reset_second_step
from billhead.actions.staff._starting import OWNER, make_starting_roles
from billhead.actions.staff.disable_staff import disable_staff
from billhead.actions.staff.invite_staff import invite_staff
from billhead.actions.staff.set_staff_role import set_staff_role
from billhead.cli import in_app, json_option, show
from billhead.cli._seller import seller_of
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role
from billhead.domain.errors import Conflict, NotFound
from billhead.models.people import User
from billhead.models.sign_in import StaffRole

__all__ = ["group"]

_reason = click.option("--reason", required=True, help="Stands in the audit trail.")
_seller = click.option("--seller", "code", default="", help="Its code, where several sellers have such a login.")


@click.group()
def group() -> None:
    """Staff: list, add, disable, enable, role, reset-two-step."""


@group.command("list")
@json_option
@in_app
def list_staff(as_json: bool) -> None:
    """Everybody, with role and whether a second step is asked for."""
    query = (
        select(User.id, User.email, User.disabled, StaffRole.name, User.permissions, asks_twice(User.id))
        .outerjoin(StaffRole, StaffRole.id == User.staff_role_id)
        .where(User.role == Role.STAFF.value)
        .order_by(User.id)
    )
    names = ("user_id", "email", "disabled", "role", "permissions", "second_step")
    with reading() as session:
        rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in session.execute(query)]
    lines = [
        f"{row['email']:40} {row['role'] or 'of its own: ' + ', '.join(row['permissions']):20} "
        f"{'second step' if row['second_step'] else 'password only'}{' disabled' if row['disabled'] else ''}"
        for row in rows
    ]
    show({"staff": rows}, as_json, lines or ["Nobody. billhead setup makes the first one."])


@group.command()
@click.argument("email")
@click.option("--role", default="read-only", show_default=True, help="A role by its name.")
@click.option("--seller", "code", default="", help="Its code; the only one where there is one.")
@click.option("--password", envvar="BILLHEAD_STAFF_PASSWORD", help="Else a link to set one is mailed.")
@_reason
@json_option
@in_app
def add(email: str, role: str, code: str, password: str | None, reason: str, as_json: bool) -> None:
    """Give somebody a login."""
    password_hash = hash_password(password, email) if password else ""
    with writing(Context.system("cli:staff", reason=reason)) as tx:
        seller_id, role_id = seller_of(tx.session, code).id, _role(tx, role)
        if password_hash:
            login = create_login(tx, seller_id, email, Role.STAFF.value, password_hash=password_hash)
            set_staff_role(tx, login.user_id, role_id)
        else:
            login = invite_staff(tx, seller_id, email, role_id)
    told = f"{email} may sign in now." if password_hash else f"{email} is mailed a link to set a password."
    show({"user_id": login.user_id, "email": email, "role": role}, as_json, [told])


@group.command()
@click.argument("email")
@_seller
@_reason
@json_option
@in_app
def disable(email: str, code: str, reason: str, as_json: bool) -> None:
    """End somebody's sessions, and let them in no more."""
    with writing(Context.system("cli:staff", reason=reason)) as tx:
        disable_staff(tx, _member(tx, email, code))
    show({"email": email, "disabled": True}, as_json, [f"{email} is disabled."])


@group.command()
@click.argument("email")
@_seller
@_reason
@json_option
@in_app
def enable(email: str, code: str, reason: str, as_json: bool) -> None:
    """Let somebody in again."""
    with writing(Context.system("cli:staff", reason=reason)) as tx:
        disable_staff(tx, _member(tx, email, code), disabled=False)
    show({"email": email, "disabled": False}, as_json, [f"{email} may sign in again."])


@group.command()
@click.argument("email")
@click.argument("name", default=OWNER)
@_seller
@_reason
@json_option
@in_app
def role(email: str, name: str, code: str, reason: str, as_json: bool) -> None:
    """Give somebody a role, by its name."""
    with writing(Context.system("cli:staff", reason=reason)) as tx:
        set_staff_role(tx, _member(tx, email, code), _role(tx, name))
    show({"email": email, "role": name}, as_json, [f"{email} has the role {name}."])


@group.command("reset-two-step")
@click.argument("email")
@_seller
@_reason
@json_option
@in_app
def reset_two_step(email: str, code: str, reason: str, as_json: bool) -> None:
    """Take somebody's app, passkeys and recovery codes away, who has lost them."""
    with writing(Context.system("cli:staff", reason=reason)) as tx:
        reset_second_step(tx, _member(tx, email, code))
    show({"email": email}, as_json, [f"{email} signs in with the password alone, and is told so by mail."])


def _member(tx: Tx, email: str, code: str) -> int:
    known = select(User.id).where(User.email == email.strip().lower(), User.role == Role.STAFF.value)
    if code:
        known = known.where(User.seller_id == seller_of(tx.session, code).id)
    found = tx.session.scalars(known.order_by(User.id)).all()
    if not found:
        raise NotFound("member of staff", email, hint="see: billhead staff list")
    if len(found) > 1:
        raise Conflict(f"{email} works for {len(found)} sellers.", hint="say which by --seller")
    return found[0]


def _role(tx: Tx, name: str) -> int:
    roles = make_starting_roles(tx)
    if name not in roles:
        raise NotFound("role", name, hint=f"there are: {', '.join(sorted(roles))}")
    return roles[name]
