"""Rating of events that lie in columns (DuckDB: a table, Parquet, CSV), for who has more than a database should hold.

The amounts are those of `_totals.read_totals` and `rate_usage`: the engine sums, and each different sum is priced once
by the same code. DuckDB is the extra `analytics`.
"""

from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from billhead.actions.usage._shapes import Metered, Window
from billhead.domain.errors import Conflict
from billhead.domain.usage import Aggregation, Pricing
from billhead.domain.usage_charge import charge, event_fee

__all__ = ["ColumnarCharge", "columnar", "rate_columns"]

_VALUES = {
    "sum": "sum(quantity)",
    "max": "max(quantity)",
    "unique": "count(DISTINCT CASE WHEN quantity > 0 THEN item END)",
}

ColumnarCharge = tuple[int, int, int, int, int]
"""(subscription, metric, events, used in steps, amount in minor units as the price book has it)."""


def columnar() -> Any:
    """A DuckDB connection in memory. Raises Conflict where the extra is not installed."""
    try:
        import duckdb
    except ImportError:
        raise Conflict("DuckDB is not installed", hint="pip install 'billhead[analytics]'") from None
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    return connection


def rate_columns(connection: Any, source: str, windows: Sequence[Window]) -> list[ColumnarCharge]:
    """What each window costs. `source` is what stands after FROM: it has the columns subscription_id, metric_id, at,
    quantity and, where they are counted, item and service_id; it is code, never input.

    Windows of the same time and tariff, mostly all, are one pass over the events.
    """
    alike: dict[tuple[int, ...], list[Window]] = defaultdict(list)
    for window in windows:
        alike[id(window.metered), window.allowance, window.from_at, window.to_at, window.days].append(window)
    return [charge for ones in alike.values() for charge in _pass(connection, source, ones)]


_OVER_AND_FEES = itemgetter(3, 4)


def _pass(connection: Any, source: str, windows: Sequence[Window]) -> list[ColumnarCharge]:
    first = windows[0]
    metered, metric_id, share = first.metered, first.metered.metric_id, first.share
    values = [first.allowance, first.from_at, first.to_at, metric_id]
    rows = connection.execute(_sums(source, metered), values).fetchall()
    different = {(0, 0), *map(_OVER_AND_FEES, rows)}
    minor = {key: charge(metered.terms, metered.decimals, key[0], share=share, fees=key[1]).minor for key in different}
    wanted = {window.subscription_id for window in windows}
    idle = wanted.difference(map(itemgetter(0), rows))
    found = [
        (who, metric_id, events, used, minor[over, fees]) for who, events, used, over, fees in rows if who in wanted
    ]
    return found + [(who, metric_id, 0, 0, minor[0, 0]) for who in idle]


def _sums(source: str, metered: Metered) -> str:
    """(subscription, events, used, over the allowance, fees in parts of a minor unit)."""
    read = f'FROM {source} WHERE "at" >= ? AND "at" < ? AND metric_id = ? GROUP BY subscription_id'
    if metered.terms.pricing is Pricing.PERCENTAGE:
        fee = event_fee(metered.terms, metered.decimals)
        one = f"least(1, quantity) * least(greatest(quantity * {fee.times} + {fee.fee}, {fee.least}), {fee.most})"
        return f"SELECT subscription_id, count(*), 0, CAST(0 * ? AS BIGINT), sum(CAST({one} AS HUGEINT)) {read}"
    value = _VALUES["sum" if metered.aggregation == Aggregation.COUNT else str(metered.aggregation)]
    value = f"CAST({value} AS BIGINT)"
    if metered.terms.shared:
        return f"SELECT subscription_id, count(*), {value} AS used, greatest(0, used - CAST(? AS BIGINT)), 0 {read}"
    sums = f"SELECT subscription_id, count(*) AS events, {value} AS used {read}, service_id"
    return (
        f"SELECT subscription_id, CAST(sum(events) AS BIGINT), CAST(sum(used) AS BIGINT), "  # noqa: S608
        f"CAST(sum(greatest(0, used - CAST(? AS BIGINT))) AS BIGINT), 0 FROM ({sums}) GROUP BY subscription_id"
    )
