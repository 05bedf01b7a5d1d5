"""Settings of a panel, a gateway account or a plugin in their rows: visible ones as JSON, secrets under the vault."""

import json
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from billhead.domain.errors import InvalidInput
from billhead.plugin.settings import fields_of, load_settings
from billhead.plugin_host.current import vault

__all__ = ["SettingsRow", "open_settings", "secrets_set", "store_settings"]

T = TypeVar("T")


class SettingsRow(Protocol):
    """A Panel, GatewayAccount or PluginState."""

    settings: dict[str, Any]
    secrets: str


def open_settings(settings_type: type[T], row: SettingsRow) -> T:
    """The settings object with its secrets in clear. Raises InvalidInput naming a setting that is wrong."""
    return load_settings(settings_type, {**row.settings, **_secrets(row)})


def secrets_set(row: SettingsRow) -> frozenset[str]:
    """Which secrets have a value, for a form that never shows one."""
    return frozenset(name for name, value in _secrets(row).items() if value)


def store_settings(settings_type: type, row: SettingsRow, values: Mapping[str, Any]) -> None:
    """Check the values and write them to the row. A secret that is not among them keeps the value that it has.

    Raises InvalidInput naming a setting that is wrong, as is a secret that was copied with something more.
    """
    names = {f.name for f, _ in fields_of(settings_type) if f.metadata.get("secret")}
    values = {name: _as_copied(name, value) if name in names else value for name, value in values.items()}
    kept = {name: value for name, value in _secrets(row).items() if name in names}
    load_settings(settings_type, {**kept, **values})
    secrets = {**kept, **{name: value for name, value in values.items() if name in names}}
    row.settings = {name: value for name, value in values.items() if name not in names}
    row.secrets = vault().encrypt(json.dumps({n: v for n, v in secrets.items() if v})) if any(secrets.values()) else ""


def _as_copied(name: str, secret: Any) -> Any:
    """Without the blanks around it. A key has plain characters only, as headers do; a password that people chose may
    have others, but none that nobody sees: those come along from the page or the mail that it was copied from."""
    if not isinstance(secret, str):
        return secret
    secret = secret.strip()
    if not secret.isprintable():
        raise InvalidInput(name, "has a character that can't be seen; type it, or copy it from its source anew")
    if not secret.isascii() and "pass" not in name:
        raise InvalidInput(name, "has a character that no key has, such as an accented or a non-Latin letter")
    return secret


def _secrets(row: SettingsRow) -> dict[str, str]:
    stored: dict[str, str] = json.loads(vault().decrypt(row.secrets) or "{}")
    return stored
