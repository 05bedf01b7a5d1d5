"""What a reseller can buy on the panel: packages with their price, length and bouquets."""

from collections.abc import Mapping
from typing import Any

from billhead.plugin import Package
from billhead_xtream.accounts import id_list, text
from billhead_xtream.client import number
from billhead_xtream.credits import price_in

_UNITS = {"hour": None, "day": "day", "week": "week", "month": "month", "year": "year"}


def package_in(row: Mapping[str, Any]) -> Package | None:
    """None for a package whose length or price can't be understood: it is not offered, and neither is such a trial."""
    term, cost = _term(row, "official"), price_in(row.get("official_credits"))
    if not term or cost is None:
        return None
    trial, trial_cost = _term(row, "trial"), price_in(row.get("trial_credits"))
    if not number(row.get("is_trial")) or trial_cost is None:
        trial = ""
    return Package(
        name=text(row, "package_name"),
        term=term,
        cost_minor=cost,
        trial_term=trial,
        trial_cost_minor=trial_cost or 0 if trial else 0,
        bouquets=frozenset(map(str, id_list(row, "bouquets"))),
    )


def _term(row: Mapping[str, Any], which: str) -> str:
    count = number(row.get(f"{which}_duration")) or 0
    unit = text(row, f"{which}_duration_in").lower().removesuffix("s")
    if count < 1 or unit not in _UNITS:
        return ""
    if unit == "hour":
        count, unit = -(-count // 24), "day"  # a term counts whole days
    return f"{count} {unit}{'' if count == 1 else 's'}"
