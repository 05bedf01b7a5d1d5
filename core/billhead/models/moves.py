"""Moves: lines of one panel that get a place on another, what became of each, and why some stay."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["PanelMove", "PanelMoveLine"]


class PanelMove(Model):
    """`cursor` is the last service that was looked at; `placed_all`: there is none after it. `standing`: every line has
    been moved or stays, and old places stand until their time is over."""

    __tablename__ = "panel_move"
    __table_args__ = (Index("ix_panel_move_state", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    from_panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    to_panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))  # only lines of this plan
    grace_hours: Mapped[int]  # so long an old place stands after its line was moved
    state: Mapped[str] = mapped_column(default="queued")  # queued | running | standing | undoing | done | canceled
    total: Mapped[int]  # lines when it was asked for
    cursor: Mapped[int] = mapped_column(default=0)
    placed_all: Mapped[bool] = mapped_column(default=False)
    asked_by: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class PanelMoveLine(Model):
    """One line of a move. `unit` is the service of the stream line that a box goes with, or of the line itself.

    placing → moved → left, or kept where it is · moved → returning → back. `code` says in a word why it is not moved.
    """

    __tablename__ = "panel_move_line"
    __table_args__ = (
        UniqueConstraint("move_id", "service_id"),
        Index("ix_panel_move_line_state", "move_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    move_id: Mapped[int] = mapped_column(ForeignKey("panel_move.id"))
    unit: Mapped[int]
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)  # the old place
    new_service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"), index=True)
    state: Mapped[str]
    code: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    leaves_at: Mapped[datetime | None]  # business clock: from then on the old place is removed
