"""Rating of events that lie in columns (DuckDB: a table, Parquet, CSV), for who has more than a database should hold.

The amounts are those of `_totals.read_totals` and `rate_usage`: the engine sums, and each different sum is priced once
by the same code. DuckDB is the extra `analytics`.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from billhead.actions.usage._shapes import Metered, Window
from billhead.domain.errors import Conflict
from billhead.domain.usage import Aggregation, Pricing, charge, event_fee

__all__ = ["ColumnarCharge", "columnar", "rate_columns"]

_VALUES = {
    "sum": "sum(quantity)",
    "max": "max(quantity)",
    "unique": "count(DISTINCT CASE WHEN quantity > 0 THEN item END)",
}


class ColumnarCharge(NamedTuple):
    """`used` in steps, `amount_minor` as the price book has it."""

    subscription_id: int
    metric_id: int
    events: int
    used: int
    amount_minor: int


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
    found: list[ColumnarCharge] = []
    for ones in alike.values():
        found += map(ColumnarCharge._make, _pass(connection, source, ones))
    return found


def _pass(connection: Any, source: str, windows: Sequence[Window]) -> list[tuple[int, int, int, int, int]]:
    first = windows[0]
    metered = first.metered
    members = [window.subscription_id for window in windows]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE rated AS SELECT subscription_id, coalesce(events, 0) AS events, "  # noqa: S608
        f"coalesce(used, 0) AS used, coalesce(over, 0) AS over, coalesce(fees, 0) AS fees "
        f"FROM (SELECT unnest(CAST(? AS BIGINT[])) AS subscription_id) LEFT JOIN ({_sums(source, metered)}) "
        f"USING (subscription_id)",
        [members, first.allowance, first.from_at, first.to_at, metered.metric_id],
    )
    different = connection.execute("SELECT DISTINCT over, fees FROM rated").fetchall()
    minor = [
        charge(metered.terms, metered.decimals, int(over), share=first.share, fees=int(fees)).minor
        for over, fees in different
    ]
    overs, fees = [int(over) for over, _ in different], [str(fees) for _, fees in different]
    rows: list[tuple[int, int, int, int, int]] = connection.execute(
        f"SELECT subscription_id, {metered.metric_id}, events, CAST(used AS BIGINT), minor FROM rated "  # noqa: S608
        "JOIN (SELECT unnest(CAST(? AS BIGINT[])) AS over, CAST(unnest(CAST(? AS VARCHAR[])) AS HUGEINT) AS fees, "
        "unnest(CAST(? AS BIGINT[])) AS minor) USING (over, fees)",
        [overs, fees, minor],
    ).fetchall()
    return rows


def _sums(source: str, metered: Metered) -> str:
    """(subscription, events, used, over the allowance, fees in parts of a minor unit)."""
    read = f'FROM {source} WHERE "at" >= ? AND "at" < ? AND metric_id = ? GROUP BY subscription_id'
    if metered.terms.pricing is Pricing.PERCENTAGE:
        fee = event_fee(metered.terms, metered.decimals)
        one = f"least(1, quantity) * least(greatest(quantity * {fee.times} + {fee.fee}, {fee.least}), {fee.most})"
        fees = f"sum(CAST({one} AS HUGEINT))"
        return f"SELECT subscription_id, count(*) AS events, 0 AS used, 0 * ? AS over, {fees} AS fees {read}"
    value = _VALUES["sum" if metered.aggregation == Aggregation.COUNT else str(metered.aggregation)]
    if metered.terms.shared:
        sums = f"SELECT subscription_id, count(*) AS events, {value} AS used {read}"
        return f"SELECT *, greatest(0, used - CAST(? AS BIGINT)) AS over, 0 AS fees FROM ({sums})"  # noqa: S608
    sums = f"SELECT subscription_id, count(*) AS events, {value} AS used {read}, service_id"
    return (
        f"SELECT subscription_id, sum(events) AS events, sum(used) AS used, "  # noqa: S608
        f"sum(greatest(0, used - CAST(? AS BIGINT))) AS over, 0 AS fees FROM ({sums}) GROUP BY subscription_id"
    )
