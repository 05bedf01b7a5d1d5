"""Whom events are about: lines found by any of the names that a source may know them by, many at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from billhead.bulk import Bulk, among
from billhead.domain.periods import start_of_day
from billhead.domain.usage import LARGEST_QUANTITY, Aggregation
from billhead.domain.whole_number import whole_number
from billhead.models.subscriptions import Service, Subscription
from billhead.models.usage import UsageMeter, UsageMetric, UsageSource

__all__ = ["DAY", "EPOCH", "SECOND", "Line", "LineBook", "Metric", "Untaken", "epoch", "start_of"]

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
_FOREVER = 2**62


class Line(NamedTuple):
    """Events from `starts` to `ends` (seconds since 1970) belong to it. `service_id` is 0 where only the subscription
    was named."""

    subscription_id: int
    service_id: int
    seller_id: int
    starts: int
    ends: int


class Metric(NamedTuple):
    """`step` steps are a unit, and `most` units are the most that an event can have. `each`: events count one each."""

    id: int
    code: str
    aggregation: str
    decimals: int
    step: int
    most: int
    each: bool

    @classmethod
    def of(cls, row: UsageMetric) -> "Metric":
        step = int(10**row.decimals)
        each = row.aggregation in (Aggregation.COUNT, Aggregation.UNIQUE)
        return cls(row.id, row.code, row.aggregation, row.decimals, step, LARGEST_QUANTITY // step, each)


def epoch(at: datetime) -> int:
    """Whole seconds since 1970."""
    return (at - EPOCH) // SECOND


@lru_cache(maxsize=65536)
def start_of(day: date, zone: str) -> int:
    """The instant at which a day begins there."""
    return epoch(start_of_day(day, zone))


class Untaken(Exception):
    """An event that can't be taken, with the code of the reason."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


_Known = tuple[int, int, int, int, int, bool, int, int, int, bool]


class _Counted(dict[str, _Known]):
    """By whose an event of one metric is: subscription, line, from and to when, metric, whether it counts different
    items, decimals, step, most, each. A plain tuple, for it is looked at once for each event.

    Raises Untaken for whom nobody knows, and where the seller has no such metric.
    """

    def __init__(self, book: "LineBook", code: str) -> None:
        self._book, self._code = book, code

    def __missing__(self, whose: str) -> _Known:
        line = self._book.lines[whose]
        if line is None:
            raise Untaken("unknown_subscription", f"nobody, or more than one, is known as {whose}")
        metric = self._book.metrics[line.seller_id].get(self._code)
        if metric is None:
            raise Untaken("unknown_metric", f"the seller counts no {self._code!r}")
        span = line.subscription_id, line.service_id, line.starts, line.ends
        different = metric.aggregation == Aggregation.UNIQUE
        self[whose] = found = (*span, metric.id, different, metric.decimals, metric.step, metric.most, metric.each)
        self._book.counted[self._code] = self  # only now: a file may be full of codes that nobody has
        return found


class _Codes(dict[str, _Counted]):
    """By the codes that events name."""

    def __init__(self, book: "LineBook") -> None:
        self._book = book

    def __missing__(self, code: str) -> _Counted:
        return _Counted(self._book, code)


