"""Subscriptions (what do I owe), their components and history, and services (what may I watch)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = [
    "DayGift",
    "FormerCalendar",
    "FreeTime",
    "Service",
    "Subscription",
    "SubscriptionChange",
    "SubscriptionComponent",
    "SubscriptionEvent",
]


class Subscription(Model):
    """`next_bill_on` is when the billing run looks at it next (customer's local date); null = never.

    `paid_through` and `billed_through` are exclusive ends: the first day that is not paid for, or not billed yet.
    `ended_at` is the moment of a cancellation at once: what is used up to it is billed, on a day given back as well.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        Index("ix_subscription_due", "next_bill_on", "id"),
        Index("ix_subscription_seller_state", "seller_id", "state"),
        Index("ix_subscription_created", "seller_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    external_ref: Mapped[str | None] = mapped_column(unique=True)
    settlement: Mapped[str] = mapped_column(default="invoice")  # invoice | credits
    payer_reseller_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"), index=True)
    collection: Mapped[str] = mapped_column(default="auto")  # auto: charged by the run · manual: proforma
    timing: Mapped[str] = mapped_column(default="advance")  # advance | arrears: see actions.subscriptions.set_timing
    payment_method_id: Mapped[int | None] = mapped_column(ForeignKey("payment_method.id"), index=True)
    currency: Mapped[str]
    state: Mapped[str]
    suspended_for: Mapped[str] = mapped_column(default="")  # see domain.subscription.SuspendedBy
    phase: Mapped[str] = mapped_column(default="recurring")  # trial | recurring
    term: Mapped[str]
    anchor: Mapped[date]
    started_on: Mapped[date]
    phase_ends_on: Mapped[date | None]
    billed_through: Mapped[date | None]
    paid_through: Mapped[date | None]
    next_bill_on: Mapped[date | None]
    billing_ends_on: Mapped[date | None]
    service_ends_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    zone: Mapped[str]  # the customer's at the start of the current period: a move applies from the next one
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class SubscriptionComponent(Model):
    """One billed part: the plan itself, an add-on, extra connections. Its price is fixed when it was sold."""

    __tablename__ = "subscription_component"
    __table_args__ = (Index("ix_subscription_component_subscription", "subscription_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    price_id: Mapped[int] = mapped_column(ForeignKey("price.id"))
    kind: Mapped[str]  # plan | addon | connection
    quantity: Mapped[int] = mapped_column(default=1)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class SubscriptionEvent(Model):
    """The history from which everything owed can be recomputed: started, changed, renewed, held, canceled …"""

    __tablename__ = "subscription_event"
    __table_args__ = (Index("ix_subscription_event_subscription", "subscription_id", "effective_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    kind: Mapped[str]
    effective_on: Mapped[date]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    recorded_at: Mapped[datetime]


class FormerCalendar(Model):
    """How the cycles before `until` were counted: the anchor moved then, or the term changed.

    Days from `longer_from` on were added to the cycle before them.
    """

    __tablename__ = "former_calendar"
    __table_args__ = (Index("ix_former_calendar_subscription", "subscription_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    until: Mapped[date]
    anchor: Mapped[date]
    term: Mapped[str]
    longer_from: Mapped[date | None]


class FreeTime(Model):
    """Days [starts_on, ends_on) that are not charged; `ends_on` null: until further notice.

    `why`: hold (credited) | given (after an outage, or what a hold had kept) | extended (by changes of plans that add
    the missing days) | debt (the lines stood still) | spared (given, of what is billed afterwards).
    Three are charged all the same: kept, a hold whose days are given after it; moved, days that were paid by who had it
    before and went along; closed, all before its payer changed from money to credits or back.
    """

    __tablename__ = "free_time"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="period"),
        UniqueConstraint("gift_id", "subscription_id"),
        Index("ix_free_time_subscription", "subscription_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    why: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    gift_id: Mapped[int | None] = mapped_column(ForeignKey("day_gift.id"))
    recorded_at: Mapped[datetime]


class DayGift(Model):
    """Days that were given to everybody on a panel, with a bouquet or on a plan, as after an outage: one decision, one
    row, with its progress. `cursor` is the last subscription that was looked at."""

    __tablename__ = "day_gift"

    id: Mapped[int] = mapped_column(primary_key=True)
    days: Mapped[int]
    reason: Mapped[str]
    panel_id: Mapped[int | None] = mapped_column(ForeignKey("panel.id"))
    bouquet_id: Mapped[int | None] = mapped_column(ForeignKey("bouquet.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    state: Mapped[str] = mapped_column(default="running")  # running | done | canceled
    total: Mapped[int]
    left_out: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # {why: how many that run there get none}
    given: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[int] = mapped_column(default=0)
    actor: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class SubscriptionChange(Model):
    """A change that waits: for its day (`scheduled`), or for its proforma to be paid (`offered`).

    `wish` is what the customer wants to have from then on: plan, term, add-ons.
    """

    __tablename__ = "subscription_change"
    __table_args__ = (
        Index("ix_subscription_change_due", "state", "effective_on"),
        Index("ix_subscription_change_subscription", "subscription_id"),
        Index("ix_subscription_change_document", "document_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    kind: Mapped[str]  # change | hold | resume | timing
    state: Mapped[str]  # scheduled | offered | done | withdrawn
    effective_on: Mapped[date]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))  # the proforma that it waits for
    wish: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what is put back if it is taken back
    recorded_at: Mapped[datetime]


class Service(Model):
    """One line or device on one panel. `desired_*`: what the customer should have; `observed`: what the panel said.

    `arriving`: the place that a line is moved to, until the panel has proven it; `leaving`: the one it was moved from,
    while that still stands. Neither follows what is sold, paid or blocked: the move sees to it.
    """

    __tablename__ = "service"
    __table_args__ = (
        UniqueConstraint("panel_id", "handle"),
        Index("ix_service_panel_sync", "panel_id", "lifecycle"),
        Index("ix_service_handle", "handle"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), index=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    paired_with_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"))
    moved_from_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"))  # the line's place before this one
    kind: Mapped[str]  # stream | mag | enigma2
    handle: Mapped[str]  # our reference on the panel: ≤ 11 characters, one-case base32
    handle_data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # owned by the module: ids on the panel
    login: Mapped[str] = mapped_column(index=True)
    password: Mapped[str]  # vault ciphertext; desired
    previous_password: Mapped[str] = mapped_column(default="", server_default="")  # vault ciphertext; until changed
    mac: Mapped[str | None] = mapped_column(index=True)
    lifecycle: Mapped[str] = mapped_column(default="wanted")  # wanted | unwanted | gone | arriving | leaving
    desired_plan: Mapped[str] = mapped_column(default="")
    desired_bouquets: Mapped[list[Any]] = mapped_column(JSON, default=list)  # ids of our bouquets
    desired_connections: Mapped[int] = mapped_column(default=1)
    limit_connections: Mapped[int | None]  # debt leaves so many of the desired ones, until it is paid
    limit_bouquets: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))  # and of the bouquets only these
    capped_connections: Mapped[int | None]  # staff leave so many, until they lift it: the line looked shared
    desired_from: Mapped[datetime | None]  # on no panel before it; null: as soon as it is paid
    desired_expires_at: Mapped[datetime | None]
    in_review: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # its order is being checked
    desired_blocked: Mapped[bool] = mapped_column(default=False)
    trial: Mapped[bool] = mapped_column(default=False)
    desired_version: Mapped[int] = mapped_column(default=1)
    converged_version: Mapped[int] = mapped_column(default=0)
    sync: Mapped[str] = mapped_column(default="pending")  # pending | ok | failed | unknown | impossible
    sync_error: Mapped[str] = mapped_column(default="")
    observed: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    observed_at: Mapped[datetime | None]
    created_by_us: Mapped[bool] = mapped_column(default=True)  # created or adopted: only then may it be removed
    stopped_at: Mapped[datetime | None]  # it is to go, and was stopped: what was watched on it is read before that
    told_at: Mapped[datetime | None]  # access details sent to the customer
