"""Reads an operator's catalogue file into values, or refuses it with every mistake in it.

The format is explained on top of examples/northcable/catalog.toml. Nothing is written anywhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from billhead.actions.importing._catalog import (
    Bouquet,
    Catalog,
    Dunning,
    Panel,
    Policy,
    Seller,
    Setting,
    TaxRegistration,
    Tier,
    TierChange,
)
from billhead.actions.importing._offerings import Offerings, check_zone, checked_country
from billhead.actions.importing._regions import read_regions
from billhead.actions.importing._toml import Problems, Table
from billhead.domain.dunning import LONGEST_LEAD_DAYS, Stage, StageAction
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, EXPONENTS
from billhead.domain.proration import ProrationMode
from billhead.domain.tax import TaxRounding

__all__ = ["Catalog", "read_catalog"]

FORMAT = 1


def read_catalog(
    path: Path, panel_settings: Mapping[str, Mapping[str, Setting]] | None = None, *, sent: bytes | None = None
) -> Catalog:
    """The catalogue in the file, or in what was `sent` under its name. `panel_settings` (panel code → settings)
    replaces single settings of its panels, so that addresses and secrets need not stand in the file."""
    if sent is not None:
        return _read(_load(sent, path.name), path.name, panel_settings or {})
    try:
        data = path.read_bytes()
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
        raise InvalidInput(str(path), why, code="invalid_catalog", hint="Give the path of a catalogue file.") from error
    return _read(_load(data, str(path)), path.name, panel_settings or {})


def _read(content: dict[str, Any], name: str, panel_settings: Mapping[str, Mapping[str, Setting]]) -> Catalog:
    problems = Problems(name)
    root = Table(content, "", problems)
    if root.whole("format") != FORMAT:
        root.wrong("format", "is of another version", f"Write format = {FORMAT}.")
    seller = _seller(root.child("seller"))
    panels = _panels(root, panel_settings)
    bouquets = {code: _bouquet(code, table, panels) for code, table in root.coded("bouquets")}
    tiers = _tiers(root.child("tiers"))
    tax_classes = _names(root.child("tax_classes"))
    sold = Offerings(root, seller.currencies, tax_classes, panels, bouquets, tiers)
    catalog = Catalog(
        seller=seller,
        policy=_policy(root.child("policy")),
        dunning=_dunning(root.child("dunning")),
        tax_classes=tax_classes,
        panels=panels,
        bouquets=bouquets,
        tiers=tiers,
        changes=tuple(_change(row, tiers) for row in root.rows("changes", [])),
        plans=sold.plans,
        offers=sold.offers,
        addons=sold.addons,
        events=sold.events,
        devices=sold.devices,
        fees=sold.fees,
        reseller_plans=sold.reseller_plans,
        credit_packages=sold.credit_packages,
        resellers=sold.resellers,
        metrics=sold.metrics,
        usage=sold.usage,
        rentals=sold.rentals,
    )
    root.finish()
    problems.refuse()
    return catalog


def _load(data: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except RecursionError:  # lists in lists in lists
        why, hint = "is nested too deeply", "Begin with a catalogue that is known to work."
    except UnicodeDecodeError as error:
        why, hint = f"is not UTF-8 (byte {error.start})", "Save the file as UTF-8."
    except tomllib.TOMLDecodeError as error:
        why, hint = f"is not TOML: {error}", "Correct that line; texts and amounts stand in quotes."
    raise InvalidInput(name, why, code="invalid_catalog", hint=hint)


def _seller(table: Table) -> Seller:
    currencies = tuple(table.items("currencies", str, 'Write a list, like ["EUR", "USD"].'))
    for currency in currencies:
        if currency not in EXPONENTS or currency == CREDITS:
            table.wrong("currencies", f"{currency!r} is not a currency", "Use ISO 4217 codes, like EUR.")
    seller = Seller(
        code=table.text("code"),
        name=table.text("name"),
        legal_name=table.text("legal_name"),
        address=_names(table.child("address")),
        country=checked_country(table),
        vat_id=table.text("vat_id", ""),
        email=table.text("email"),
        zone=table.text("zone"),
        # A currency that does not exist must not reach the prices: it is reported once, here.
        currencies=tuple(currency for currency in currencies if currency in EXPONENTS),
        base_currency=table.one_of("base_currency", currencies),
        language=table.text("language", "en"),
        prices_include_tax=table.flag("prices_include_tax"),
        tax_engine=table.text("tax_engine", ""),
        tax_rounding=table.one_of("tax_rounding", list(TaxRounding), ""),
        tax_registrations=tuple(_registration(row) for row in table.rows("tax_registrations", [])),
        theme=table.text("theme", "lounge"),
    )
    check_zone(table, seller.zone)
    table.finish()
    return seller


def _registration(row: Table) -> TaxRegistration:
    registration = TaxRegistration(row.text("jurisdiction"), row.text("scheme", "domestic"), row.text("number"))
    row.finish()
    return registration


def _names(table: Table) -> dict[str, str]:
    """A table of texts whose keys are free."""
    return {key: table.text(key) for key in table.names()}


def _policy(table: Table) -> Policy:
    policy = Policy(
        proration=table.one_of("proration", list(ProrationMode)),
        renew_from=table.one_of("renew_from", ("expiry", "now", "later")),
        lead_days=table.whole("lead_days"),
        grace_hours=table.whole("grace_hours"),
        invoice_due_days=table.whole("invoice_due_days"),
    )
    table.finish()
    return policy


def _dunning(table: Table) -> Dunning:
    retry_days = table.items("retry_days", int, "Write a list of whole numbers, like [1, 3, 5].")
    stages = [_stage(row) for row in table.rows("stages")]
    for key, days in (("retry_days", retry_days), ("stages", [stage.after_days for stage in stages])):
        if any(later <= earlier for earlier, later in pairwise(days)):
            table.wrong(key, f"the days {days} do not rise", "Order them from the first to the last, each later.")
    table.finish()
    return Dunning(tuple(retry_days), tuple(stages))


def _stage(row: Table) -> Stage:
    days = row.whole("after_days", minimum=-LONGEST_LEAD_DAYS)
    action = row.one_of("action", [action.value for action in StageAction])
    connections = row.whole("connections", 1)
    row.finish()
    if action in list(StageAction):
        try:
            return Stage(days, StageAction(action), connections=connections)
        except InvalidInput as refused:
            row.wrong("after_days", refused.why, "Only a reminder can go out before the due date.")
    return Stage(0, StageAction.REMIND)  # in the place of one that was refused


def _panels(root: Table, replaced: Mapping[str, Mapping[str, Setting]]) -> dict[str, Panel]:
    panels = {code: _panel(code, table, replaced.get(code, {})) for code, table in root.coded("panels")}
    for code in replaced:
        if code not in panels:
            root.wrong(f"panels.{code}", "has settings but is not in the file", f"Add a table [panels.{code}].")
    return panels


def _panel(code: str, table: Table, replaced: Mapping[str, Setting]) -> Panel:
    settings = table.child("settings", {})
    values: dict[str, Setting] = {}
    for key in settings.names():
        value = settings.value(key)
        if not isinstance(value, str | int | bool):
            settings.wrong(key, f"{value!r} does not fit", "Write a text, a whole number, true or false.")
        values[key] = value
    panel = Panel(code, table.text("name"), table.text("module"), {**values, **replaced})
    table.finish()
    return panel


def _bouquet(code: str, table: Table, panels: Mapping[str, Panel]) -> Bouquet:
    names = table.child("on")
    there: dict[str, str] = {}
    for panel in names.names():
        name = names.value(panel)
        if panel not in panels:
            names.wrong(panel, "is not a panel", f"Add [panels.{panel}] or correct the name.")
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            names.wrong(panel, f"{name!r} does not fit", "Write the id or external id that the panel uses.")
        there[panel] = str(name)
    bouquet = Bouquet(code, table.text("name"), there, read_regions(table))
    table.finish()
    return bouquet


def _tiers(table: Table) -> dict[str, Tier]:
    return {code: Tier(code, table.text(code), rank) for rank, code in enumerate(table.names())}


def _change(row: Table, tiers: Mapping[str, Tier]) -> TierChange:
    change = TierChange(row.one_of("from", tiers), row.one_of("to", tiers), row.one_of("when", ("now", "end_of_term")))
    if change.source == change.target:
        row.wrong("to", "is the tier that it starts from", "Name another tier.")
    row.finish()
    return change
