"""Record what was used: each event once, in bulk. What can't be taken is kept aside with its reason."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.usage._lines import DAY, EPOCH, LineBook, Untaken, epoch
from billhead.actions.usage._source import check_source
from billhead.actions.verb import verb
from billhead.bulk import Bulk, Row, among, collector_at_rest
from billhead.crash import crash_point
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.usage import parse_quantity
from billhead.models.usage import UsageBatch, UsageEvent, UsageMeter
from billhead.plugin import UsageReading

__all__ = ["Became", "LineBook", "Recorded", "record_events"]

_AHEAD = timedelta(minutes=5)  # how far a panel's clock may be ahead of ours
_LONGEST_ID = 64
_LONGEST_ITEM = 200
_LONGEST_PROPERTIES = 2000
_EVENT = (
    "day", "subscription_id", "metric_id", "at", "source_id", "event_id", "service_id", "quantity", "item",
    "properties",
)  # fmt: skip
_WHOSE = itemgetter(UsageReading._fields.index("whose"))
_SUBSCRIPTION, _AT = itemgetter(_EVENT.index("subscription_id")), itemgetter(_EVENT.index("at"))
_KEY = itemgetter(*(_EVENT.index(column.name) for column in UsageEvent.__table__.primary_key))
_REJECT = ("source_id", "batch_id", "event_id", "told", "reason", "message", "raw", "rejected_at")


Became = tuple[str, str, str]
"""(accepted | duplicate | rejected, the code of the reason, the reason): the last two of what was rejected."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """`duplicates` were there before; `late` are for days that are billed already and go on the next invoice. `each`:
    what became of each event, in their order, where that was asked for."""

    batch_id: int
    accepted: int
    duplicates: int
    rejected: int
    late: int
    each: list[Became] = field(default_factory=list)


class _Refused(NamedTuple):
    place: int
    reading: UsageReading
    reason: str
    message: str


class _Sorted(NamedTuple):
    good: list[Row]
    refused: list[_Refused]


@verb("usage.record_events", permission="usage.write")
@collector_at_rest()
def record_events(
    tx: Tx, source: str, readings: Sequence[UsageReading], *, book: LineBook | None = None, each: bool = False
) -> Recorded:
    """Write a batch of some ten thousand events of one source; an event that was told before changes nothing.

    `book` remembers whose they are from batch to batch; `each` is for a thousand at most. Refused one by one, with the
    reason, and kept for another try: whom nobody knows, metrics that the seller has not, quantities below zero, NaN or
    too large, instants in the future or outside of the subscription's time. Raises InvalidInput for a source without a
    name.
    """
    check_source(source)
    session, book = tx.session, book or LineBook()
    session.flush()
    book.need(session, map(_WHOSE, readings))
    source_id = book.source(session, source)
    good, refused = _sorted(readings, book, source_id)
    bulk = Bulk(session)
    touched = sorted(set(map(_SUBSCRIPTION, good)))
    _stamp(session, bulk, touched)
    late = _mark_late(session, good)
    became = _each(session, good, refused) if each else []
    good.sort(key=_SUBSCRIPTION)  # by subscription, as they are clustered: a batch is of a day or two
    accepted = bulk.insert_new("usage_event", _EVENT, good)
    crash_point("usage.recorded")
    counts = {"accepted": accepted, "duplicates": len(good) - accepted, "rejected": len(refused)}
    about = {"source_id": source_id, "actor": tx.ctx.actor, "recorded_at": clock.now()}
    batch_id = session.execute(insert(UsageBatch).values(**about, **counts).returning(UsageBatch.id)).scalar_one()
    bulk.insert_new("usage_reject", _REJECT, _reject_rows(bulk, source_id, batch_id, refused))
    return Recorded(batch_id, late=late, each=became, **counts)


def _sorted(readings: Iterable[UsageReading], book: LineBook, source_id: int) -> _Sorted:
    latest = epoch(clock.business_now() + _AHEAD)
    counted = book.counted
    good: list[Row] = []
    refused: list[_Refused] = []

    def refuse(reading: UsageReading, reason: str, message: str) -> None:
        refused.append(_Refused(len(good) + len(refused), reading, reason, message))

    for reading in readings:
        event_id, whose, code, quantity, told_at, item, properties = reading
        try:
            known = counted[code][whose]
            subscription_id, service_id, starts, ends, metric_id, different, decimals, step, most, each = known
            since = (told_at if type(told_at) is datetime else _instant(told_at)) - EPOCH
            day = since.days
            at = day * DAY + since.seconds  # twice as fast as `epoch`
            if not starts <= at < ends or at > latest:
                _refuse_time(at, starts, latest)
            if type(event_id) is not str or not 0 < len(event_id) <= _LONGEST_ID:
                raise Untaken("id", f"an event needs an id of up to {_LONGEST_ID} characters")
            if each:
                steps = 1
            elif type(quantity) is int and 0 <= quantity <= most:  # mostly
                steps = quantity * step
            else:
                steps = parse_quantity(quantity, decimals)
            if different and not item:
                raise Untaken("item", f"{code} counts different items, and this event names none")
            if len(item) > _LONGEST_ITEM:
                raise Untaken("item", f"it is longer than {_LONGEST_ITEM} characters")
            more = None if properties is None else _properties(properties)
        except Untaken as why:
            refuse(reading, why.reason, str(why))
        except TypeError:  # an instant without an offset can't be told from one with
            refuse(reading, "at", f"{told_at} is no instant with an offset from UTC")
        except InvalidInput as why:
            refuse(reading, why.field or "event", why.message)
        else:
            row = day, subscription_id, metric_id, at, source_id, event_id, service_id, steps, item, more
            good.append(row)
    return _Sorted(good, refused)


def _instant(at: datetime | str) -> datetime:
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError:
            raise Untaken("at", f"{at!r} is not an instant like 2026-11-28T18:30:00Z") from None
    if at.tzinfo is None:
        raise Untaken("at", f"{at} has no offset from UTC")
    return at


def _refuse_time(at: int, starts: int, latest: int) -> None:
    if at > latest:
        raise Untaken("future", "it is in the future: a clock is wrong")
    if at < starts:
        raise Untaken("before_start", "it is from before the subscription began")
    raise Untaken("after_end", "it is from after the subscription had ended")


def _properties(properties: Any) -> str:
    text = json.dumps(properties, sort_keys=True, default=str)
    if len(text) > _LONGEST_PROPERTIES:
        raise Untaken("properties", f"they are longer than {_LONGEST_PROPERTIES} characters")
    return text


def _stamp(session: Session, bulk: Bulk, subscriptions: Sequence[int]) -> None:
    """From here to the commit nobody bills them; who has read them before finds that they changed."""
    if session.get_bind().dialect.name != "sqlite":  # there this is the only writer
        wanted = among(UsageMeter.subscription_id, subscriptions, session)
        session.execute(select(UsageMeter.stamp).where(wanted).order_by(UsageMeter.subscription_id).with_for_update())
    bulk.move("usage_meter", "stamp = stamp + 1", "subscription_id", subscriptions)


def _mark_late(session: Session, events: Sequence[Row]) -> int:
    """Remember from where on the billed usage of a subscription must be looked at again; returns how many are late."""
    last_billed = session.scalar(select(func.max(UsageMeter.billed_to))) or 0
    if min(map(_AT, events), default=last_billed) >= last_billed:
        return 0
    suspected = [(row[1], row[3]) for row in events if row[3] < last_billed]
    ids = {subscription_id for subscription_id, _ in suspected}
    columns = UsageMeter.subscription_id, UsageMeter.billed_to, UsageMeter.late_at, UsageMeter.due_on
    meters = {
        key: (billed_to, late_at, due_on)
        for key, billed_to, late_at, due_on in session.execute(
            select(*columns).where(among(UsageMeter.subscription_id, ids, session))
        )
    }
    late = [(key, at) for key, at in suspected if at < meters[key][0]]
    earliest: dict[int, int] = {}
    for key, at in late:
        earliest[key] = min(at, earliest.get(key, at))
    tomorrow = (clock.business_now() + timedelta(days=1)).date()
    marks = []
    for key, at in earliest.items():
        _, known, due_on = meters[key]
        marks.append({"key": key, "late_at": at if known is None else min(at, known), "due_on": due_on or tomorrow})
    if marks:
        mark = update(UsageMeter).where(UsageMeter.subscription_id == bindparam("key"))
        session.connection().execute(mark, marks)
    return len(late)


def _each(session: Session, good: Sequence[Row], refused: Iterable[_Refused]) -> list[Became]:
    """Asked once their meters are locked: nobody else writes an event of these subscriptions by now."""
    one, columns = UsageEvent, list(zip(*map(_KEY, good), strict=True))
    known: set[Row] = set()
    if columns:
        days, subscriptions, _, _, _, ids = ({*column} for column in columns)
        wanted = among(one.day, days, session), among(one.subscription_id, subscriptions, session)
        query = select(*one.__table__.primary_key).where(*wanted, among(one.event_id, ids, session))
        known = {tuple(row) for row in session.execute(query)}
    became: list[Became] = []
    for row in good:
        became.append(("duplicate" if _KEY(row) in known else "accepted", "", ""))
        known.add(_KEY(row))
    for one_refused in refused:  # in their order, so that each has its place by then
        became.insert(one_refused.place, ("rejected", one_refused.reason, one_refused.message))
    return became


def _reject_rows(bulk: Bulk, source_id: int, batch_id: int, refused: Iterable[_Refused]) -> list[Row]:
    now, whose = bulk.instant(clock.now()), (source_id, batch_id)
    return [
        (
            *whose, str(reading.id)[:_LONGEST_ID], _told(reading), reason, message,
            json.dumps(reading._asdict(), default=str), now,
        )
        for _, reading, reason, message in refused
    ]  # fmt: skip


def _told(reading: UsageReading) -> str:
    event = json.dumps([reading.id, reading.whose, reading.metric, reading.at], default=str)
    return hashlib.sha256(event.encode()).hexdigest()
