"""Bulk actions: one decision about many subscriptions, its progress, and what became of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["BulkAction", "BulkItem"]


class BulkAction(Model):
    """`wish`: what is done, by kind: {"days": 2}, or the words of a message. `chosen`: how the list was filtered."""

    __tablename__ = "bulk_action"
    __table_args__ = (Index("ix_bulk_action_state", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    kind: Mapped[str]  # extend | message | suspend | restore | cancel
    wish: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    chosen: Mapped[str] = mapped_column(default="")
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")  # queued | running | done | canceled | undoing | undone
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    undone: Mapped[int] = mapped_column(default=0)
    asked_by: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class BulkItem(Model):
    """`before`: what taking it back needs; `said`: why it was left out, or what was done."""

    __tablename__ = "bulk_item"
    __table_args__ = (
        UniqueConstraint("bulk_id", "subscription_id"),
        Index("ix_bulk_item_state", "bulk_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk_action.id"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), index=True)
    state: Mapped[str] = mapped_column(default="waiting")  # waiting | done | failed | undone | stays
    said: Mapped[str] = mapped_column(default="")
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
