"""`billhead support`: mail that comes in for tickets."""

import re
import sys

import click
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from billhead.actions.support._mailbox import LARGEST_MAIL
from billhead.actions.support.fetch_mail import fetch_mail
from billhead.actions.support.store_mail import store_mail
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.support import Department

__all__ = ["group"]

_TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and comes again
_ADDRESS = re.compile(r"[!-~]+@[A-Za-z0-9.-]+")


@click.group()
def group() -> None:
    """Support: take in mail."""


@group.command("receive")
@click.option("--to", default="", help="The address that it was sent to; without it, of the only department.")
@json_option
@in_app
def receive(to: str, as_json: bool) -> None:
    """Take one mail from standard input, as a mail server pipes it. Ends with 75 when it has to be piped again."""
    raw = sys.stdin.buffer.read(LARGEST_MAIL + 1)
    if raw.startswith(b"From "):  # an mbox's own line, no header
        raw = raw.partition(b"\n")[2]
    if to and not _ADDRESS.fullmatch(to):
        raise InvalidInput("to", f"{to!r} is no e-mail address")
    if to and raw.strip():
        raw = b"X-Original-To: " + to.encode("ascii") + b"\n" + raw
    try:
        with writing(Context.system("cli:support")) as tx:
            done = store_mail(tx, _department(tx.session, to), raw)
    except (Conflict, DBAPIError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(_TRY_LATER)
    show({"mail_id": done.support_mail_id, "again": done.again}, as_json)


def _department(session: Session, to: str) -> int:
    local, _, domain = to.lower().partition("@")
    mail = f"{local.partition('+')[0]}@{domain}"
    rows = session.execute(select(Department.id, Department.mail)).all()
    found = [row.id for row in rows if row.mail == mail] if to else [row.id for row in rows]
    if len(found) != 1:
        raise NotFound("department with the address", to or "(none was named)")
    return int(found[0])


@group.command("fetch")
@json_option
@in_app
def fetch(as_json: bool) -> None:
    """Read the mailboxes of all departments now. The job does it every two minutes."""
    with reading() as session:
        rows = session.execute(select(Department.id, Department.name, Department.settings)).all()
    stored = 0
    for key, _name, settings in rows:
        if settings.get("host"):
            done = fetch_mail(Context.system("cli:support"), key)
            stored += done.stored if done is not None else 0
    show({"stored": stored}, as_json, [f"{stored} new mails are in the queue."])
