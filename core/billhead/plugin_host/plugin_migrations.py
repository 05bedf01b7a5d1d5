"""Tables of plugins: each plugin climbs a ladder of its own, so that uninstalling it never blocks the core.

A plugin declares `MIGRATIONS = "billhead_loyalty:migrations"`, a folder of its package with `versions/`. Its tables are
called x_<plugin>_…, none refers to a table of the core, and none of the core's is touched: what breaks this is undone.
"""

from importlib.resources import files
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect

from billhead.domain.errors import PluginFailed
from billhead.migrations.ladder import Ladder
from billhead.plugin_host.discovery import Plugin

__all__ = ["plugin_ladder", "upgrade_plugin"]

Shape = dict[str, frozenset[str]]


def plugin_ladder(plugin: Plugin) -> Ladder | None:
    """The plugin's ladder of migrations, or None if it has no tables."""
    place = getattr(plugin.module, "MIGRATIONS", None)
    if place is None:
        return None
    package, _, folder = str(place).partition(":")
    path = Path(str(files(package))) / folder
    if not folder or not (path / "versions").is_dir():
        raise PluginFailed(plugin.name, f"MIGRATIONS = {place!r}: there is no folder {path}/versions")
    metadata = getattr(plugin.module, "METADATA", None) or MetaData()
    return Ladder(path, f"alembic_version_{plugin.name}", metadata, prefix=_prefix(plugin))


def upgrade_plugin(engine: Engine, plugin: Plugin) -> str | None:
    """Bring the plugin's tables up to date in one transaction; returns its revision, None if it has no tables.

    Raises PluginFailed, and then nothing has changed.
    """
    ladder = plugin_ladder(plugin)
    if ladder is None:
        return None
    with engine.connect() as connection:
        before = _shape(connection)
    try:
        return ladder.upgrade(engine, check=lambda connection: _check(plugin, ladder, before, connection))
    except PluginFailed:
        raise
    except Exception as error:
        raise PluginFailed(plugin.name, f"its migration failed: {type(error).__name__}: {error}") from error


def _prefix(plugin: Plugin) -> str:
    return f"x_{plugin.name}_"


def _shape(connection: Connection) -> Shape:
    """Table → its columns: enough to see that a table came, went or was altered."""
    columns = inspect(connection).get_multi_columns()
    return {name: frozenset(f"{c['name']} {c['type']}" for c in found) for (_, name), found in columns.items()}


def _check(plugin: Plugin, ladder: Ladder, before: Shape, connection: Connection) -> None:
    prefix = _prefix(plugin)
    after = _shape(connection)
    for name in sorted(before.keys() | after.keys()):
        is_own = name.startswith(prefix) or name == ladder.version_table
        if not is_own and before.get(name) != after.get(name):
            did = "creates" if name not in before else "drops" if name not in after else "alters"
            raise PluginFailed(plugin.name, f"its migration {did} the table {name}; its tables are called {prefix}…")
    for (_, name), keys in inspect(connection).get_multi_foreign_keys().items():
        for key in keys if name.startswith(prefix) else ():
            if not key["referred_table"].startswith(prefix):
                why = f"{name} has a foreign key to {key['referred_table']}: keep the id in a plain column instead"
                raise PluginFailed(plugin.name, why)
