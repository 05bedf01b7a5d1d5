"""What was watched, as panels told it: how far each was read, the viewings, titles, and lines that look shared."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["BouquetItem", "ContentTitle", "LiveSighting", "SharingCase", "Viewing", "ViewingCursor", "ViewingRule"]


class ViewingCursor(Model):
    """What ended on a panel before `read_to` (business clock) was read. `error` says why it goes no further now."""

    __tablename__ = "viewing_cursor"

    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), primary_key=True, autoincrement=False)
    read_to: Mapped[datetime]
    looked_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(default="")
    contents_at: Mapped[datetime | None]  # when the bouquets' contents were asked for last


class Viewing(Model):
    """One finished session. Its key is why it is kept once, however often a panel tells it. No foreign keys: many come
    in at once, and whose they are was looked up.

    `service_id` is 0 while nobody of ours is known by `ref`, `login` or `remote_id`. `began`, `ended` are seconds since
    1970 UTC, `day` is `began` in whole days. `ip` is emptied when the operator's time for addresses is over. `counted`:
    it stands for a view that was told to the usage engine.
    """

    __tablename__ = "viewing"
    __table_args__ = (
        Index("ix_viewing_service", "service_id", "began"),
        Index("ix_viewing_day", "day"),
        {"sqlite_with_rowid": False},
    )

    panel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    viewing_id: Mapped[str] = mapped_column(primary_key=True)
    service_id: Mapped[int]
    day: Mapped[int]
    began: Mapped[int]
    ended: Mapped[int]
    kind: Mapped[str]  # live | catchup | film | episode | radio
    item: Mapped[str]
    ref: Mapped[str]
    login: Mapped[str]
    remote_id: Mapped[str] = mapped_column(default="", server_default="")
    ip: Mapped[str]
    country: Mapped[str]
    device: Mapped[str]
    counted: Mapped[int] = mapped_column(default=0)


class LiveSighting(Model):
    """A session that somebody was seen at, before the panel has told it as a viewing, if it ever does. `began`, `seen`
    are seconds since 1970 UTC: where the panel does not say since when, from the first time that it was seen."""

    __tablename__ = "live_sighting"
    __table_args__ = (Index("ix_live_sighting_seen", "seen"),)

    service_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    session: Mapped[str] = mapped_column(primary_key=True)
    panel_id: Mapped[int]
    item: Mapped[str]
    began: Mapped[int]
    seen: Mapped[int]
    ip: Mapped[str]
    country: Mapped[str]


class ContentTitle(Model):
    """What a panel calls what it shows: the name that it told last."""

    __tablename__ = "content_title"
    __table_args__ = {"sqlite_with_rowid": False}

    panel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]


class BouquetItem(Model):
    """What a bouquet holds on a panel, as it told last. A bouquet without any row is not known; of one that is, the row
    of the item "" says so, also where it is empty."""

    __tablename__ = "bouquet_item"
    __table_args__ = {"sqlite_with_rowid": False}

    panel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bouquet_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    item: Mapped[str] = mapped_column(primary_key=True)


class ViewingRule(Model):
    """How a seller turns viewings of a kind into a metric: so many hours or minutes, or one view."""

    __tablename__ = "viewing_rule"
    __table_args__ = (UniqueConstraint("seller_id", "kind", "metric"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    kind: Mapped[str]
    metric: Mapped[str]  # the code of a usage metric
    measure: Mapped[str]  # hours | minutes | views
    least_seconds: Mapped[int] = mapped_column(default=60)  # what is shorter is zapping
    gap_minutes: Mapped[int] = mapped_column(default=240)  # of views: sessions so close are one
    items: Mapped[list[Any]] = mapped_column(JSON, default=list)  # the panel's ids; none: all


class SharingCase(Model):
    """A line that looks as if several households watched it. One a line while it is open."""

    __tablename__ = "sharing_case"
    __table_args__ = (Index("ix_sharing_case_service", "service_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    state: Mapped[str] = mapped_column(default="open")  # open | ignored | warned | limited | kicked | blocked
    score: Mapped[int]
    reasons: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what was over, and by how much
    found_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(default="")
