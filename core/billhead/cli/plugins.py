"""`billhead plugins`: what is installed, what is broken and how to mend it, switching, tables, and a new plugin."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, select

from billhead.cli import in_app, json_option, show
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError
from billhead.models.operations import EventDelivery
from billhead.plugin_host import Plugin, PluginHost, plugin_ladder, plugins, upgrade_plugin
from billhead.plugin_host.scaffold import FOLDERS, write_scaffold

__all__ = ["group"]


@click.group()
def group() -> None:
    """Plugins: list, doctor, new, enable, disable, migrate."""


@group.command("list")
@json_option
@in_app
def list_plugins(as_json: bool) -> None:
    """Every installed plugin and its state."""
    host = plugins()
    active = set(host.active_names())
    rows = [_row(plugin, active) for plugin in host.all()]
    lines = [f"{row['name']:20} {row['version']:10} {row['state']:9} {', '.join(row['offers'])}" for row in rows]
    show({"plugins": rows}, as_json, lines or ["No plugin is installed."])


def _row(plugin: Plugin, active: set[str]) -> dict[str, Any]:
    state = "broken" if plugin.broken else "active" if plugin.name in active else "off"
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "state": state,
        "offers": sorted(plugin.hooks),
        "requires": list(plugin.requires),
    }


@group.command()
@json_option
@in_app
def doctor(as_json: bool) -> None:
    """What is wrong with the installed plugins and how to mend it; exit code 1 if anything is."""
    host = plugins()
    found = [
        *({"plugin": p.name, "problem": p.broken, "mend": p.mend} for p in host.broken()),
        *_parked_events(),
        *(problem for plugin in host.all() if not plugin.broken for problem in _behind(plugin)),
    ]
    healthy = [f"All {len(host.all())} plugins are well."]
    told = [f"{problem['plugin']}: {problem['problem']}\n  {problem['mend']}" for problem in found]
    show({"healthy": not found, "problems": found}, as_json, told or healthy)
    if found:
        raise SystemExit(1)


def _parked_events() -> list[dict[str, str]]:
    parked = (
        select(EventDelivery.plugin, func.count(), func.max(EventDelivery.error))
        .where(EventDelivery.state == "parked")
        .group_by(EventDelivery.plugin)
        .order_by(EventDelivery.plugin)
    )
    with reading() as session:
        rows = session.execute(parked).all()
    mend = "mend the cause, then retry the deliveries in the admin area (Jobs)"
    return [
        {"plugin": name, "problem": f"{n} events could not be delivered: {why}", "mend": mend} for name, n, why in rows
    ]


def _behind(plugin: Plugin) -> list[dict[str, str]]:
    try:
        ladder = plugin_ladder(plugin)
    except BillheadError as error:
        return [{"plugin": plugin.name, "problem": error.message, "mend": "reinstall the plugin"}]
    if ladder is None or ladder.current(db.engine) == ladder.head():
        return []
    mend = f"billhead plugins migrate {plugin.name}"
    return [{"plugin": plugin.name, "problem": "its tables are not up to date", "mend": mend}]


@group.command()
@click.argument("kind", type=click.Choice(sorted(FOLDERS)))
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path), help="Write it into this folder instead of plugins/….")
@json_option
def new(kind: str, name: str, into: Path | None, as_json: bool) -> None:
    """Write a new plugin, complete but for what only its author can write."""
    folder = write_scaffold(kind, name, into)
    lines = [
        f"{folder} is written.",
        f"Next: pip install -e '{folder}[test]', read {folder}/README.md, run pytest there.",
    ]
    show({"folder": str(folder), "kind": kind, "name": name}, as_json, lines)


@group.command()
@click.argument("name")
@json_option
@in_app
def enable(name: str, as_json: bool) -> None:
    """Switch a plugin on."""
    with writing(Context.system("cli:plugins")) as tx:
        plugins().enable(tx, name)
    show({"plugin": name, "active": True}, as_json, [f"{name} is on."])


@group.command()
@click.argument("name")
@json_option
@in_app
def disable(name: str, as_json: bool) -> None:
    """Switch a plugin off. What it stored stays."""
    with writing(Context.system("cli:plugins")) as tx:
        plugins().disable(tx, name)
    show({"plugin": name, "active": False}, as_json, [f"{name} is off; what it stored is kept."])


@group.command()
@click.argument("name", required=False)
@json_option
@in_app
def migrate(name: str | None, as_json: bool) -> None:
    """Bring the tables of one plugin, or of all, up to date. One that fails changes nothing and stops no other."""
    host = plugins()
    done: dict[str, str] = {}
    failed: dict[str, str] = {}
    for plugin in _chosen(host, name):
        try:
            revision = upgrade_plugin(db.engine, plugin)
        except BillheadError as error:
            failed[plugin.name] = error.message
            continue
        if revision is not None:
            done[plugin.name] = revision
    lines = [*(f"{n}: at {revision}" for n, revision in done.items()), *failed.values()]
    show({"migrated": done, "failed": failed}, as_json, lines or ["No plugin has tables of its own."])
    if failed:
        raise SystemExit(1)


def _chosen(host: PluginHost, name: str | None) -> list[Plugin]:
    return [host.get(name)] if name else [plugin for plugin in host.all() if not plugin.broken]
