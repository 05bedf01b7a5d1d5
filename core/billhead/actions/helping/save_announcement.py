"""News for customers and resellers: made or changed, shown between two moments."""

from dataclasses import dataclass
from datetime import datetime

from billhead.actions.support._writing import checked_text
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.helping import Announcement
from billhead.models.panels import Panel

__all__ = ["READERS", "AnnouncementEntry", "save_announcement"]

READERS = ("everybody", "customers", "resellers")


@dataclass(frozen=True, slots=True)
class AnnouncementEntry:
    """`ends_at` none: until somebody ends it. With a panel only who watches by it sees it, and resellers, who sell on
    any. `readers`: one of READERS; `in_shops`: customers of resellers' shops read it too, where customers do."""

    title: str
    body: str
    starts_at: datetime
    ends_at: datetime | None = None
    panel_id: int | None = None
    urgent: bool = False
    pinned: bool = False
    readers: str = READERS[0]
    in_shops: bool = False


@verb("helping.save_announcement", permission="help.write")
def save_announcement(tx: Tx, seller_id: int, entry: AnnouncementEntry, announcement_id: int | None = None) -> int:
    """Its id. Raises NotFound, or InvalidInput naming the field."""
    row = tx.session.get(Announcement, announcement_id) if announcement_id is not None else None
    if announcement_id is not None and (row is None or row.seller_id != seller_id):
        raise NotFound("announcement", announcement_id)
    row = row or Announcement(seller_id=seller_id)
    row.title, row.body = checked_text("title", entry.title, 150), checked_text("body", entry.body)
    if entry.ends_at is not None and entry.ends_at <= entry.starts_at:
        raise InvalidInput("ends_at", "must be after it begins")
    panel = tx.session.get(Panel, entry.panel_id) if entry.panel_id is not None else None
    if entry.panel_id is not None and (panel is None or panel.seller_id != seller_id):
        raise InvalidInput("panel", "choose one of the list")
    if entry.readers not in READERS:
        raise InvalidInput("readers", "choose one of the list")
    row.readers, row.in_shops = entry.readers, entry.in_shops
    row.starts_at, row.ends_at, row.panel_id = entry.starts_at, entry.ends_at, entry.panel_id
    row.urgent, row.pinned = entry.urgent, entry.pinned
    tx.session.add(row)
    tx.session.flush()
    note(tx, f"announcement:{row.id}", title=row.title)
    return row.id
