"""What was used in many windows at once: one statement for each way of counting that occurs among them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from billhead.actions.usage._lines import DAY
from billhead.actions.usage._shapes import NOTHING, Totals, Window
from billhead.bulk import Bulk
from billhead.domain.usage import Aggregation, Pricing
from billhead.domain.usage_charge import event_fee

__all__ = ["read_totals"]


_VALUES = {
    "sum": "sum(e.quantity)",
    "max": "max(e.quantity)",
    "unique": "count(DISTINCT CASE WHEN e.quantity > 0 THEN e.item END)",
    # A fee may be a fraction of a cent in millionths: its whole and its rest are summed apart, so neither overflows.
    "fees": "sum({fee} / w.per), sum({fee} % w.per)",
}
_FEE = {
    "sqlite": "max(0, min(1, e.quantity)) * min(max(e.quantity * w.times + w.fee, w.least), w.most)",
    "postgresql": "least(1, e.quantity) * least(greatest(e.quantity * w.times + w.fee, w.least), w.most)",
}
_COLUMNS = ("n", "subscription_id", "metric_id", "from_at", "to_at", "first_day", "last_day", "times", "fee", "least",
            "most", "per")  # fmt: skip


def read_totals(session: Session, windows: Sequence[Window]) -> list[Totals]:
    """The totals of each window, in order. A window with no event has NOTHING."""
    found = [NOTHING] * len(windows)
    kinds: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for n, window in enumerate(windows):
        kinds[_kind(window)].append(n)
    if kinds:
        reader = _Reader(session, windows)
        for (kind, by_line), numbers in kinds.items():
            reader.read(kind, by_line, numbers, found)
    return found


def _kind(window: Window) -> tuple[str, bool]:
    metered = window.metered
    if metered.terms.pricing is Pricing.PERCENTAGE:
        return "fees", False
    aggregation = Aggregation.SUM.value if metered.aggregation == Aggregation.COUNT else metered.aggregation
    return aggregation, not metered.terms.shared


class _Reader:
    """SQLite joins a temporary table in its order, PostgreSQL arrays; both go through the key, day by day."""

    def __init__(self, session: Session, windows: Sequence[Window]) -> None:
        self._connection: Connection = session.connection()
        self._bulk = Bulk(session)
        self._windows = windows
        self._dialect = self._connection.dialect.name

    def read(self, kind: str, by_line: bool, numbers: Sequence[int], found: list[Totals]) -> None:
        value = _VALUES[kind].format(fee=_FEE[self._dialect])
        lines = ", e.service_id" if by_line else ""
        rows = [_row(n, self._windows[n]) for n in numbers]
        query = f"SELECT w.n, count(*), {value} FROM {{source}} GROUP BY w.n{lines}"  # noqa: S608 code, never input
        select = self._sqlite if self._dialect == "sqlite" else self._postgresql
        for row in select(query, rows):
            n, events, *sums = tuple(row)
            if kind == "fees":
                per = rows[0][11] if len(rows) == 1 else _row(n, self._windows[n])[11]
                found[n] = Totals(events, (0,), int(sums[0]) * per + int(sums[1]))
            elif by_line and found[n] is not NOTHING:
                found[n] = Totals(found[n].events + events, (*found[n].used, int(sums[0])))
            else:
                found[n] = Totals(events, (int(sums[0]),))

    def _sqlite(self, query: str, rows: Sequence[tuple[int, ...]]) -> Iterable[Row[Any]]:
        columns = ", ".join(["n INTEGER PRIMARY KEY", *(f"{name} INTEGER" for name in _COLUMNS[1:])])
        for statement in (
            f"CREATE TEMP TABLE IF NOT EXISTS usage_window ({columns})",
            "CREATE TEMP TABLE IF NOT EXISTS usage_day (day INTEGER PRIMARY KEY)",
            "DELETE FROM temp.usage_window",
            "DELETE FROM temp.usage_day",
        ):
            self._connection.exec_driver_sql(statement)
        self._bulk.insert("temp.usage_window", _COLUMNS, rows)
        days = range(min(row[5] for row in rows), max(row[6] for row in rows) + 1)
        self._bulk.insert("temp.usage_day", ("day",), [(day,) for day in days])
        source = (
            "temp.usage_window w CROSS JOIN temp.usage_day d CROSS JOIN usage_event e "
            "WHERE d.day BETWEEN w.first_day AND w.last_day "
            "AND e.day = d.day AND e.subscription_id = w.subscription_id AND e.metric_id = w.metric_id "
            "AND e.at >= w.from_at AND e.at < w.to_at"
        )
        return self._connection.exec_driver_sql(query.format(source=source))

    def _postgresql(self, query: str, rows: Sequence[tuple[int, ...]]) -> Iterable[Row[Any]]:
        # It takes a window's days for a thousand and would rather read the whole table for every chunk.
        for name in ("hashjoin", "mergejoin", "seqscan"):
            self._connection.exec_driver_sql(f"SET LOCAL enable_{name} = off")
        arrays = ", ".join(f"CAST(:{name} AS bigint[])" for name in _COLUMNS)
        source = (
            f"unnest({arrays}) AS w ({', '.join(_COLUMNS)}) "
            "CROSS JOIN LATERAL generate_series(w.first_day, w.last_day) AS d (day) "
            "JOIN usage_event e ON e.day = d.day AND e.subscription_id = w.subscription_id "
            "AND e.metric_id = w.metric_id AND e.at >= w.from_at AND e.at < w.to_at"
        )
        values = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
        found = self._connection.execute(text(query.format(source=source)), values).all()
        for name in ("hashjoin", "mergejoin", "seqscan"):
            self._connection.exec_driver_sql(f"SET LOCAL enable_{name} = on")
        return found


def _row(n: int, window: Window) -> tuple[int, ...]:
    metered = window.metered
    fee = (0, 0, 0, 0, 1)
    if metered.terms.pricing is Pricing.PERCENTAGE:
        fee = event_fee(metered.terms, metered.decimals)
    first, last = window.from_at // DAY, (window.to_at - 1) // DAY
    return n, window.subscription_id, metered.metric_id, window.from_at, window.to_at, first, last, *fee
