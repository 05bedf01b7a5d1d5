"""Tickets: departments, what is written in them, files, prepared answers, mail that came in, disputes about a bill."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["BillDispute", "CannedReply", "Department", "SupportMail", "Ticket", "TicketFile", "TicketMessage"]


class Department(Model):
    """Who is written to. `staff_ids`: who sees its tickets, empty for all of staff; with a `reseller_id` they are that
    reseller's, who answers for its shop. `settings` and `secrets` are those of its mailbox, `mail_cursor` how far that
    was read."""

    __tablename__ = "support_department"
    __table_args__ = (UniqueConstraint("seller_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    name: Mapped[str]
    reseller_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"))
    mail: Mapped[str] = mapped_column(default="")  # lower case; what customers write to, and answers come from
    staff_ids: Mapped[list[Any]] = mapped_column(JSON, default=list)
    position: Mapped[int] = mapped_column(default=0)
    retired: Mapped[bool] = mapped_column(default=False)  # takes no new tickets
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    secrets: Mapped[str] = mapped_column(default="")  # vault ciphertext
    mail_cursor: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # {"validity": 1, "uid": 7, "day": "…"}


class Ticket(Model):
    """`token` names it in mail addresses and message ids: who knows it was written to. `last_message_id` is what came
    last, of whoever's; a ticket that was merged is closed and leads to the other."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_customer", "customer_id", "last_message_id"),
        Index("ix_ticket_queue", "department_id", "state", "last_message_id"),
        Index("ix_ticket_assignee", "assignee_id", "state"),
        Index("ix_ticket_last", "last_message_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("support_department.id"))
    token: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")  # domain.support.State
    priority: Mapped[str] = mapped_column(default="normal")
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user_login.id"))
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_login.id"))  # whom answers go to, of a family
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"), index=True)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("document_line.id"))
    last_message_id: Mapped[int] = mapped_column(default=0)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    opened_at: Mapped[datetime]
    first_answer_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class TicketMessage(Model):
    """`kind`: customer, staff, note (staff's own, never shown to the customer), event (what happened, in words)."""

    __tablename__ = "ticket_message"
    __table_args__ = (Index("ix_ticket_message_ticket", "ticket_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_login.id"))
    author: Mapped[str]  # as colleagues see it: an e-mail address, or a name
    body: Mapped[str]
    at: Mapped[datetime]


class TicketFile(Model):
    """A file of a message, or of a mail that nobody has decided about yet. It is never shown, only saved."""

    __tablename__ = "ticket_file"
    __table_args__ = (CheckConstraint("message_id IS NOT NULL OR mail_id IS NOT NULL", name="owner"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("ticket_message.id"), index=True)
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("support_mail.id"), index=True)
    file_name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class CannedReply(Model):
    """An answer that is given often, in one language; `department_id` null: for all of them."""

    __tablename__ = "canned_reply"
    __table_args__ = (UniqueConstraint("seller_id", "name", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("support_department.id"))
    name: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    body: Mapped[str]


class SupportMail(Model):
    """A mail that came in, once by its Message-ID. `raw` is kept until it was read.

    `state`: received, taken (it is a message now), ignored (`why`), waiting (staff decide), left_out.
    """

    __tablename__ = "support_mail"
    __table_args__ = (
        UniqueConstraint("department_id", "message_id"),
        Index("ix_support_mail_state", "state", "id"),
        Index("ix_support_mail_ticket", "ticket_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("support_department.id"))
    message_id: Mapped[str]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sender: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    body: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="received")
    why: Mapped[str] = mapped_column(default="")
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))  # that it is part of, or may be
    received_at: Mapped[datetime]


class BillDispute(Model):
    """A customer does not agree with a line of an invoice. Until `waits_until` its invoice is not dunned."""

    __tablename__ = "bill_dispute"
    __table_args__ = (
        Index("ix_bill_dispute_document", "document_id", "state"),
        Index("ix_bill_dispute_opened", "opened_on"),
        Index(
            "uq_bill_dispute_open",
            "line_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("document_line.id"))
    reason: Mapped[str]  # domain.support.DISPUTE_REASONS
    state: Mapped[str] = mapped_column(default="open")  # domain.support.DisputeState
    currency: Mapped[str]
    disputed_minor: Mapped[int]  # what was left of the line, with tax
    granted_minor: Mapped[int] = mapped_column(default=0)
    credit_note_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), unique=True)
    opened_on: Mapped[date]
    waits_until: Mapped[date | None]  # the last day on which dunning waits; null: it does not
    decided_on: Mapped[date | None]
    decided_by: Mapped[str] = mapped_column(default="")
