"""What a plan lets its customers do, in a catalogue file; what it leaves out stays as it was entered."""

from __future__ import annotations

from typing import Any

from billhead.actions.catalogue._customers_say import CHANGES, WAYS, HoldRules, checked_hold
from billhead.actions.importing._toml import Table
from billhead.actions.payments._policy import OPEN_INVOICES
from billhead.actions.subscriptions.cancel import MONEY
from billhead.domain.errors import InvalidInput

__all__ = ["read_customers_say"]


def read_customers_say(table: Table) -> dict[str, Any]:
    """`hold` (a table, or false), what a cancellation does with money, and `changes`, as a plan's details have them."""
    told: dict[str, Any] = {}
    if table.has("hold"):
        told["hold"] = None if table.value("hold") is False else _hold(table)
    if table.has("cancel_money"):
        told["cancel_money"] = table.one_of("cancel_money", MONEY)
    if table.has("cancel_day_counts"):
        told["cancel_day_counts"] = table.flag("cancel_day_counts")
    if table.has("open_invoices"):
        told["open_invoices"] = table.one_of("open_invoices", OPEN_INVOICES)
    if table.has("changes"):
        told["changes"] = "" if table.value("changes") == "" else table.one_of("changes", CHANGES)
    return told


def _hold(table: Table) -> dict[str, Any] | None:
    row = table.child("hold")
    most = row.whole("max_days", minimum=1) if row.has("max_days") else None
    rules = HoldRules(row.whole("min_days", 1, minimum=1), most, row.one_of("way", WAYS, ""))
    row.finish()
    try:
        return checked_hold(rules)
    except InvalidInput as refused:
        if rules.way in ("", *WAYS):  # a wrong way was named already
            table.problems.add_refused(row.place, refused)
        return None
