"""The running application: itself, its settings, its plugin host and its vault."""

from typing import Any

from flask import Flask, current_app

from billhead.config import Config
from billhead.plugin_host.dispatch import PluginHost
from billhead.plugin_host.vault import Vault

__all__ = ["config", "plugins", "this_app", "vault"]


def _billhead() -> Any:
    return current_app.extensions["billhead"]


def this_app() -> Flask:
    """For threads, which have no `current_app` until they open its context."""
    found: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # of werkzeug's LocalProxy
    return found


def config() -> Config:
    found: Config = _billhead().config
    return found


def plugins() -> PluginHost:
    found: PluginHost = _billhead().plugins
    return found


def vault() -> Vault:
    found: Vault = _billhead().vault
    return found