class LineBook:
    """What was looked up so far, for the length of a file. None: nobody, or several, are known by that name."""

    def __init__(self) -> None:
        self.lines: dict[str, Line | None] = {}
        self.metrics: dict[int, dict[str, Metric]] = {}
        self.counted = _Codes(self)
        self._sources: dict[str, int] = {}

    def need(self, session: Session, wanted: Iterable[str]) -> None:
        """Look up what is missing: one query for each kind of name."""
        missing = set(wanted) - self.lines.keys()
        if not missing:
            return
        by_kind: dict[str, dict[str, str]] = defaultdict(dict)
        for whose in missing:
            kind, _, name = whose.partition(":")
            by_kind[kind][name] = whose
        self.lines.update(dict.fromkeys(missing))
        for kind, names in by_kind.items():
            query = _query(kind, list(names), session)
            if query is not None:
                found = _told_apart(session.connection().execute(query))
                self.lines.update((names[name], line) for name, line in found.items())
        new = {line for whose in missing if (line := self.lines[whose]) is not None}
        self._open_meters(session, new)
        self._need_metrics(session, {line.seller_id for line in new})

    def _need_metrics(self, session: Session, sellers: set[int]) -> None:
        missing = sellers - self.metrics.keys()
        if missing:
            self.metrics.update((seller_id, {}) for seller_id in missing)
            for row in session.scalars(select(UsageMetric).where(UsageMetric.seller_id.in_(missing))):
                self.metrics[row.seller_id][row.code] = Metric.of(row)

    def _open_meters(self, session: Session, lines: Collection[Line]) -> None:
        """Whoever has events has a meter; the run sets the days right when it looks at it."""
        ids = {line.subscription_id: line for line in lines}
        query = select(UsageMeter.subscription_id).where(among(UsageMeter.subscription_id, ids, session))
        new = sorted(ids.keys() - set(session.scalars(query)))
        started = {
            key: (day, zone)
            for key, day, zone in session.execute(
                select(Subscription.id, Subscription.started_on, Subscription.zone).where(
                    among(Subscription.id, new, session)
                )
            )
        }
        rows = [
            (key, day.isoformat(), start_of(day, zone), day.isoformat(), 0, 0) for key, (day, zone) in started.items()
        ]
        columns = ("subscription_id", "through", "billed_to", "due_on", "stamp", "watched")
        Bulk(session).insert_new("usage_meter", columns, sorted(rows))

    def source(self, session: Session, code: str) -> int:
        """The source's number; a new one is written down."""
        if code not in self._sources:
            Bulk(session).insert_new("usage_source", ("code",), [(code,)])
            found = session.scalar(select(UsageSource.id).where(UsageSource.code == code))
            assert found is not None, "it was written just now, or before"
            self._sources[code] = found
        return self._sources[code]


_FACTS: tuple[Any, ...] = (
    Subscription.id,
    Subscription.seller_id,
    Subscription.started_on,
    Subscription.billing_ends_on,
    Subscription.ended_at,
    Subscription.zone,
)


def _query(kind: str, names: list[str], session: Session) -> Select[Any] | None:
    """(name, service id or 0, whether it is in use, the subscription's facts) of everybody that these may mean."""
    if kind in ("service", "login", "handle"):
        name: Any = {"service": Service.id, "login": Service.login, "handle": Service.handle}[kind]
        columns: tuple[Any, ...] = (name, Service.id, Service.lifecycle, *_FACTS)
        query = select(*columns).join(Subscription, Subscription.id == Service.subscription_id)
    elif kind in ("subscription", "reference"):
        name = Subscription.id if kind == "subscription" else Subscription.external_ref
        query = select(*(name, literal(0), Subscription.state, *_FACTS))
    else:
        return None
    if kind in ("service", "subscription"):
        numbers = [number for one in names if (number := whole_number(one)) is not None]
        return query.where(among(name, numbers, session))
    return query.where(among(name, names, session))


def _told_apart(rows: Iterable[Any]) -> dict[str, Line | None]:
    """One line a name: the one in use, where others of the name are gone; None where several are in use."""
    found: dict[str, list[tuple[bool, Line]]] = defaultdict(list)
    for name, service_id, used, subscription_id, seller_id, starts_on, ends_on, ended_at, zone in rows:
        over = _FOREVER if ends_on is None else start_of(ends_on, zone)
        ends = over if ended_at is None else epoch(ended_at)
        line = Line(subscription_id, service_id, seller_id, start_of(starts_on, zone), ends)
        found[str(name)].append((used != "gone", line))
    return {name: _only(ones) for name, ones in found.items()}


def _only(ones: list[tuple[bool, Line]]) -> Line | None:
    candidates = list(_used(ones)) if len(ones) > 1 else [ones[0][1]]
    return candidates[0] if len(candidates) == 1 else None


def _used(ones: list[tuple[bool, Line]]) -> Iterator[Line]:
    return (line for used, line in ones if used)
