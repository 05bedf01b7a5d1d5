"""From viewings to metered use, by the seller's rules: hours and minutes each, and views that several sessions make.

An event's id is made of the viewing's, so that whatever is told again is counted once. Which sessions are one view does
not depend on the order in which a panel tells them: what a late one joins is made one, and the rest are taken out.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from sqlalchemy import Row, select, tuple_, update
from sqlalchemy.orm import Session

from billhead.actions.usage._lines import EPOCH, SECOND
from billhead.actions.usage.correct_event import correct_event
from billhead.actions.usage.record_events import record_events
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.subscriptions import Service, Subscription
from billhead.models.usage import UsageMetric
from billhead.models.viewings import Viewing, ViewingRule
from billhead.plugin import UsageReading

__all__ = ["Kept", "rate"]

_SPAN = 2 * 86_400  # how far around new sessions others are looked for first that make one view with them
_WIDENINGS = 8  # each looks twice as far as the one before: beyond what is kept of viewings
_SITTING = 86_400  # no session is longer
_SECONDS = {"hours": 3600, "minutes": 60}
_LONGEST = 64


class Kept(NamedTuple):
    """A viewing of a line of ours, as `rate` wants it. Seconds since 1970 UTC."""

    panel_id: int
    viewing_id: str
    service_id: int
    kind: str
    item: str
    began: int
    ended: int


class _Rule(NamedTuple):
    kind: str
    metric: str
    measure: str
    least: int
    gap: int
    items: frozenset[str]
    decimals: int

    def takes(self, one: Any) -> bool:
        long_enough = one.ended - one.began >= self.least
        return one.kind == self.kind and long_enough and (not self.items or one.item in self.items)


def rate(tx: Tx, viewings: Sequence[Kept]) -> None:
    """Tell the usage engine of new viewings, all of one panel. A bounded number of queries, but one for each view.

    A view is counted when a session of it is new: what was read before its rule was saved stays uncounted.
    """
    if not viewings:
        return
    sellers = _sellers(tx.session, {one.service_id for one in viewings})
    rules = _rules(tx.session, set(sellers.values()))
    readings: list[UsageReading] = []
    views: dict[_Rule, set[tuple[int, str]]] = defaultdict(set)
    for one in viewings:
        for rule in rules.get(sellers.get(one.service_id, 0), ()):
            if not rule.takes(one):
                continue
            if rule.measure == "views":
                views[rule].add((one.service_id, one.item))
            else:
                readings += _lasting(one, rule)
    panel_id, fresh = viewings[0].panel_id, {one.viewing_id for one in viewings}
    around = min(one.began for one in viewings) - _SPAN, max(one.ended for one in viewings) + _SPAN
    for rule, watched in views.items():
        for run in _whole_runs(tx.session, panel_id, rule, watched, fresh, around):
            readings += _view(tx, rule, run)
    if readings:
        record_events(tx, f"panel:{panel_id}", readings)


def _sellers(session: Session, services: set[int]) -> dict[int, int]:
    rows = session.execute(
        select(Service.id, Subscription.seller_id)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .where(among(Service.id, sorted(services), session))
    )
    return dict(rows.all())


def _rules(session: Session, sellers: set[int]) -> dict[int, list[_Rule]]:
    same = (UsageMetric.seller_id == ViewingRule.seller_id) & (UsageMetric.code == ViewingRule.metric)
    rows = session.execute(
        select(ViewingRule, UsageMetric.decimals)
        .outerjoin(UsageMetric, same)
        .where(ViewingRule.seller_id.in_(sellers))
        .order_by(ViewingRule.id)
    )
    found: dict[int, list[_Rule]] = defaultdict(list)
    for row, decimals in rows:
        items = frozenset(map(str, row.items))
        rule = _Rule(row.kind, row.metric, row.measure, row.least_seconds, row.gap_minutes * 60, items, decimals or 0)
        found[row.seller_id].append(rule)
    return found


def _lasting(one: Kept, rule: _Rule) -> Iterator[UsageReading]:
    """At the moment when it began: a session over midnight belongs to the day on which somebody sat down."""
    unit = Decimal(one.ended - one.began) / _SECONDS[rule.measure]
    quantity = unit.quantize(Decimal(1).scaleb(-rule.decimals), ROUND_HALF_UP)
    if quantity:
        yield _reading(one, rule, quantity)


def _reading(one: Any, rule: _Rule, quantity: Decimal | int) -> UsageReading:
    return UsageReading(
        _event_id(one.viewing_id), f"service:{one.service_id}", rule.metric, quantity, EPOCH + one.began * SECOND,
        f"{one.kind}:{one.item}",
    )  # fmt: skip


def _event_id(viewing_id: str) -> str:
    return viewing_id if len(viewing_id) <= _LONGEST else hashlib.sha256(viewing_id.encode()).hexdigest()


def _view(tx: Tx, rule: _Rule, run: list[Row[Any]]) -> Iterator[UsageReading]:
    """One event for a run of sessions: the earliest one that was told already stands for it, or its first."""
    standing = [row for row in run if row.counted]
    if not standing:
        _mark(tx, run[0], 1)
        yield _reading(run[0], rule, 1)
    for row in standing[1:]:
        _mark(tx, row, 0)
        with suppress(NotFound):  # it was refused: there is nothing to take out
            one = _reading(row, rule, 1)
            correct_event(tx, f"panel:{row.panel_id}", one.id, one.whose, rule.metric, EPOCH + row.began * SECOND, 0)


def _whole_runs(
    session: Session,
    panel_id: int,
    rule: _Rule,
    watched: set[tuple[int, str]],
    fresh: set[str],
    around: tuple[int, int],
) -> Iterator[list[Row[Any]]]:
    """The runs with a new session: no two neighbours are further apart than the rule's gap.

    One that may go on beyond the time looked at is looked for again in a wider one.
    """
    (since, until), span = around, _SPAN
    for last in (*(False,) * _WIDENINGS, True):
        rows = _sessions(session, panel_id, rule, watched, since, until)
        new = [run for run in _runs(rows, rule.gap) if any(row.viewing_id in fresh for row in run)]
        watched = set() if last else {_pair(run[0]) for run in new if _goes_on(run, rule.gap, since, until)}
        yield from (run for run in new if _pair(run[0]) not in watched)
        if not watched:
            return
        span *= 2
        since, until = since - span, until + span


def _sessions(
    session: Session, panel_id: int, rule: _Rule, watched: set[tuple[int, str]], since: int, until: int
) -> Sequence[Any]:
    pairs = tuple_(Viewing.service_id, Viewing.item).in_(sorted(watched))
    columns = (
        Viewing.panel_id, Viewing.viewing_id, Viewing.service_id, Viewing.kind, Viewing.item, Viewing.began,
        Viewing.ended, Viewing.counted,
    )  # fmt: skip
    rows: Sequence[Any] = session.execute(
        select(*columns)
        .where(Viewing.panel_id == panel_id, Viewing.kind == rule.kind, pairs)
        .where(Viewing.began >= since, Viewing.began <= until)
        .order_by(Viewing.service_id, Viewing.item, Viewing.began, Viewing.viewing_id)
    ).all()
    return [row for row in rows if rule.takes(row)]


def _goes_on(run: list[Row[Any]], gap: int, since: int, until: int) -> bool:
    began: int = run[0].began
    ended: int = max(row.ended for row in run)
    return began - gap - _SITTING < since or ended + gap > until


def _pair(row: Row[Any]) -> tuple[int, str]:
    return row.service_id, row.item


def _runs(rows: Iterable[Row[Any]], gap: int) -> Iterator[list[Row[Any]]]:
    run: list[Row[Any]] = []
    ends = 0
    for row in rows:
        same = run and _pair(row) == _pair(run[0])
        if run and not (same and row.began <= ends + gap):
            yield run
            run = []
        ends = max(ends, row.ended) if run else row.ended
        run.append(row)
    if run:
        yield run


def _mark(tx: Tx, row: Row[Any], counted: int) -> None:
    one = Viewing.panel_id == row.panel_id, Viewing.viewing_id == row.viewing_id
    tx.session.execute(update(Viewing).where(*one).values(counted=counted))
