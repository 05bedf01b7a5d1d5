"""What customers asked about their data: a copy of all that is held, and that it is erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["DataExport", "DataExportPart", "ErasureRequest"]


class DataExport(Model):
    """A copy of all that is held about a customer, as a ZIP in parts, which are gone after `ends_at`."""

    __tablename__ = "data_export"
    __table_args__ = (Index("ix_data_export_customer", "customer_id", "id"), Index("ix_data_export_ends", "ends_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    state: Mapped[str] = mapped_column(default="queued")  # queued | running | done | failed | ended
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # said, done, of
    error: Mapped[str] = mapped_column(default="")
    size: Mapped[int] = mapped_column(default=0)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]


class DataExportPart(Model):
    """Encrypted: whoever reads the database alone can't open a copy of somebody's life."""

    __tablename__ = "data_export_part"

    export_id: Mapped[int] = mapped_column(ForeignKey("data_export.id"), primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ErasureRequest(Model):
    """`waiting` until `due_at`, and may be revoked. `blocked`: something stands against it (`said`), looked at again
    every day. `ending`: lines are taken off their panels. One is open for a customer at a time."""

    __tablename__ = "erasure_request"
    __table_args__ = (
        Index("ix_erasure_request_customer", "customer_id", "id"),
        Index("ix_erasure_request_state", "state", "due_at"),
        Index(
            "uq_erasure_request_open",
            "customer_id",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'blocked', 'ending')"),
            postgresql_where=text("state IN ('waiting', 'blocked', 'ending')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    state: Mapped[str] = mapped_column(default="waiting")  # domain.privacy.ErasureState
    ends_lines: Mapped[bool] = mapped_column(default=False)  # subscriptions that still run are canceled when it is due
    said: Mapped[str] = mapped_column(default="")  # what stands against it, or is waited for
    figures: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what was deleted, and what stays
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]  # business clock
    finished_at: Mapped[datetime | None]  # erased, or revoked
