"""`billhead panels`: are they there, and do they hold what customers should have?"""

from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import func, select

from billhead.actions.panels.check_panel import check_panel
from billhead.actions.provisioning.reconcile import reconcile_panel
from billhead.cli import in_app, json_option, show
from billhead.db import reading
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, NotFound
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service

__all__ = ["group"]

_CTX = Context.system("cli:panels")


@click.group()
def group() -> None:
    """Panels: list, check, reconcile."""


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
    lines = [f"{row['code']:20} {row['module']:12} {row['lines']:>7} lines  {row['health']}" for row in rows]
    show({"panels": rows}, as_json, lines or ["There is no panel."])


def _row(panel: Panel, lines: int) -> dict[str, Any]:
    health = "resting" if panel.maintenance else panel.last_error if panel.failures else "well"
    report = {name: panel.reconcile_report.get(name) for name in ("lines", "differences")}
    return {
        "code": panel.code,
        "name": panel.name,
        "module": panel.module,
        "lines": lines,
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
    found = {code: _checked(panel_id) for code, panel_id in _chosen(codes).items()}
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
@json_option
@in_app
def reconcile(codes: Sequence[str], no_repair: bool, as_json: bool) -> None:
    """Compare each panel (or those named) with what customers should have, and queue what can be mended for free.

    Exit code 1 when a panel can't be read.
    """
    found = {code: _reconciled(panel_id, repair=not no_repair) for code, panel_id in _chosen(codes).items()}
    differences = sum(one.get("differences", 0) for one in found.values())
    show({"differences": differences, "panels": found}, as_json, [_told(code, one) for code, one in found.items()])
    if any("error" in one for one in found.values()):
        raise SystemExit(1)


def _reconciled(panel_id: int, *, repair: bool) -> dict[str, Any]:
    try:
        return reconcile_panel(_CTX, panel_id, repair=repair).as_dict()
    except BillheadError as error:
        return {"error": error.message}


def _told(code: str, one: dict[str, Any]) -> str:
    if "error" in one:
        return f"{code}: could not be compared: {one['error']}"
    kinds = ", ".join(f"{len(one[kind])} {kind}" for kind in ("missing", "extra", "differing"))
    return f"{code}: {one['in_step']} of {one['services']} in step; {one['differences']} differences ({kinds})"


def _chosen(codes: Sequence[str]) -> dict[str, int]:
    with reading() as session:
        there = dict(session.execute(select(Panel.code, Panel.id).order_by(Panel.code)).all())
    for code in codes:
        if code not in there:
            raise NotFound("panel", code, hint=f"there are: {', '.join(there) or 'none'}")
    return {code: there[code] for code in codes or there}
