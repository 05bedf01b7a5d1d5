"""The PluginHost: core's side of the four hook shapes, each with its own way to fail.

*offer*: one object is picked by its code; a missing one is NotFound and says what to do. *observe*: one delivery at a
time, its failure is raised to the job that retries it. *contribute*: a batch, halved until the failing draft stands
alone. *guard*: the first no counts, and a guard that fails says no.
"""

import logging
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint
from typing import Any

from billhead.db import Tx
from billhead.domain.errors import Conflict, NotAllowed, NotFound, PluginFailed
from billhead.plugin import (
    Denied,
    DraftView,
    Event,
    ExtraLine,
    FraudCheck,
    InvoiceRule,
    NotificationChannel,
    PaymentGateway,
    PeriodicJob,
    ProvisioningModule,
    TaxEngine,
    TaxIdChecker,
    Theme,
)
from billhead.plugin.hookspecs import SHAPES
from billhead.plugin_host.activation import Activation, set_active
from billhead.plugin_host.contributing import apply_rules
from billhead.plugin_host.discovery import Plugin, code_of, discover
from billhead.plugin_host.themes import lineage, with_inherited

__all__ = ["PluginHost"]

log = logging.getLogger("billhead.plugins")

_NOUNS = {
    "provisioning_modules": "provisioning module",
    "payment_gateways": "payment gateway",
    "tax_engines": "tax engine",
    "notification_channels": "notification channel",
    "reports": "report",
    "themes": "theme",
}


