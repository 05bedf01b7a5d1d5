"""Find the installed plugins and load each in isolation: what one of them does wrong is its own problem only."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from billhead.plugin.hookspecs import SHAPES
from billhead.plugin_host.checks import (
    Refused,
    checked_api,
    checked_name,
    checked_returns,
    checked_settings,
    declared_hooks,
)

__all__ = ["GROUP", "Plugin", "code_of", "discover"]

GROUP = "billhead.plugins"
_RETURN_OBJECTS = frozenset(name for name, shape in SHAPES.items() if shape in ("offer", "contribute"))


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin, loaded or broken. `offers` holds what its offer and contribute hooks returned, by hook."""

    name: str
    distribution: str = ""
    version: str = ""
    module: Any = None
    requires: tuple[str, ...] = ()
    hooks: dict[str, Any] = field(default_factory=dict)
    offers: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    broken: str = ""
    mend: str = ""

    def refused(self, why: str, mend: str) -> "Plugin":
        return replace(self, hooks={}, offers={}, broken=why, mend=mend)

    @property
    def settings_type(self) -> type | None:
        """Its `Settings` dataclass, or that of the one channel that it offers."""
        channels = self.offers.get("notification_channels", ())
        own = getattr(self.module, "Settings", None)
        return own or (channels[0].settings_type if channels else None)


def discover(points: Iterable[EntryPoint] | None = None) -> list[Plugin]:
    """Every installed plugin, ordered by name but after what it requires; broken ones carry the reason."""
    found = entry_points(group=GROUP) if points is None else points
    plugins: dict[str, Plugin] = {}
    for point in sorted(found, key=lambda point: point.name):
        if point.name in plugins:
            first = plugins[point.name]
            why = f"{first.distribution} and {_distribution(point)[0]} both install a plugin called {point.name}"
            plugins[point.name] = first.refused(why, "uninstall one of the two distributions")
        else:
            plugins[point.name] = _load(point)
    return _each_code_once(_after_what_they_require(plugins))


def _distribution(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else ("", "")


def _load(point: EntryPoint) -> Plugin:
    name, version = _distribution(point)
    plugin = Plugin(point.name, name, version)
    try:
        checked_name(point.name)
        module = _imported(point)
        checked_api(module)
        hooks = declared_hooks(module)
        requires = tuple(getattr(module, "REQUIRES", ()))
        plugin = replace(plugin, module=module, hooks=hooks, requires=requires)
        offers = {hook: checked_returns(hook, call) for hook, call in hooks.items() if hook in _RETURN_OBJECTS}
        checked_settings(module, offers.get("notification_channels", ()))
        return replace(plugin, offers=offers)
    except Refused as refusal:
        return plugin.refused(refusal.why, refusal.mend)


def _imported(point: EntryPoint) -> Any:
    try:
        return point.load()
    except (Exception, SystemExit) as error:
        mend = "reinstall it with its dependencies, or report this to its author"
        raise Refused(f"importing {point.value} failed: {type(error).__name__}: {error}", mend) from error


def _after_what_they_require(plugins: dict[str, Plugin]) -> list[Plugin]:
    placed: dict[str, Plugin] = {}
    waiting = dict(plugins)
    while waiting:
        ready = [p for p in waiting.values() if p.broken or all(name in placed for name in p.requires)]
        if not ready:
            ready = [_without_its_needs(p, plugins) for p in waiting.values()]
        for plugin in ready:
            del waiting[plugin.name]
            lame = [name for name in plugin.requires if name in placed and placed[name].broken]
            if lame and not plugin.broken:
                plugin = plugin.refused(f"it requires the plugin {lame[0]}, which is broken", f"mend {lame[0]} first")
            placed[plugin.name] = plugin
    return list(placed.values())


def _without_its_needs(plugin: Plugin, installed: dict[str, Plugin]) -> Plugin:
    missing = [name for name in plugin.requires if name not in installed]
    if missing:
        return plugin.refused(f"it requires the plugin {missing[0]}, which is not installed", f"install {missing[0]}")
    why = f"it requires {', '.join(plugin.requires)}, and what it requires can't load without it"
    return plugin.refused(why, "break the circle of REQUIRES, or install what is missing further on")


def _each_code_once(plugins: list[Plugin]) -> list[Plugin]:
    owner: dict[tuple[str, str], str] = {}
    kept = []
    for plugin in plugins:
        codes = [(hook, code_of(thing)) for hook, things in plugin.offers.items() for thing in things]
        taken = [key for key in codes if key in owner or codes.count(key) > 1]
        if taken:
            hook, code = taken[0]
            other = owner.get((hook, code), plugin.name)
            why = f"its {hook}() offers the code {code!r}, which {other} offers already"
            plugin = plugin.refused(why, f"uninstall {other} or {plugin.name}, or give one of the two another code")
        else:
            owner.update(dict.fromkeys(codes, plugin.name))
        kept.append(plugin)
    return kept


def code_of(thing: Any) -> str:
    """The code of an offered object: blueprints and commands have a `name` instead."""
    return str(getattr(thing, "code", None) or getattr(thing, "name", ""))
