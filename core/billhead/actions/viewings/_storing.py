"""A batch of viewings as a panel told them: kept once each, with whose they are, and told to the usage engine."""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.usage._lines import DAY, epoch
from billhead.actions.viewings._rating import Kept, rate
from billhead.actions.viewings._whose import lines_of
from billhead.bulk import Bulk, among
from billhead.crash import crash_point
from billhead.db import Tx
from billhead.models.viewings import ContentTitle
from billhead.models.viewings import Viewing as ViewingRow
from billhead.plugin import Viewing

__all__ = ["Stored", "store"]

log = logging.getLogger(__name__)

_LONGEST_ID = 80
_AHEAD = 300
_COLUMNS = (
    "panel_id", "viewing_id", "service_id", "day", "began", "ended", "kind", "item", "ref", "login", "remote_id",
    "ip", "country", "device", "counted",
)  # fmt: skip


class Stored(NamedTuple):
    """`unknown` of the new ones are of nobody that we know; `odd` could not be kept."""

    new: int
    unknown: int
    odd: int


def store(tx: Tx, panel_id: int, told: Sequence[Viewing]) -> Stored:
    """One transaction: what is told again is the same row, and is not told on."""
    session, now = tx.session, epoch(clock.business_now())
    session.flush()
    sound = {one.id: one for one in told if _is_sound(one, now)}
    column = ViewingRow.viewing_id
    known = select(column).where(ViewingRow.panel_id == panel_id, among(column, list(sound), session))
    there = set(session.scalars(known))
    new = [one for key, one in sound.items() if key not in there]
    whose = dict(zip([one.id for one in new], lines_of(session, panel_id, new), strict=True))
    bulk = Bulk(session)
    bulk.insert_new("viewing", _COLUMNS, [_row(panel_id, one, whose[one.id]) for one in new])
    _name(session, bulk, panel_id, sound.values())
    crash_point("viewings.stored")
    rate(tx, [_kept(panel_id, one, whose[one.id]) for one in new if whose[one.id]])
    return Stored(len(new), sum(not whose[one.id] for one in new), len(told) - len(sound))


def _is_sound(one: Viewing, now: int) -> bool:
    fits = (
        0 < len(one.id) <= _LONGEST_ID
        and one.began_at.tzinfo is not None
        and one.ended_at.tzinfo is not None
        and one.began_at <= one.ended_at
        and epoch(one.ended_at) <= now + _AHEAD
    )
    if not fits:
        log.warning("a panel told a viewing that can't be: %r from %s to %s", one.id[:90], one.began_at, one.ended_at)
    return fits


def _row(panel_id: int, one: Viewing, service_id: int) -> tuple[object, ...]:
    began = epoch(one.began_at)
    return (
        panel_id, one.id, service_id, began // DAY, began, epoch(one.ended_at), one.kind.value, one.item[:120],
        one.ref[:40], one.login[:120], one.remote_id[:80], one.ip[:64], one.country[:2].upper(), one.device[:200], 0,
    )  # fmt: skip


def _kept(panel_id: int, one: Viewing, service_id: int) -> Kept:
    return Kept(panel_id, one.id, service_id, one.kind.value, one.item[:120], epoch(one.began_at), epoch(one.ended_at))


def _name(session: Session, bulk: Bulk, panel_id: int, told: Iterable[Viewing]) -> None:
    """Keep the newest name of each item; two queries however many there are."""
    names = {(one.kind.value, one.item[:120]): one.title[:300] for one in told if one.item and one.title}
    items = {item for _, item in names}
    table = ContentTitle
    rows = session.execute(
        select(table.kind, table.item, table.title).where(
            table.panel_id == panel_id, among(table.item, sorted(items), session)
        )
    )
    there = {(kind, item): title for kind, item, title in rows}
    fresh = [(panel_id, kind, item, title) for (kind, item), title in names.items() if (kind, item) not in there]
    bulk.insert_new("content_title", ("panel_id", "kind", "item", "title"), fresh)
    changed = [key for key, title in names.items() if key in there and there[key] != title]
    if changed:
        query = select(table).where(table.panel_id == panel_id, tuple_(table.kind, table.item).in_(changed))
        for row in session.scalars(query):
            row.title = names[row.kind, row.item]
