"""Core's side of the plugin API: find plugins, load and switch them, call their hooks, hand them what they need."""

from billhead.plugin_host.activation import Activation
from billhead.plugin_host.connections import (
    capabilities_of,
    channel_connection,
    checker_connection,
    close_connections,
    gateway_abilities,
    gateway_connection,
    panel_connection,
    plugin_settings,
    tells_payouts,
)
from billhead.plugin_host.current import plugins, vault
from billhead.plugin_host.discovery import GROUP, Plugin, discover
from billhead.plugin_host.dispatch import PluginHost
from billhead.plugin_host.facade import Facade, Notify, provide_facade
from billhead.plugin_host.mounting import mount_plugins
from billhead.plugin_host.plugin_migrations import plugin_ladder, upgrade_plugin
from billhead.plugin_host.stored_settings import open_settings, secrets_set, store_settings
from billhead.plugin_host.vault import Vault

__all__ = [
    "Activation",
    "Facade",
    "GROUP",
    "Notify",
    "Plugin",
    "PluginHost",
    "Vault",
    "capabilities_of",
    "channel_connection",
    "checker_connection",
    "close_connections",
    "discover",
    "gateway_abilities",
    "gateway_connection",
    "mount_plugins",
    "open_settings",
    "panel_connection",
    "plugin_ladder",
    "plugin_settings",
    "plugins",
    "provide_facade",
    "secrets_set",
    "store_settings",
    "tells_payouts",
    "upgrade_plugin",
    "vault",
]
