"""Change the settings of a plugin itself (panels and gateway accounts have their own)."""

from collections.abc import Mapping
from typing import Any

from billhead import clock
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import NotAllowed, NotFound
from billhead.models.operations import PluginState
from billhead.plugin_host import plugins, store_settings

__all__ = ["save_plugin_settings"]


def save_plugin_settings(tx: Tx, name: str, settings: Mapping[str, Any]) -> None:
    """A secret that is not among `settings` keeps its value. Raises InvalidInput naming the field, or NotFound."""
    if not tx.ctx.may("plugins.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not set up plugins: it needs plugins.write")
    settings_type = plugins().get(name).settings_type
    if settings_type is None:
        raise NotFound("settings of the plugin", name)
    row = tx.session.get(PluginState, name, with_for_update=True)
    if row is None:
        row = PluginState(name=name, active=True, settings={}, secrets="")
    before = dict(row.settings)
    store_settings(settings_type, row, settings)
    row.changed_at = clock.now()
    tx.session.add(row)
    changed = sorted(key for key, value in row.settings.items() if before.get(key) != value)
    secrets = sorted(key for key in settings if key not in row.settings)
    audit(tx, "plugins.settings", f"plugin:{name}", {"changed": changed, "secrets": secrets})
