"""Where and how a customer wants to be told, and what a seller says in words of its own."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["NoticeAddress", "NoticeChoice", "NoticeText"]


class NoticeAddress(Model):
    """A customer's address on a channel: a phone number, a chat. Nothing is sent there until it is confirmed."""

    __tablename__ = "notice_address"
    __table_args__ = (UniqueConstraint("customer_id", "channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    channel: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    confirmed_at: Mapped[datetime | None]
    code_digest: Mapped[str] = mapped_column(default="", index=True)
    code_ends_at: Mapped[datetime | None]
    wrong_codes: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class NoticeChoice(Model):
    """What the customer chose; without a row everything goes by e-mail, at any hour."""

    __tablename__ = "notice_choice"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    channels: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # group: codes of channels; none: not at all
    often: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # kind: daily, weekly, off
    quiet_from: Mapped[int | None]  # an hour, 0 to 23, in the customer's zone
    quiet_to: Mapped[int | None]
    changed_at: Mapped[datetime]


class NoticeText(Model):
    """A seller's own words for a kind of notice in a language. Rows are only added: the newest counts, the older ones
    are the history. One without a body says that the standard text counts again."""

    __tablename__ = "notice_text"
    __table_args__ = (Index("ix_notice_text_found", "seller_id", "kind", "language", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    kind: Mapped[str]
    language: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    body: Mapped[str] = mapped_column(default="")
    short: Mapped[str] = mapped_column(default="")  # for phones; "": the subject and an address
    standard: Mapped[str] = mapped_column(default="")  # digest of the standard text that it replaced
    actor: Mapped[str]
    written_at: Mapped[datetime]
