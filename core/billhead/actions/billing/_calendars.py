"""How the cycles of subscriptions were counted before their anchors moved: read for many, written where one moves."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billhead.bulk import among
from billhead.domain.calendar import Calendar, Former
from billhead.domain.periods import Term
from billhead.models.subscriptions import FormerCalendar, Subscription

__all__ = [
    "calendar_of",
    "calendars_told",
    "forget_calendar",
    "move_anchor",
    "put_calendars",
    "put_off_anchors",
    "read_formers",
]

_NONE = timedelta(0)


def read_formers(session: Session, subscriptions: Collection[int]) -> dict[int, tuple[Former, ...]]:
    """Of those whose anchor has ever moved, in one query."""
    one = FormerCalendar
    rows = session.connection().execute(
        select(one.subscription_id, one.until, one.anchor, one.term, one.longer_from)
        .where(among(one.subscription_id, subscriptions, session))
        .order_by(one.subscription_id, one.until, one.id)
    )
    found: dict[int, list[Former]] = defaultdict(list)
    for subscription_id, until, anchor, term, longer_from in rows:
        found[subscription_id].append(Former(until, anchor, Term.parse(term), longer_from))
    return {key: tuple(formers) for key, formers in found.items()}


def calendar_of(session: Session, subscription: Subscription) -> Calendar:
    """How the cycles of one subscription are counted, and were before."""
    session.flush()
    before = read_formers(session, [subscription.id]).get(subscription.id, ())
    return Calendar(subscription.anchor, Term.parse(subscription.term), before)


def move_anchor(
    session: Session,
    subscription: Subscription,
    anchor: date,
    until: date,
    *,
    term: str = "",
    longer_from: date | None = None,
) -> None:
    """From `until` on cycles are counted from another anchor (or in another term); until then as they were.

    `longer_from`: the days from then on were added to what ran. What never began to be counted leaves nothing behind.
    """
    rows = _rows(session, subscription)
    last = rows[-1] if rows else None
    if last is not None and last.until == longer_from:
        last.until, last.longer_from = until, last.longer_from or longer_from
    else:
        for row in rows:
            row.until = min(row.until, until)
        if last is None or last.until < until:
            told = {"anchor": subscription.anchor, "term": subscription.term, "longer_from": longer_from}
            session.add(FormerCalendar(subscription_id=subscription.id, until=until, **told))
    subscription.anchor, subscription.term = anchor, term or subscription.term
    session.flush()


def put_off_anchors(session: Session, subscription: Subscription, end: date, by: timedelta) -> None:
    """Days that were added before `end` are so many more, or fewer: what is counted from then on is counted from there.

    Where none are left of them, nothing has moved.
    """
    rows, counts_from = _rows(session, subscription), subscription.anchor
    for row in rows:
        row.anchor += by if row.anchor >= end else _NONE
        row.until += by if row.until >= end else _NONE
        if row.longer_from is not None and row.longer_from >= end:
            row.longer_from += by
    subscription.anchor = counts_from + by if counts_from >= end else counts_from
    last = rows[-1] if rows else None
    if last is not None and last.until == last.longer_from:
        if last.term == subscription.term and subscription.anchor == last.until:
            subscription.anchor = last.anchor
        session.delete(last)
    session.flush()


def forget_calendar(session: Session, subscription: Subscription, until: date, anchor: date, term: str) -> None:
    """What was to be left on that day goes on: as if it had not been asked for."""
    for row in _rows(session, subscription):
        if (row.until, row.anchor, row.term, row.longer_from) == (until, anchor, term, None):
            session.delete(row)
    session.flush()


def calendars_told(session: Session, subscription: Subscription) -> list[dict[str, Any]]:
    """As they can be kept in JSON, for `put_calendars`."""
    return [
        {
            "until": row.until.isoformat(),
            "anchor": row.anchor.isoformat(),
            "term": row.term,
            "longer_from": row.longer_from.isoformat() if row.longer_from else None,
        }
        for row in _rows(session, subscription)
    ]


def put_calendars(session: Session, subscription: Subscription, told: list[dict[str, Any]]) -> None:
    """Let it have again what it had."""
    session.execute(delete(FormerCalendar).where(FormerCalendar.subscription_id == subscription.id))
    for one in told:
        days = {name: date.fromisoformat(one[name]) for name in ("until", "anchor", "longer_from") if one[name]}
        session.add(FormerCalendar(subscription_id=subscription.id, term=one["term"], **days))
    session.flush()


def _rows(session: Session, subscription: Subscription) -> list[FormerCalendar]:
    session.flush()
    one = FormerCalendar
    query = select(one).where(one.subscription_id == subscription.id).order_by(one.until, one.id)
    return list(session.scalars(query))
