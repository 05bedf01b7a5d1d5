"""What a plugin must be before it is let in, and the plain words for what it is not."""

import inspect
import re
from dataclasses import is_dataclass
from difflib import get_close_matches
from typing import Any

import click
import pluggy
from flask import Blueprint

from billhead.plugin import (
    API_VERSION,
    FraudCheck,
    GatewayCapabilities,
    InvoiceRule,
    NotificationChannel,
    PaymentGateway,
    PeriodicJob,
    ProvisioningModule,
    Report,
    TaxEngine,
    TaxIdChecker,
    Theme,
    hookspecs,
)
from billhead.plugin.hookspecs import PROJECT, SHAPES
from billhead.plugin.settings import fields_of

__all__ = ["Refused", "checked_api", "checked_name", "checked_returns", "checked_settings", "declared_hooks"]

_OFFERED: dict[str, type] = {
    "provisioning_modules": ProvisioningModule,
    "payment_gateways": PaymentGateway,
    "tax_engines": TaxEngine,
    "tax_id_checkers": TaxIdChecker,
    "notification_channels": NotificationChannel,
    "reports": Report,
    "themes": Theme,
    "blueprints": Blueprint,
    "cli_commands": click.Command,
    "periodic_jobs": PeriodicJob,
    "invoice_rules": InvoiceRule,
    "fraud_checks": FraudCheck,
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_AUTHOR = "its author mends this; until then everything else works without it"


class Refused(Exception):
    """This plugin can't be let in: why, and how to mend it."""

    def __init__(self, why: str, mend: str = _AUTHOR) -> None:
        super().__init__(why)
        self.why = why
        self.mend = mend


def checked_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refused(f"{name!r} is not a plugin name", "name the entry point in small letters, digits and _")


def checked_api(module: Any) -> None:
    wanted = getattr(module, "API", None)
    where = getattr(module, "__name__", "its module")
    if wanted is None:
        raise Refused(f"{where} does not say which API it is built for", f"write API = {API_VERSION} in {where}")
    if wanted != API_VERSION:
        newer = isinstance(wanted, int) and wanted > API_VERSION
        mend = "upgrade Billhead" if newer else "install a newer version of the plugin"
        raise Refused(f"it is built for plugin API {wanted}, this Billhead speaks {API_VERSION}", mend)


def declared_hooks(module: Any) -> dict[str, Any]:
    """Hook name → its implementation. Refuses unknown names, unknown arguments, wrappers and forgotten markers."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module)
    except pluggy.PluginValidationError as error:
        raise Refused(_wrong_signature(error)) from error
    hooks = {caller.name: caller.get_hookimpls()[0] for caller in manager.get_hookcallers(module) or ()}
    for name, implementation in hooks.items():
        if name not in SHAPES:
            near = get_close_matches(name, SHAPES, n=1)
            raise Refused(f"there is no hook {name}()" + (f"; is {near[0]}() meant?" if near else ""))
        if implementation.hookwrapper or implementation.wrapper:
            raise Refused(f"{name}() is written as a wrapper, but a plugin answers for itself only")
    for name in SHAPES:
        if name not in hooks and inspect.isfunction(getattr(module, name, None)):
            raise Refused(f"{name}() is not marked, so it would never be called", f"write @hookimpl above {name}()")
    return hooks


def _wrong_signature(error: pluggy.PluginValidationError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "a hook does not have the signature of docs/hooks.md: " + " ".join(lines[1:] or lines)


def checked_returns(hook: str, implementation: Any) -> tuple[Any, ...]:
    """Call an offer or contribute hook and check each object that it returns."""
    try:
        things = tuple(implementation.function())
    except Exception as error:
        raise Refused(f"{hook}() failed: {type(error).__name__}: {error}") from error
    for thing in things:
        _check_offered(hook, thing)
    return things


def _check_offered(hook: str, thing: Any) -> None:
    wanted = _OFFERED[hook]
    shown = type(thing).__name__
    if not isinstance(thing, wanted):
        missing = [name for name in _members(wanted) if not hasattr(thing, name)]
        lacks = f": it lacks {', '.join(missing)}" if missing else ""
        raise Refused(f"{hook}() returned a {shown}, which is no {wanted.__name__}{lacks}")
    code = getattr(thing, "code", None) or getattr(thing, "name", None)
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise Refused(f"{hook}() returned a {shown} whose code {code!r} is not small letters, digits, _ and -")
    if "settings_type" in getattr(wanted, "__annotations__", {}):
        _check_settings(f"{shown}.settings_type", getattr(thing, "settings_type", None))
    if isinstance(thing, PaymentGateway):
        _check_capabilities(thing)


def _check_capabilities(gateway: PaymentGateway) -> None:
    """Pages ask every gateway what it can do, so one that can't say would take them down."""
    where = f"{type(gateway).__name__}.capabilities()"
    try:
        told: object = gateway.capabilities()
    except Exception as error:
        raise Refused(f"{where} failed: {type(error).__name__}: {error}") from error
    if not isinstance(told, GatewayCapabilities):
        raise Refused(f"{where} returned a {type(told).__name__}, which is no GatewayCapabilities")


def _members(protocol: type) -> list[str]:
    methods = [name for name in vars(protocol) if not name.startswith("_")]
    return sorted({*methods, *protocol.__annotations__})


def _check_settings(where: str, settings_type: Any) -> None:
    if not (isinstance(settings_type, type) and is_dataclass(settings_type)):
        raise Refused(f"{where} is not a dataclass of option() and secret() fields")
    for field, kind in fields_of(settings_type):
        if "label" not in field.metadata or kind not in (str, int, bool):
            raise Refused(f"{where}: {field.name} must be a str, int or bool made by option() or secret()")


def checked_settings(module: Any, channels: tuple[Any, ...]) -> None:
    """A plugin has one set of settings: its `Settings`, which its channels share."""
    own = getattr(module, "Settings", None)
    if own is not None:
        _check_settings("Settings", own)
    types = {own, *(channel.settings_type for channel in channels)} - {None}
    if len(types) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in types))
        raise Refused(f"its channels and its Settings differ ({names}), but a plugin has one set of settings")
