"""The plugin host and the vault of the running application."""

from typing import Any

from flask import current_app

from billhead.config import Config
from billhead.plugin_host.dispatch import PluginHost
from billhead.plugin_host.vault import Vault

__all__ = ["config", "plugins", "vault"]


def _billhead() -> Any:
    return current_app.extensions["billhead"]


def config() -> Config:
    found: Config = _billhead().config
    return found


def plugins() -> PluginHost:
    found: PluginHost = _billhead().plugins
    return found


def vault() -> Vault:
    found: Vault = _billhead().vault
    return found
