"""Adoptions: lines that stood on a panel before us, what was or would be made of each, and why not."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Adoption", "AdoptionLine"]


class Adoption(Model):
    """One reading of a panel's list. A dry run writes its findings only; the other kind takes the lines over."""

    __tablename__ = "adoption"
    __table_args__ = (Index("ix_adoption_panel", "panel_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    dry_run: Mapped[bool]
    state: Mapped[str] = mapped_column(default="queued")  # queued | running | done | failed | canceled
    wish: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # term, least score, what may be written, owners
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, deferred=True)  # the operator's word, by line
    expected: Mapped[int] = mapped_column(default=0)  # lines of the list before, for the progress bar; 0 = not known
    lines: Mapped[int] = mapped_column(default=0)
    adopted: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    asked_by: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class AdoptionLine(Model):
    """One line of the panel's list. `verdict`: adopt | known | refused; `code` says in a word why it is refused;
    "claimed" stands also at one that was taken over though another Billhead's reference is on it.
    """

    __tablename__ = "adoption_line"
    __table_args__ = (Index("ix_adoption_line_adoption", "adoption_id", "verdict"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    adoption_id: Mapped[int] = mapped_column(ForeignKey("adoption.id"))
    remote_id: Mapped[str]
    kind: Mapped[str]
    login: Mapped[str] = mapped_column(default="")
    mac: Mapped[str] = mapped_column(default="")
    name: Mapped[str] = mapped_column(default="")
    ends_at: Mapped[datetime | None]
    bouquets: Mapped[str] = mapped_column(default="")
    connections: Mapped[int | None]
    owner: Mapped[str] = mapped_column(default="")
    plan: Mapped[str] = mapped_column(default="")  # our plan's code
    term: Mapped[str] = mapped_column(default="")
    score: Mapped[int | None]  # null: the operator's own word
    reseller: Mapped[str] = mapped_column(default="")
    verdict: Mapped[str]
    code: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    writes: Mapped[str] = mapped_column(default="")  # fields that are brought in step on the panel afterwards
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"))
