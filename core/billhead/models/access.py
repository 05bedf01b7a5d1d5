"""How customers get at what they watch: short addresses, who followed them, and the operator's set-up guides."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["AccessCode", "AccessCodeUse", "SetupGuide"]


class AccessCode(Model):
    """A short address that leads an app to a line's playlist. It is looked up by a keyed digest: whoever reads the
    database alone can't follow it."""

    __tablename__ = "access_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    sealed: Mapped[str]  # vault ciphertext of the code, to show it again
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AccessCodeUse(Model):
    """Somebody followed a short address. `ip` is emptied when the operator's time for addresses is over, and the row
    deleted with viewings of its age."""

    __tablename__ = "access_code_use"
    __table_args__ = (Index("ix_access_code_use_code", "code_id", "at"), Index("ix_access_code_use_at", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    code_id: Mapped[int] = mapped_column(ForeignKey("access_code.id"))
    at: Mapped[datetime]
    ip: Mapped[str]
    agent: Mapped[str]
    outcome: Mapped[str]  # led_on | expired | stopped


class SetupGuide(Model):
    """How to set up one app or box, in one language. It replaces the house's own guide of that code and language."""

    __tablename__ = "setup_guide"
    __table_args__ = (UniqueConstraint("seller_id", "code", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    title: Mapped[str]
    kinds: Mapped[list[Any]] = mapped_column(JSON, default=list)  # stream, mag, enigma2
    steps: Mapped[str]  # one a line, with {address}, {server} …
    position: Mapped[int] = mapped_column(default=0)
    hidden: Mapped[bool] = mapped_column(default=False)
