"""`billhead panels`: are they there, and do they hold what customers should have?"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.adopting.adopt_panel import adopt_panel
from billhead.actions.adopting.ask_adoption import AdoptionWish, ask_adoption
from billhead.actions.moving._figures import preview_move
from billhead.actions.moving.ask_move import GRACE_HOURS, ask_move
from billhead.actions.panels.check_panel import check_panel
from billhead.actions.panels.tell_addresses import preview_tell_addresses, tell_addresses
from billhead.actions.panels.tell_work import preview_tell_work, tell_work
from billhead.actions.provisioning.reconcile import reconcile_panel
from billhead.cli import in_app, json_option, show
from billhead.cli._adopting import lines_of, told, write_csv
from billhead.cli._panel_lines import add_line_commands
from billhead.cli._panel_owners import add_owner_commands
from billhead.cli._panels_named import panels_named
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, InvalidInput, NotFound
from billhead.models.catalogue import Plan
from billhead.models.panels import Panel
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service

__all__ = ["group"]

_MINUTE = click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"])
_CTX = Context.system("cli:panels")


@click.group()
def group() -> None:
    """Panels: list, check, try a line, their resellers, reconcile, adopt, move, tell addresses and planned work."""


add_line_commands(group)
add_owner_commands(group)


@group.command("list")
@json_option
@in_app
def list_panels(as_json: bool) -> None:
    """Every panel with its module, its lines and its health."""
    with reading() as session:
        lines_of = (
            select(Service.panel_id, func.count()).where(Service.lifecycle == "wanted").group_by(Service.panel_id)
        )
        wanted = dict(session.execute(lines_of).all())
        rows = [_row(panel, wanted.get(panel.id, 0)) for panel in session.scalars(select(Panel).order_by(Panel.code))]
    show({"panels": rows}, as_json, [_listed(row) for row in rows] or ["There is no panel."])


def _listed(row: dict[str, Any]) -> str:
    limit = f"  at most {row['calls_per_second']} calls/s" if row["calls_per_second"] else ""
    return f"{row['code']:20} {row['module']:12} {row['lines']:>7} lines  {row['health']}{limit}"


def _row(panel: Panel, lines: int) -> dict[str, Any]:
    health = "resting" if panel.maintenance else panel.last_error if panel.failures else "well"
    report = {name: panel.reconcile_report.get(name) for name in ("lines", "differences")}
    return {
        "code": panel.code,
        "name": panel.name,
        "module": panel.module,
        "lines": lines,
        "calls_per_second": panel.calls_per_second,
        "health": health,
        "reconciled_at": panel.reconciled_at,
        "last_reconcile": report if panel.reconciled_at else None,
    }


@group.command()
@click.argument("codes", nargs=-1)
@json_option
@in_app
def check(codes: Sequence[str], as_json: bool) -> None:
    """Ask each panel (or those named) for a sign of life. Exit code 1 if one gives none."""
    found = {code: _checked(panel_id) for code, panel_id in panels_named(codes).items()}
    lines = [f"{code}: {'well' if one['ok'] else 'NOT WELL'}: {one['said']}" for code, one in found.items()]
    ok = all(one["ok"] for one in found.values())
    show({"ok": ok, "panels": found}, as_json, lines or ["There is no panel."])
    if not ok:
        raise SystemExit(1)


def _checked(panel_id: int) -> dict[str, Any]:
    try:
        checked = check_panel(_CTX, panel_id)
    except BillheadError as refused:  # its module is not there, or its settings do not fit
        return {"ok": False, "said": refused.message}
    return {"ok": checked.ok, "said": checked.said}


@group.command()
@click.argument("codes", nargs=-1)
@click.option("--no-repair", is_flag=True, help="Report only; queue nothing.")
@click.option("--confirm", is_flag=True, help="Repair also where so many lines are missing that it would stop and ask.")
@json_option
@in_app
def reconcile(codes: Sequence[str], no_repair: bool, confirm: bool, as_json: bool) -> None:
    """Compare each panel (or those named) with what customers should have, and queue what can be mended for free.

    Exit code 1 when a panel can't be read.
    """
    found = {
        code: _reconciled(panel_id, repair=not no_repair, confirmed=confirm)
        for code, panel_id in panels_named(codes).items()
    }
    differences = sum(one.get("differences", 0) for one in found.values())
    show({"differences": differences, "panels": found}, as_json, [_told(code, one) for code, one in found.items()])
    if any("error" in one for one in found.values()):
        raise SystemExit(1)


def _reconciled(panel_id: int, *, repair: bool, confirmed: bool) -> dict[str, Any]:
    try:
        return reconcile_panel(_CTX, panel_id, repair=repair, confirmed=confirmed).as_dict()
    except BillheadError as error:
        return {"error": error.message}


def _told(code: str, one: dict[str, Any]) -> str:
    if "error" in one:
        return f"{code}: could not be compared: {one['error']}"
    kinds = ", ".join(f"{one['counts'].get(kind, 0)} {kind}" for kind in ("missing", "extra", "differing"))
    told = f"{code}: {one['in_step']} of {one['services']} in step; {one['differences']} differences ({kinds})"
    return f"{told}\n  {one['held']}: --confirm" if one["held"] else told


@group.command()
@click.argument("code")
@click.option("--dry-run", is_flag=True, help="Judge each line and write down the finding; adopt none.")
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="CSV with your own word.")
@click.option("--term", default="1 month", show_default=True, help="The term of lines that your file does not name.")
@click.option("--least-score", type=click.IntRange(0, 100), default=60, show_default=True, help="Of a guessed plan.")
@click.option("--write", "writes", multiple=True, help="A field that may be written on the panel; several times.")
@click.option("--owner", "owners", multiple=True, help="PANEL-ID=RESELLER: whose lines are whose; several times.")
@click.option("--unlimited-until", type=click.DateTime(["%Y-%m-%d"]), help="Lines that never end are paid until then.")
@click.option("--take-claimed", is_flag=True, help="Also lines of another Billhead, once a dry run counted them.")
@click.option("--csv", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write each line's finding there.")
@json_option
@in_app
def adopt(
    code: str,
    dry_run: bool,
    mapping: Path | None,
    term: str,
    least_score: int,
    writes: tuple[str, ...],
    owners: tuple[str, ...],
    unlimited_until: datetime | None,
    take_claimed: bool,
    file: Path | None,
    as_json: bool,
) -> None:
    """Take over the lines that stand on the panel CODE already: customer, subscription and service for each.

    Nothing is written to the panel but the fields named by --write. Exit code 1 when the list can't be read.
    """
    panel_id = panels_named([code])[code]
    pairs = dict(_owner(pair) for pair in owners)
    until = unlimited_until.date() if unlimited_until else None
    wish = AdoptionWish(term, least_score, writes, pairs, until, take_claimed)
    words = mapping.read_text("utf-8-sig") if mapping else ""
    with writing(_CTX) as tx:
        asked = ask_adoption(tx, panel_id, wish, dry_run=dry_run, mapping=words, queue=False)
    adopt_panel(_CTX, asked.adoption_id)
    found = told(asked.adoption_id)
    if file is not None:
        write_csv(asked.adoption_id, file)
    show(found, as_json, lines_of(found))
    if found["state"] != "done":
        raise SystemExit(1)


def _owner(pair: str) -> tuple[str, str]:
    remote, sign, reseller = pair.partition("=")
    if not (sign and remote and reseller):
        raise InvalidInput("owner", f"{pair!r} is not like 12=RESELLER")
    return remote, reseller


@group.command()
@click.argument("source", metavar="FROM")
@click.argument("to")
@click.option("--dry-run", is_flag=True, help="Show in figures what would happen; move none.")
@click.option("--plan", help="Only the lines of the plan of this code.")
@click.option("--grace", type=click.IntRange(0, 1440), default=GRACE_HOURS, show_default=True,
              help="So many hours an old place stands after its line was moved.")  # fmt: skip
@json_option
@in_app
def move(source: str, to: str, dry_run: bool, plan: str | None, grace: int, as_json: bool) -> None:
    """Move the lines of the panel FROM to the panel TO: a job that the workers do, seen in the admin area."""
    panels = panels_named([source, to])
    with reading() as session:
        plan_id = _plan(session, panels[source], plan) if plan else None
        found: dict[str, Any] = preview_move(session, panels[source], panels[to], plan_id).as_dict()
    move_id = None
    if not dry_run:
        with writing(_CTX) as tx:
            move_id = ask_move(tx, panels[source], panels[to], plan_id=plan_id, grace_hours=grace).move_id
    told_now = f"Queued as move {move_id}." if move_id is not None else "A dry run: none is moved."
    why = [f"  {code}: {count}" for code, count in found["stays"].items()]
    why += [f"  not named there: {name}, {count} lines" for name, count in found["unnamed_bouquets"].items()]
    room = "any number" if found["room"] is None else found["room"]
    head = f"{source}: {found['lines']} lines; {found['moves']} would move to {to}, which has room for {room}"
    show({"move": move_id, "from": source, "to": to, **found}, as_json, [head, *why, told_now])


@group.command("tell-addresses")
@click.argument("code")
@click.option("--words", default="", help="Stands in the mail, as when the old addresses end.")
@click.option("--dry-run", is_flag=True, help="Show how many would be told; tell nobody.")
@json_option
@in_app
def tell_panel_addresses(code: str, words: str, dry_run: bool, as_json: bool) -> None:
    """Mail everybody on the panel CODE its addresses, after its portal or stream domain was changed."""
    panel_id = panels_named([code])[code]
    with reading() as session:
        found = preview_tell_addresses(Tx(_CTX, session), panel_id)
    news_id = None
    if not dry_run:
        with writing(_CTX) as tx:
            news_id = tell_addresses(tx, panel_id, words).news_id
    head = f"{code}: {found.lines} lines of {found.customers} customers; {found.unreached} have no mail address"
    told_now = "A dry run: nobody is told." if dry_run else f"They are being told, as news {news_id}."
    show({"news": news_id, "panel": code, **asdict(found)}, as_json, [head, told_now])


@group.command("tell-work")
@click.argument("code")
@click.option("--from", "begins", required=True, type=_MINUTE, help="In the seller's time zone.")
@click.option("--until", "ends", required=True, type=_MINUTE)
@click.option("--words", default="", help="Stands in the message, as what gets better.")
@click.option("--dry-run", is_flag=True, help="Show how many would be told; tell nobody.")
@json_option
@in_app
def tell_planned_work(code: str, begins: datetime, ends: datetime, words: str, dry_run: bool, as_json: bool) -> None:
    """Tell everybody on the panel CODE, once each, that it will be worked on."""
    panel_id = panels_named([code])[code]
    with reading() as session:
        found = preview_tell_work(Tx(_CTX, session), panel_id)
        zone = ZoneInfo(session.get_one(Seller, session.get_one(Panel, panel_id).seller_id).zone)
    news_id = None
    if not dry_run:
        with writing(_CTX) as tx:
            news_id = tell_work(tx, panel_id, begins.replace(tzinfo=zone), ends.replace(tzinfo=zone), words).news_id
    head = f"{code}: {found.lines} lines of {found.customers} customers, {found.unreached} without a mail address"
    told_now = "A dry run: nobody is told." if dry_run else f"They are being told, as news {news_id}."
    show({"news": news_id, "panel": code, **asdict(found)}, as_json, [head, told_now])


def _plan(session: Session, panel_id: int, code: str) -> int:
    seller_id = session.get_one(Panel, panel_id).seller_id
    found = session.scalar(select(Plan.id).where(Plan.seller_id == seller_id, Plan.code == code))
    if found is None:
        raise NotFound("plan", code)
    return found
