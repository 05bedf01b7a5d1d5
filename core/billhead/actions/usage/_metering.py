"""Reading what is due of metered use, for many subscriptions in a few statements: meters, late events, totals."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.billing._calendars import read_formers
from billhead.actions.billing._free_days import not_charged, read_free_days
from billhead.actions.usage._lines import start_of
from billhead.actions.usage._shapes import (
    BilledRow,
    Meter,
    MeteredPart,
    MovedMeter,
    Tariffs,
    Timed,
    UsageDue,
    Window,
)
from billhead.actions.usage._totals import read_totals
from billhead.actions.usage._windows import billed_window, due_windows, whole_in_parts
from billhead.bulk import among
from billhead.domain.errors import InvalidInput
from billhead.models.subscriptions import SubscriptionEvent
from billhead.models.usage import UsageBilled, UsageMeter

__all__ = ["Item", "MeteringCatalogue", "billed_windows", "handed_over", "metered_parts", "read_meters", "read_usage"]


class _Part(Protocol):
    @property
    def component_id(self) -> int | None: ...
    @property
    def plan_id(self) -> int: ...
    @property
    def price_id(self) -> int: ...
    @property
    def quantity(self) -> int: ...
    @property
    def starts_on(self) -> date | None: ...
    @property
    def ends_on(self) -> date | None: ...


class _Plan(Protocol):
    @property
    def proration(self) -> str: ...


class Item(Timed, Protocol):
    """A subscription as the billing run reads it, with its parts."""

    @property
    def collection(self) -> str: ...
    @property
    def started_on(self) -> date: ...
    @property
    def parts(self) -> Sequence[_Part]: ...


class MeteringCatalogue(Tariffs, Protocol):
    @property
    def metered(self) -> set[int]: ...
    def proration_of(self, plan_id: int) -> str: ...


def read_usage(
    session: Session, catalogue: MeteringCatalogue, items: Iterable[Item], *, arrears: bool
) -> dict[int, UsageDue]:
    """What is due, by subscription. In the run's main part (not `arrears`) usage joins the invoices of those that are
    charged by themselves; all others get an invoice for it alone."""
    parts = {}
    wanted = []
    for item in items:
        if (arrears or item.collection == "auto") and (found := metered_parts(item, catalogue)):
            parts[item.subscription_id] = found
            wanted.append(item)
    if not wanted:
        return {}
    meters = read_meters(session, wanted)
    due = [one for one in wanted if _is_due(meters[one.subscription_id], one.target, arrears=arrears)]
    late = _late_windows(session, catalogue, [meters[one.subscription_id] for one in due], parts)
    ids = [one.subscription_id for one in due]
    free, before = read_free_days(session, ids), read_formers(session, ids)
    windows: dict[int, list[Window]] = {}
    moved: dict[int, MovedMeter | InvalidInput] = {}
    for one in due:
        key = one.subscription_id
        try:
            known = not_charged(free.get(key, ())), before.get(key, ())
            ended, moved[key] = due_windows(one, meters[key], parts[key], catalogue, *known)
            windows[key] = [*late.get(key, ()), *ended]
        except InvalidInput as refused:
            moved[key], windows[key] = refused, []
    flat = [window for found in windows.values() for window in found]
    totals = iter(read_totals(session, flat))
    answers: dict[int, UsageDue] = {}
    for key, ones in windows.items():
        meter, then = meters[key], moved[key]
        pairs = tuple((window, next(totals)) for window in ones)
        if isinstance(then, InvalidInput):
            as_it_is = MovedMeter(meter.through, meter.billed_to, meter.due_on)
            answers[key] = UsageDue(meter, as_it_is, (), then)
        else:
            answers[key] = UsageDue(meter, then, pairs)
    return answers


def metered_parts(item: Item, catalogue: MeteringCatalogue) -> list[MeteredPart]:
    return [
        MeteredPart(
            part.component_id or 0,
            part.plan_id,
            part.price_id,
            part.quantity,
            part.starts_on,
            part.ends_on,
            whole_in_parts(catalogue.proration_of(part.plan_id)),
        )
        for part in item.parts
        if part.price_id in catalogue.metered
    ]


def read_meters(session: Session, items: Sequence[Item]) -> dict[int, Meter]:
    """One for each; who has none yet has one that stands at the beginning, with the stamp -1."""
    ids = [item.subscription_id for item in items]
    rows = session.connection().execute(
        select(
            UsageMeter.subscription_id,
            UsageMeter.through,
            UsageMeter.billed_to,
            UsageMeter.due_on,
            UsageMeter.late_at,
            UsageMeter.stamp,
        ).where(among(UsageMeter.subscription_id, ids, session))
    )
    meters = {row[0]: Meter._make(row) for row in rows}
    for item in items:
        if item.subscription_id not in meters:
            begin = start_of(item.started_on, item.zone)
            meters[item.subscription_id] = Meter(
                item.subscription_id, item.started_on, begin, item.started_on, None, -1
            )
    return meters


def _is_due(meter: Meter, target: date, *, arrears: bool) -> bool:
    if meter.due_on is not None and meter.due_on <= target:
        return True
    return meter.late_at is not None and not arrears  # goes along with an invoice that is written anyhow


def _late_windows(
    session: Session, catalogue: Tariffs, meters: Sequence[Meter], parts: dict[int, list[MeteredPart]]
) -> dict[int, list[Window]]:
    """What was billed before, of which something came late; by subscription. Not what had ended before it was handed
    over: who has it now has nothing to do with that."""
    late = {meter.subscription_id: meter.late_at for meter in meters if meter.late_at is not None}
    found: dict[int, list[Window]] = defaultdict(list)
    since = handed_over(session, late) if late else {}
    for window in billed_windows(session, catalogue, late, parts):
        key = window.subscription_id
        if window.to_at > late[key] and window.end > since.get(key, date.min):
            found[key].append(window)
    return found


def handed_over(session: Session, subscriptions: Collection[int]) -> dict[int, date]:
    """Since when it is its customer's, of those that somebody else had before."""
    event = SubscriptionEvent
    query = select(event.subscription_id, func.max(event.effective_on)).where(
        among(event.subscription_id, subscriptions, session), event.kind == "transferred"
    )
    return dict(session.execute(query.group_by(event.subscription_id)).all())


def billed_windows(
    session: Session, catalogue: Tariffs, subscriptions: Collection[int], parts: Mapping[int, Sequence[MeteredPart]]
) -> Iterator[Window]:
    """All that was billed of them, as it would be rated anew; a part or price that is no more is left out."""
    for row in _billed(session, subscriptions) if subscriptions else ():
        part = next((one for one in parts[row.subscription_id] if one.component_id == row.component_id), None)
        if part is not None:
            price_id, metered = catalogue.metered_at(part.price_id, row.period_start)
            same = next((one for one in metered if one.metric_id == row.metric_id), None)
            if same is not None:
                yield billed_window(row, part, same, price_id)


def _billed(session: Session, subscriptions: Iterable[int]) -> list[BilledRow]:
    one = UsageBilled
    whole: tuple[Any, ...] = (
        one.subscription_id, one.component_id, one.metric_id, one.period_start, one.period_end, one.from_at, one.to_at,
        one.days, one.cycle_days, one.allowance,
    )  # fmt: skip
    rows = session.connection().execute(
        select(*whole, func.max(one.revision), func.sum(one.amount_minor))
        .where(among(one.subscription_id, subscriptions, session))
        .group_by(*whole)
        .order_by(one.subscription_id, one.period_start, one.metric_id)
    )
    return [BilledRow._make((*row[:-1], int(row[-1]))) for row in rows]
