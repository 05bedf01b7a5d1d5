"""Who was seen watching: kept for a while, so that a line shows to be shared before its sessions have ended."""

from collections.abc import Iterable

from sqlalchemy import select

from billhead import clock
from billhead.actions.usage._lines import epoch
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.sharing import Session
from billhead.models.viewings import LiveSighting
from billhead.plugin import LiveSession

__all__ = ["SIGHTING_DAYS", "keep_sightings", "sessions_seen"]

SIGHTING_DAYS = 8
"""No window of sharing is longer than a week."""

_LONGEST_ID = 80


def keep_sightings(tx: Tx, panel_id: int, service_id: int, sessions: Iterable[LiveSession]) -> None:
    """Seen now; one that was seen before goes on."""
    now = epoch(clock.business_now())
    for one in sessions:
        key = one.id[:_LONGEST_ID]
        row = tx.session.get(LiveSighting, (service_id, key))
        if row is None:
            since = epoch(one.since) if one.since is not None else now
            row = LiveSighting(service_id=service_id, session=key, panel_id=panel_id, began=min(since, now))
            tx.session.add(row)
        row.item, row.seen, row.ip, row.country = one.item[:_LONGEST_ID], now, one.ip, one.country
        tx.session.flush()


def sessions_seen(tx: Tx, services: list[int], since: int, told: dict[int, list[Session]]) -> dict[int, list[Session]]:
    """Of each line, less those that its panel has told as viewings by now: a session counts once."""
    found: dict[int, list[Session]] = {}
    rows = select(LiveSighting).where(among(LiveSighting.service_id, services, tx.session), LiveSighting.seen >= since)
    for row in tx.session.scalars(rows):
        one = Session(row.began, max(row.seen, row.began + 1), row.ip, row.country)
        if not any(_is_same(one, viewing) for viewing in told.get(row.service_id, ())):
            found.setdefault(row.service_id, []).append(one)
    return found


def _is_same(one: Session, viewing: Session) -> bool:
    return one.ip == viewing.ip and viewing.began <= one.ended and one.began <= viewing.ended
