"""Panels: middleware installations, what our bouquets and resellers are called there, health, upstream purchases."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Panel", "PanelBouquet", "PanelDifference", "PanelOwner", "UpstreamPurchase"]


class Panel(Model):
    __tablename__ = "panel"

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    module: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    secrets: Mapped[str] = mapped_column(default="")  # vault ciphertext of the module's secret() fields
    group: Mapped[str] = mapped_column("panel_group", default="")
    capacity: Mapped[int] = mapped_column(default=0)  # 0 = no limit
    weight: Mapped[int] = mapped_column(default=1)
    maintenance: Mapped[bool] = mapped_column(default=False)
    managed: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # field → enforce | report | accept
    brake_percent: Mapped[int] = mapped_column(
        default=20
    )  # more missing lines than this: ask before repairing; 0 = never
    failures: Mapped[int] = mapped_column(default=0)  # consecutive, of the breaker
    open_until: Mapped[datetime | None]  # breaker: no calls before this business instant
    last_ok_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")
    reconciled_at: Mapped[datetime | None]
    reconcile_report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class PanelBouquet(Model):
    """What a bouquet of ours is called on a panel (an id on Xtream, a package's external id on Stalker)."""

    __tablename__ = "panel_bouquet"
    __table_args__ = (UniqueConstraint("panel_id", "bouquet_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    bouquet_id: Mapped[int] = mapped_column(ForeignKey("bouquet.id"))
    remote: Mapped[str]


class PanelOwner(Model):
    """Which owner on a panel a reseller of ours is; `reseller_id` null: the house itself, for customers without one."""

    __tablename__ = "panel_owner"
    __table_args__ = (UniqueConstraint("panel_id", "reseller_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    reseller_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"), index=True)
    remote: Mapped[str]  # the panel's id of the owner
    name: Mapped[str] = mapped_column(default="")  # as the panel calls it


class PanelDifference(Model):
    """What the last comparison of a panel has found; the next one replaces it. `fields`: names, separated by spaces."""

    __tablename__ = "panel_difference"
    __table_args__ = (Index("ix_panel_difference_panel", "panel_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    kind: Mapped[str]  # missing | extra | differing
    ref: Mapped[str]
    login: Mapped[str] = mapped_column(default="")
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"))
    fields: Mapped[str] = mapped_column(default="")
    repair: Mapped[bool] = mapped_column(default=False)


class UpstreamPurchase(Model):
    """A renewal bought with our credits at an upstream panel: committed first, sent once, resolved by looking."""

    __tablename__ = "upstream_purchase"
    __table_args__ = (Index("ix_upstream_purchase_open", "panel_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    entitlement: Mapped[str] = mapped_column(unique=True)  # which paid period it serves
    package: Mapped[str]
    max_cost_minor: Mapped[int]
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # expiry and balance before sending
    state: Mapped[str] = mapped_column(default="intended")  # intended | sent | bought | not_bought | unknown
    cost_minor: Mapped[int | None]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
