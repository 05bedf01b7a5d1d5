"""What modules, gateways and channels are handed: settings in clear, and an HTTP client that is kept between calls."""

import os
import threading
from functools import lru_cache
from typing import Any

from billhead.db import db, reading
from billhead.domain.errors import (
    BillheadError,
    GatewayUnreachable,
    NotFound,
    OutcomeUnknown,
    PanelOutcomeUnknown,
    PanelUnreachable,
    TaxServiceDown,
)
from billhead.models.operations import PluginState
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount
from billhead.plugin import (
    Capabilities,
    ChannelConnection,
    CheckerConnection,
    GatewayCapabilities,
    GatewayConnection,
    HttpClient,
    PanelConnection,
)
from billhead.plugin.http import LARGEST
from billhead.plugin.pacing import Pacer
from billhead.plugin_host.current import config, plugins, vault
from billhead.plugin_host.shared_pacing import turns_of
from billhead.plugin_host.stored_settings import open_settings

__all__ = [
    "capabilities_of",
    "channel_connection",
    "checker_connection",
    "close_connections",
    "gateway_abilities",
    "gateway_connection",
    "panel_connection",
    "plugin_settings",
    "tells_payouts",
]

_DEFAULT_TIMEOUT = 30
_OF_A_GATEWAY = 8 * 2**20  # a reseller may have set the address
_OF_A_CHECKER = 2**20
_kept: list[HttpClient] = []
_pacers: dict[tuple[str, int], Pacer] = {}  # panel and process → what spaces its calls, whichever client makes them
_making = threading.Lock()


def panel_connection(panel: Panel) -> PanelConnection:
    """A panel as its module sees it. Raises NotFound (no such module) or InvalidInput (a setting is missing)."""
    settings: Any = open_settings(plugins().module(panel.module).settings_type, panel)
    pacer = _pacer(panel.code)
    pacer.per_second = panel.calls_per_second or 0  # a row that was never stored has none yet
    shared = panel.id is not None and pacer.per_second
    pacer.reserve = turns_of(db.engine, panel.id, pacer.per_second) if shared else None
    http = _client(f"panel {panel.code}", _timeout(settings), PanelUnreachable, PanelOutcomeUnknown, os.getpid(), pacer)
    return PanelConnection(panel.code, settings, http)


def capabilities_of(panel: Panel) -> Capabilities | None:
    """What a panel can do as it is set up; None while its module is off or its settings do not fit. No network."""
    try:
        return plugins().module(panel.module).capabilities(panel_connection(panel))
    except BillheadError:
        return None


def gateway_abilities(code: str) -> GatewayCapabilities:
    """What a gateway can do; nothing at all while its plugin is switched off."""
    try:
        return plugins().gateway(code).capabilities()
    except NotFound:
        return GatewayCapabilities()


def gateway_connection(account: GatewayAccount) -> GatewayConnection:
    """A gateway account as its gateway sees it; the callback address holds the account's unguessable token."""
    settings: Any = open_settings(plugins().gateway(account.gateway).settings_type, account)
    far = f"gateway {account.code}"
    http = _client(far, _timeout(settings), GatewayUnreachable, OutcomeUnknown, os.getpid(), largest=_OF_A_GATEWAY)
    callback_url = f"{config().base_url}/callbacks/{account.callback_token}"
    proof_key = vault().decrypt(account.proof_key) if account.proof_key else ""
    return GatewayConnection(account.code, settings, http, callback_url, proof_key)


def tells_payouts(account: GatewayAccount) -> bool:
    """Whether its payouts are booked as its callbacks tell; none are while its plugin is off or a setting wrong."""
    try:
        return plugins().gateway(account.gateway).tells_payouts(gateway_connection(account))
    except BillheadError:
        return False


def channel_connection(code: str) -> ChannelConnection:
    """A notification channel with the settings of the plugin that offers it."""
    return ChannelConnection(plugin_settings(plugins().channel_plugin(code).name))


def checker_connection(plugin: str) -> CheckerConnection:
    """What a plugin's checker of tax ids is handed."""
    settings = plugin_settings(plugin)
    far = f"tax id service of {plugin}"
    http = _client(far, _timeout(settings), TaxServiceDown, TaxServiceDown, os.getpid(), largest=_OF_A_CHECKER)
    return CheckerConnection(settings, http)


def plugin_settings(name: str) -> Any:
    """The settings object of a plugin, or None if it has none."""
    settings_type = plugins().get(name).settings_type
    if settings_type is None:
        return None
    with reading() as session:
        row = session.get(PluginState, name) or PluginState(name=name, settings={}, secrets="")
        return open_settings(settings_type, row)


def _pacer(panel_code: str) -> Pacer:
    with _making:  # two threads at once must not get two
        return _pacers.setdefault((panel_code, os.getpid()), Pacer())


def _timeout(settings: Any) -> int:
    return int(getattr(settings, "timeout_seconds", _DEFAULT_TIMEOUT))


def close_connections() -> None:
    """End the connections that are kept alive, when the application stops. The next call opens new ones."""
    while _kept:
        _kept.pop().close()
    _client.cache_clear()


@lru_cache(maxsize=256)
def _client(
    what: str,
    timeout: int,
    unreachable: type[BillheadError],
    unknown: type[BillheadError],
    _process: int,
    pacer: Pacer | None = None,
    largest: int = LARGEST,
) -> HttpClient:
    # One per far side and process: its connections are kept alive, and none is shared across a fork.
    client = HttpClient(
        what, timeout_seconds=timeout, unreachable=unreachable, unknown=unknown, pacer=pacer, largest=largest
    )
    _kept.append(client)
    return client
