"""What runs the house: jobs, events, deliveries, the audit trail, idempotency, notices, plugin states, switches."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = [
    "AuditEntry",
    "Event",
    "EventDelivery",
    "FreezeSwitch",
    "IdempotencyRecord",
    "Job",
    "JobTry",
    "Notice",
    "PluginState",
    "PluginStorage",
]


class Job(Model):
    """Do this, due then, tried so often. Written in the transaction of the business change; leased by one worker.

    `key` makes a queued job unique (`converge:17`); `lane` makes jobs of one lane run one at a time (`panel:2`).
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_due", "state", "due_at", "id", "lane"),
        Index("ix_job_lane", "lane", "state", "due_at", "id"),
        Index("ix_job_key", "key", "state"),  # by key alone SQLite would walk all that is queued
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    key: Mapped[str | None]
    lane: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="queued")  # queued | running | done | failed | parked | canceled
    due_at: Mapped[datetime]  # business clock
    lease_until: Mapped[datetime | None]  # operational clock
    lease_token: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class JobTry(Model):
    """A try of a job that went wrong, and how; kept as long as its job."""

    __tablename__ = "job_try"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(index=True)
    number: Mapped[int]
    at: Mapped[datetime]  # operational clock
    error: Mapped[str]


class Event(Model):
    """Something that happened: typed, versioned, thin. Plugins observe these after commit."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_aggregate", "aggregate", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]  # "service.active"
    version: Mapped[int] = mapped_column(default=1)
    aggregate: Mapped[str]  # "service:17": deliveries of one aggregate keep their order
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    at: Mapped[datetime]


class EventDelivery(Model):
    __tablename__ = "event_delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "plugin"),
        Index("ix_event_delivery_pending", "plugin", "state", "event_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    plugin: Mapped[str]
    state: Mapped[str] = mapped_column(default="pending")  # pending | done | parked
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(default="")


class AuditEntry(Model):
    """Who did what to which thing, and why."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_subject", "subject"),
        Index("ix_audit_entry_actor", "actor", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    request_id: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class IdempotencyRecord(Model):
    """The first result of an action under a key; the same key with other arguments is refused."""

    __tablename__ = "idempotency_record"
    __table_args__ = (UniqueConstraint("actor", "action", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[str]
    action: Mapped[str]
    key: Mapped[str]
    arguments_digest: Mapped[str]
    result: Mapped[Any] = mapped_column(JSON)
    at: Mapped[datetime]


class Notice(Model):
    """A message to a customer, or to a login. `key` is why it is sent once by its channel: `dunning:81:warn`, and by
    another than mail `dunning:81:warn@sms`.

    `state`: queued, sending, sent, failed, rejected, unknown; held until a digest tells of it, then in_digest.
    """

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_customer", "customer_id", "id"), Index("ix_notice_state", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))  # none: staff, or a reseller
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_login.id"))  # about this login
    channel: Mapped[str]
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    recipient: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # ids only; rendered when sent
    state: Mapped[str] = mapped_column(default="queued")
    held_until: Mapped[datetime | None]  # while it is held: the morning of the digest that tells of it
    tries: Mapped[int] = mapped_column(default=0, server_default="0")  # that surely did not send it
    error: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="", server_default="")  # as it was written, where that is no secret
    text: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class PluginState(Model):
    """Active or not, read at every dispatch; settings of the plugin itself (panels and accounts have their own)."""

    __tablename__ = "plugin_state"

    name: Mapped[str] = mapped_column(primary_key=True)
    active: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    secrets: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]


class PluginStorage(Model):
    """A small key-value store for plugins that need no tables of their own."""

    __tablename__ = "plugin_storage"

    plugin: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class FreezeSwitch(Model):
    """`billhead stop charges|panels`: while on, nothing is charged, or nothing is written to a panel."""

    __tablename__ = "freeze_switch"

    name: Mapped[str] = mapped_column(primary_key=True)
    on: Mapped[bool] = mapped_column("is_on", default=False)
    reason: Mapped[str] = mapped_column(default="")
    changed_by: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]
