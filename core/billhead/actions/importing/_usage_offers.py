"""The part of a catalogue that is counted: metrics, and what their use costs in each currency."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from billhead.actions.importing._catalog import Metric, UsageOffer
from billhead.actions.importing._toml import Table
from billhead.domain.errors import InvalidInput
from billhead.domain.usage import MOST_DECIMALS, Aggregation, Pricing, UsageTerms, terms_from

__all__ = ["read_metrics", "read_usage_offers"]

_SHARED_BY_ALL = ("pricing", "per", "percent", "included", "shared")
_MONEY = ("event_fee", "event_min", "event_max", "minimum", "cap")


def read_metrics(root: Table) -> dict[str, Metric]:
    return {code: _metric(code, table) for code, table in root.coded("metrics")}


def _metric(code: str, table: Table) -> Metric:
    metric = Metric(
        code,
        table.text("name"),
        table.text("unit", ""),
        table.one_of("counts", list(Aggregation)),
        table.whole("decimals", 0),
    )
    if metric.decimals > MOST_DECIMALS:
        table.wrong("decimals", f"{metric.decimals} is too fine", f"Write up to {MOST_DECIMALS}.")
    if metric.decimals and metric.aggregation in (Aggregation.COUNT, Aggregation.UNIQUE):
        table.wrong("decimals", "events are counted whole", "Leave it out.")
    table.finish()
    return metric


def read_usage_offers(root: Table, metrics: Mapping[str, Metric], currencies: Collection[str]) -> dict[str, UsageOffer]:
    return {code: _offer(code, table, metrics, currencies) for code, table in root.coded("usage")}


def _offer(code: str, table: Table, metrics: Mapping[str, Metric], currencies: Collection[str]) -> UsageOffer:
    metric = table.one_of("metric", metrics)
    pricing = table.one_of("pricing", list(Pricing))
    common: dict[str, Any] = {name: table.value(name) for name in _SHARED_BY_ALL if table.has(name)}
    terms: dict[str, UsageTerms] = {}
    free = pricing == Pricing.ALLOWANCE
    prices = table.child("prices", {} if free else None)
    for currency in currencies if free else prices.names():
        if currency not in currencies:
            prices.wrong(currency, "is not a currency of the seller", f"Use {', '.join(currencies)}.")
            continue
        own = {} if free else _own(prices.child(currency), table)
        try:
            terms[currency] = terms_from({**common, **own, "currency": currency})
        except InvalidInput as error:
            table.problems.add_refused(table.at(f"prices.{currency}"), error)
    table.finish()
    return UsageOffer(code, metric, terms)


def _own(table: Table, offer: Table) -> dict[str, Any]:
    """The amounts of one currency: `unit`, or `tiers`, and what bounds them."""
    own: dict[str, Any] = {name: table.value(name) for name in _MONEY if table.has(name)}
    if table.has("tiers"):
        rows = table.rows("tiers")
        own["tiers"] = [{name: row.value(name) for name in row.names()} for row in rows]
        for row in rows:
            for name in row.names():
                if name not in ("up_to", "unit", "flat"):
                    row.wrong(name, "is not a known key", "Use up_to, unit and flat.")
    elif table.has("unit"):
        own["tiers"] = [{"unit": table.value("unit")}]
    table.finish()
    return own
