"""Files of subscribers that staff have sent, what came of each, and which of their rows were refused."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["ImportRefusal", "SubscriberImport"]


class SubscriberImport(Model):
    """A file and its last run; the figures are of that one. `through`: the last line that it has been through, so that
    a process that follows a dead one goes on there."""

    __tablename__ = "subscriber_import"
    __table_args__ = (Index("ix_subscriber_import_created", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    name: Mapped[str]  # of the file
    encoding: Mapped[str]  # as it was sent; it is kept as UTF-8
    # encrypted, with the lines' passwords; null once it is over its time or was not needed any more
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    columns: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # column of the file → ours, "" = left out
    cards: Mapped[str] = mapped_column(default="")  # the gateway whose card tokens they are
    state: Mapped[str] = mapped_column(default="sent")  # sent | queued | running | done | failed | canceled
    dry_run: Mapped[bool] = mapped_column(default=True)
    lines: Mapped[int]  # of the file
    through: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    asked_by: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ImportRefusal(Model):
    """One mistake in one row; a password or card number is never part of it."""

    __tablename__ = "import_refusal"
    __table_args__ = (Index("ix_import_refusal_import", "import_id", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("subscriber_import.id"))
    line: Mapped[int]
    column: Mapped[str] = mapped_column(default="")
    value: Mapped[str] = mapped_column(default="")
    code: Mapped[str]
    reason: Mapped[str]
    hint: Mapped[str] = mapped_column(default="")
