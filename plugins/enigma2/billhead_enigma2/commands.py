"""`billhead x enigma2 push …`: the channels of a line onto a box on the bench, before it goes to its customer.

Whoever runs it has a shell on the server, so it goes to whatever address it is given, private ones above all. No page
and no interface offers it.
"""

import json
import os

import click

from billhead.plugin import BillheadError, Conflict, InvalidInput, PanelOutcomeUnknown, current_host
from billhead_enigma2.bouquet import Entry, entries
from billhead_enigma2.channels import channels_of
from billhead_enigma2.delivery import Settings
from billhead_enigma2.openwebif import OpenWebif, address_of
from billhead_enigma2.push import Pushed, push

__all__ = ["COMMANDS"]

PASSWORD = "BILLHEAD_BOX_PASSWORD"  # noqa: S105 the name of a variable


@click.command("push")
@click.argument("box")
@click.option("--login", default="", help="The line, by its login.")
@click.option("--service", type=int, help="The line, by the number of its service.")
@click.option(
    "--user", default="", help="Where the box asks for one. The password is asked, or read from the environment."
)
@click.option("--timeout", type=click.IntRange(1, 300), default=20, show_default=True, help="Seconds for each call.")
@click.option("--dry-run", is_flag=True, help="Ask the panel and the box, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def push_(box: str, login: str, service: int | None, user: str, timeout: int, dry_run: bool, as_json: bool) -> None:
    """Put a line's channels onto BOX (192.168.1.20, box:8080, https://box), in place of those of an earlier push."""
    try:
        url = address_of(box)
        found, name = _channels(service, login)
        there = OpenWebif(url, user, _password() if user else "", timeout)
        try:
            done = push(there, name, found, dry_run=dry_run)
        finally:
            there.close()
    except PanelOutcomeUnknown as error:
        raise _told(error, "Push again: what is half done gives way then.", as_json) from error
    except BillheadError as error:
        raise _told(error, error.hint or "", as_json) from error
    if as_json:
        answer = {"box": url, "bouquet": name, "model": done.model, "channels": done.channels}
        click.echo(json.dumps({**answer, "replaced": list(done.replaced), "dry_run": dry_run}))
    else:
        click.echo(_said(done, name, url, dry_run))


def _channels(service: int | None, login: str) -> tuple[list[Entry], str]:
    if (service is None) == (not login):
        raise InvalidInput("line", "name the line by --login or by --service: one of them")
    host = current_host("enigma2")
    settings: Settings = host.settings()
    line = host.line(service_id=service, login=login)
    access = line.access
    if not (access.m3u_url and access.server_url and access.login and access.password) or access.mac:
        raise Conflict("this line has no channels by login and password", hint="A device by its MAC has none.")
    found = list(entries(access, channels_of(line), settings.service_type))
    if not found:
        raise Conflict("the panel lists no channels for this line: the box was left as it is")
    return found, settings.name


def _password() -> str:
    given = os.environ.get(PASSWORD)
    return given if given is not None else click.prompt("Password of the box", hide_input=True, default="", err=True)


def _told(error: BillheadError, hint: str, as_json: bool) -> click.ClickException:
    if as_json:
        click.echo(json.dumps({"error": {"code": error.code, "message": error.message, "hint": hint}}))
    return click.ClickException(f"{error.message} ({hint})" if hint else error.message)


def _said(done: Pushed, name: str, url: str, dry_run: bool) -> str:
    verb = "would be" if dry_run else "are"
    was = f", in place of {', '.join(done.replaced)}" if done.replaced else ""
    return f"{done.channels} channels {verb} on {url} ({done.model}) as {name}{was}."


COMMANDS = [push_]
