"""Metered use: what is counted and its prices, the events, how far each subscription is billed, and what was billed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = [
    "UsageAlert",
    "UsageBatch",
    "UsageBilled",
    "UsageCorrection",
    "UsageEvent",
    "UsageImport",
    "UsageImportRefusal",
    "UsageMeter",
    "UsageMetric",
    "UsagePrice",
    "UsageReject",
    "UsageSource",
]


class UsageMetric(Model):
    """What is counted. Quantities are stored in steps of 10^-decimals units."""

    __tablename__ = "usage_metric"
    __table_args__ = (UniqueConstraint("seller_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str]
    name: Mapped[str]
    unit: Mapped[str] = mapped_column(default="")  # "minute", as people read it
    aggregation: Mapped[str]  # count | sum | max | unique
    decimals: Mapped[int] = mapped_column(default=0)


class UsagePrice(Model):
    """What a price of a plan says of one metric; `terms` as in `domain.usage.terms_from`. Never edited, like prices."""

    __tablename__ = "usage_price"
    __table_args__ = (UniqueConstraint("price_id", "metric_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    price_id: Mapped[int] = mapped_column(ForeignKey("price.id"))
    metric_id: Mapped[int] = mapped_column(ForeignKey("usage_metric.id"))
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)


class UsageSource(Model):
    """Where events come from: a plugin, or files. Event ids are the source's own."""

    __tablename__ = "usage_source"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)


class UsageEvent(Model):
    """One thing that was used. Its key is why the same event is counted once; an event is known by its source and id
    for a subscription, metric and instant. No foreign keys: they would cost more than all the rest, and the importer
    has looked them up.

    Clustered by day and then by subscription: events come in nearly in the order of time, so that writing stays within
    the pages of a day, and a subscription's month is some thirty short reads.

    `at` is in seconds since 1970 UTC, `day` is `at` in whole days, `service_id` 0 where the line is not known, `item`
    what was used ("film:812"). A voided event has the quantity 0.
    """

    __tablename__ = "usage_event"
    __table_args__ = {"sqlite_with_rowid": False}

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subscription_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    metric_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    service_id: Mapped[int]
    quantity: Mapped[int]
    item: Mapped[str]
    properties: Mapped[str | None]  # JSON text


class UsageMeter(Model):
    """How far the usage of a subscription is billed.

    `through` is the first local day that is not billed yet and `billed_to` the instant at which it begins; what comes
    for an earlier one is late, and `late_at` the earliest of those. `due_on` is when a billing run must look at it next
    (null: it has ended). `stamp` moves whenever its events change: what was read under another stamp is read again.
    `watched` is the stamp that the alerts saw. Instants are in seconds since 1970 UTC.
    """

    __tablename__ = "usage_meter"
    __table_args__ = (Index("ix_usage_meter_due", "due_on", "subscription_id"),)

    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), primary_key=True, autoincrement=False)
    through: Mapped[date]
    billed_to: Mapped[int]
    due_on: Mapped[date | None]
    late_at: Mapped[int | None]
    stamp: Mapped[int] = mapped_column(default=0)
    watched: Mapped[int] = mapped_column(default=0)


class UsageBilled(Model):
    """What was billed for one metric of one component and period: the sums, and the amount as in the price book.

    What comes late makes a further `revision` of the same period, whose amount is the difference.
    """

    __tablename__ = "usage_billed"
    __table_args__ = (UniqueConstraint("subscription_id", "component_id", "metric_id", "period_start", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    component_id: Mapped[int] = mapped_column(ForeignKey("subscription_component.id"))
    metric_id: Mapped[int] = mapped_column(ForeignKey("usage_metric.id"))
    period_start: Mapped[date]
    period_end: Mapped[date]
    from_at: Mapped[int]  # the instants of the two, in seconds since 1970 UTC
    to_at: Mapped[int]
    revision: Mapped[int] = mapped_column(default=0)
    events: Mapped[int]
    used: Mapped[int]  # steps, all of the period
    allowance: Mapped[int]  # steps
    days: Mapped[int]  # of the stretch; a part of `cycle_days` has that share of the minimum
    cycle_days: Mapped[int]
    amount_minor: Mapped[int]
    recorded_at: Mapped[datetime]


class UsageBatch(Model):
    """One delivery of events, and what became of it."""

    __tablename__ = "usage_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("usage_source.id"))
    actor: Mapped[str]
    accepted: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    recorded_at: Mapped[datetime]


class UsageImport(Model):
    """A file of events that staff have sent, and its last run; the figures are of that one. `through`: the last line
    that it has been through, so that a process that follows a dead one goes on there."""

    __tablename__ = "usage_import"
    __table_args__ = (Index("ix_usage_import_created", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    name: Mapped[str]  # of the file; its ending says how it is read
    # encrypted, with who watched what; null once nothing of it is left to be mended
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[str] = mapped_column(default="sent")  # sent | queued | running | done | failed | canceled
    dry_run: Mapped[bool] = mapped_column(default=True)
    lines: Mapped[int]  # of the file
    through: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    late: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    asked_by: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class UsageImportRefusal(Model):
    """A line of such a file that was not taken. `raw` is the event as it was read, null for what is none."""

    __tablename__ = "usage_import_refusal"
    __table_args__ = (Index("ix_usage_import_refusal_import", "import_id", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("usage_import.id"))
    line: Mapped[int]
    reason: Mapped[str]
    message: Mapped[str]
    raw: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class UsageReject(Model):
    """An event that could not be taken, as it came, with the reason; kept until it is tried again or dropped.

    `told`: a digest of what makes it this event, as it was told (id, whose, metric, instant). An id alone may be that
    of several, as it may with what was taken; told again, it is kept once.
    """

    __tablename__ = "usage_reject"
    __table_args__ = (UniqueConstraint("source_id", "told", "reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("usage_source.id"))
    batch_id: Mapped[int] = mapped_column(ForeignKey("usage_batch.id"), index=True)  # the first that told it
    event_id: Mapped[str]
    told: Mapped[str]
    reason: Mapped[str]  # unknown_subscription | unknown_metric | quantity | future | before_start | after_end | …
    message: Mapped[str]
    raw: Mapped[dict[str, Any]] = mapped_column(JSON)
    rejected_at: Mapped[datetime]


class UsageCorrection(Model):
    """An event's quantity as it was and as it is now. The event itself holds what is true; this is its history."""

    __tablename__ = "usage_correction"
    __table_args__ = (Index("ix_usage_correction_subscription", "subscription_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    metric_id: Mapped[int] = mapped_column(ForeignKey("usage_metric.id"))
    at: Mapped[int]
    source_id: Mapped[int] = mapped_column(ForeignKey("usage_source.id"))
    event_id: Mapped[str]
    quantity_before: Mapped[int]
    quantity: Mapped[int]
    reason: Mapped[str]
    actor: Mapped[str]
    recorded_at: Mapped[datetime]


class UsageAlert(Model):
    """That a customer was told how much of an allowance is used: once for each metric, period and threshold."""

    __tablename__ = "usage_alert"

    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), primary_key=True, autoincrement=False)
    metric_id: Mapped[int] = mapped_column(ForeignKey("usage_metric.id"), primary_key=True, autoincrement=False)
    period_start: Mapped[date] = mapped_column(primary_key=True)
    percent: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