class PluginHost:
    """The plugins of one application."""

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self.activation = Activation()

    @classmethod
    def load(cls, points: Iterable[EntryPoint] | None = None) -> "PluginHost":
        """Discover and load what is installed; broken plugins are logged and kept for `plugins doctor`."""
        host = cls(discover(points))
        for plugin in host.broken():
            log.error("plugin %s is broken: %s (%s)", plugin.name, plugin.broken, plugin.mend)
        return host

    # -- what is there ------------------------------------------------------------------------------------------------

    def all(self) -> list[Plugin]:
        """Every installed plugin in loading order, broken ones included."""
        return list(self._plugins.values())

    def broken(self) -> list[Plugin]:
        return [plugin for plugin in self._plugins.values() if plugin.broken]

    def get(self, name: str) -> Plugin:
        if name not in self._plugins:
            there = ", ".join(self._plugins) or "none"
            raise NotFound("plugin", name, hint=f"installed are: {there}")
        return self._plugins[name]

    def refuse(self, name: str, why: str, mend: str) -> None:
        """Mark a plugin broken after loading, when mounting it showed what is wrong."""
        log.error("plugin %s is broken: %s (%s)", name, why, mend)
        self._plugins[name] = self._plugins[name].refused(why, mend)

    def active(self) -> list[Plugin]:
        """Loaded and switched on, with everything that they require."""
        off = self.activation.off()
        on: dict[str, Plugin] = {}
        for plugin in self._plugins.values():
            if not plugin.broken and plugin.name not in off and all(name in on for name in plugin.requires):
                on[plugin.name] = plugin
        return list(on.values())

    def active_names(self) -> list[str]:
        return [plugin.name for plugin in self.active()]

    # -- switching ----------------------------------------------------------------------------------------------------

    def enable(self, tx: Tx, name: str) -> None:
        """Switch a plugin on, in the caller's transaction."""
        plugin = self._may_switch(tx, name)
        if plugin.broken:
            raise Conflict(f"the plugin {name} is broken: {plugin.broken}", hint=plugin.mend)
        off = [needed for needed in plugin.requires if needed in self.activation.off()]
        if off:
            raise Conflict(f"{name} requires {off[0]}, which is switched off", hint=f"enable {off[0]} first")
        self._switch(tx, name, True)

    def disable(self, tx: Tx, name: str) -> None:
        """Switch a plugin off: none of its hooks is called any more. What it stored stays."""
        self._may_switch(tx, name)
        users = [plugin.name for plugin in self.active() if name in plugin.requires]
        if users:
            raise Conflict(f"{users[0]} requires {name}", hint=f"disable {users[0]} first")
        self._switch(tx, name, False)

    def _may_switch(self, tx: Tx, name: str) -> Plugin:
        if not tx.ctx.may("plugins.write"):
            raise NotAllowed(f"{tx.ctx.actor} may not switch plugins: it needs plugins.write")
        return self.get(name)

    def _switch(self, tx: Tx, name: str, active: bool) -> None:
        set_active(tx, name, active)
        tx.after_commit(self.activation.forget)

    # -- offer --------------------------------------------------------------------------------------------------------

    def offers(self, hook: str) -> list[tuple[str, Any]]:
        """(plugin name, object) of an offer or contribute hook, of the active plugins, ordered by plugin."""
        return [(plugin.name, thing) for plugin in self.active() for thing in plugin.offers.get(hook, ())]

    def module(self, code: str) -> ProvisioningModule:
        return self._offered("provisioning_modules", code)[1]

    def gateway(self, code: str) -> PaymentGateway:
        return self._offered("payment_gateways", code)[1]

    def tax_engine(self, code: str) -> TaxEngine:
        return self._offered("tax_engines", code)[1]

    def tax_id_checkers(self) -> list[tuple[str, TaxIdChecker]]:
        """(plugin name, checker), by the checkers' codes."""
        return sorted(self.offers("tax_id_checkers"), key=lambda offered: code_of(offered[1]))

    def fraud_checks(self) -> list[tuple[str, FraudCheck]]:
        """(plugin name, check), by the checks' codes."""
        return sorted(self.offers("fraud_checks"), key=lambda offered: (code_of(offered[1]), offered[0]))

    def channel(self, code: str) -> NotificationChannel:
        return self._offered("notification_channels", code)[1]

    def channel_plugin(self, code: str) -> Plugin:
        """The plugin that offers a channel: its settings are the channel's."""
        return self.get(self._offered("notification_channels", code)[0])

    def theme(self, code: str) -> Theme:
        """With the tokens that it inherits."""
        return with_inherited(self.theme_line(code))

    def theme_line(self, code: str) -> list[Theme]:
        """The theme, its parent, and so on. Raises NotFound for a theme that is not offered."""
        self._offered("themes", code)
        return lineage({theme.code: theme for _, theme in self.offers("themes")}, code)

    def periodic_jobs(self) -> list[tuple[str, PeriodicJob]]:
        return self.offers("periodic_jobs")

    def _offered(self, hook: str, code: str) -> tuple[str, Any]:
        for plugin in self.active():
            for thing in plugin.offers.get(hook, ()):
                if code_of(thing) == code:
                    return plugin.name, thing
        raise NotFound(_NOUNS[hook], code, hint=self._why_missing(hook, code))

    def _why_missing(self, hook: str, code: str) -> str:
        for plugin in self._plugins.values():
            if any(code_of(thing) == code for thing in plugin.offers.get(hook, ())):
                return f"the plugin {plugin.name} offers it but is switched off: billhead plugins enable {plugin.name}"
        there = ", ".join(sorted(code_of(thing) for _, thing in self.offers(hook))) or "none"
        broken = f"; broken plugins: {', '.join(p.name for p in self.broken())}" if self.broken() else ""
        return f"there are: {there}{broken}. See billhead plugins doctor"

    # -- observe ------------------------------------------------------------------------------------------------------

    def observers(self) -> list[str]:
        """The active plugins that want events; a delivery row is written for each."""
        return [plugin.name for plugin in self.active() if "on_event" in plugin.hooks]

    def deliver(self, plugin_name: str, event: Event) -> None:
        """Hand one event to one plugin, with no session open. Raises PluginFailed, for the job to retry or park."""
        if plugin_name not in self.observers():
            raise PluginFailed(plugin_name, "it is not active or observes nothing", hint="see billhead plugins doctor")
        try:
            _call(self.get(plugin_name), "on_event", event=event)
        except Exception as error:
            raise PluginFailed(plugin_name, f"on_event({event.type}): {type(error).__name__}: {error}") from error

    # -- contribute ---------------------------------------------------------------------------------------------------

    def invoice_rules(self) -> list[tuple[str, InvoiceRule]]:
        """(plugin name, rule) in the order in which they are applied."""
        return sorted(self.offers("invoice_rules"), key=lambda pair: (pair[1].code, pair[0]))

    def extra_lines(self, drafts: Sequence[DraftView]) -> list[list[tuple[str, ExtraLine]] | PluginFailed]:
        """Per draft: ("plugin.rule", line) pairs, or the failure that aborts this draft and no other."""
        return apply_rules(self.invoice_rules(), drafts)

    # -- guard --------------------------------------------------------------------------------------------------------

    def guard(self, hook: str, **facts: Any) -> Denied | None:
        """The first no of the active plugins, or None. A guard that fails refuses, and its plugin is named."""
        if SHAPES.get(hook) != "guard":
            raise ValueError(f"{hook} is not a guard; guards are {[n for n, s in SHAPES.items() if s == 'guard']}")
        for plugin in self.active():
            if hook not in plugin.hooks:
                continue
            try:
                verdict = _call(plugin, hook, **facts)
                if verdict is not None and not isinstance(verdict, Denied):
                    raise TypeError(f"it returned {verdict!r} instead of Denied or None")
            except Exception:
                log.exception("plugin %s failed in %s", plugin.name, hook)
                return Denied(f"This could not be checked: the plugin {plugin.name} failed. Please try again later.")
            if verdict is not None:
                return verdict
        return None


def _call(plugin: Plugin, hook: str, **given: Any) -> Any:
    """Call a plugin's implementation with the arguments that it asks for."""
    implementation = plugin.hooks[hook]
    return implementation.function(*(given[name] for name in implementation.argnames))
