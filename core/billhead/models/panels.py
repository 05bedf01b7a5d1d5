"""Panels: middleware installations, what our bouquets and resellers are called there, health, upstream purchases."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Panel", "PanelBouquet", "PanelDifference", "PanelOwner", "PanelPace", "PanelPackage", "UpstreamPurchase"]


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
    calls_per_second: Mapped[int] = mapped_column(default=0)  # at most, from all our processes; 0 = no limit
    # bouquets that the panel's list leaves out are read line by line, all within so many nights; 0 = never
    bouquet_nights: Mapped[int] = mapped_column(default=7, server_default="7")
    bouquets_read_to: Mapped[int] = mapped_column(default=0, server_default="0")  # the last service
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
    # our credit there, in the panel's credits with two decimals; the rest is the operator's: 0 = not told, or no limit
    balance_minor: Mapped[int | None]
    balance_at: Mapped[datetime | None]
    balance_low_minor: Mapped[int] = mapped_column(default=0)
    balance_told: Mapped[bool] = mapped_column(default=False)  # staff know of this fall below it
    spend_cap_minor: Mapped[int] = mapped_column(default=0)  # a day
    spend_cap_told_on: Mapped[date | None]
    credit_cost_minor: Mapped[int] = mapped_column(default=0)  # what one credit costs
    credit_cost_currency: Mapped[str] = mapped_column(default="")


class PanelPace(Model):
    """Until when the turns to call a panel are taken, of one that bears so many calls a second and no more."""

    __tablename__ = "panel_pace"

    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), primary_key=True, autoincrement=False)
    ends_at: Mapped[int]  # microseconds since 1970


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


class AddressNews(Model):
    """Something about a panel, told to everybody who watches by it: one decision, one row, with its progress.

    `kind`: addresses (a mail for each line, `cursor` the last that was looked at) or work (one for each customer,
    `cursor` the last of them), which is planned from `begins_at` until `ends_at`.
    """

    __tablename__ = "address_news"

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), index=True)
    kind: Mapped[str] = mapped_column(default="addresses", server_default="addresses")
    begins_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(default="")  # what staff add to the mail
    state: Mapped[str] = mapped_column(default="running")  # running | done | canceled
    total: Mapped[int]  # lines, or customers, when it was asked for
    told: Mapped[int] = mapped_column(default=0)
    unreached: Mapped[int] = mapped_column(default=0)  # lines of whom there is no mail address
    cursor: Mapped[int] = mapped_column(default=0)
    actor: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class PanelPackage(Model):
    """Which package of a panel is bought for a plan and a term. Length and price as the panel's catalogue had them when
    it was chosen."""

    __tablename__ = "panel_package"
    __table_args__ = (UniqueConstraint("panel_id", "plan_id", "term"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    term: Mapped[str]  # as it is sold, or "trial"
    package: Mapped[str]  # the panel's id of it
    name: Mapped[str]
    package_term: Mapped[str]  # how long it lasts: "30 days"
    cost_minor: Mapped[int]  # in the panel's credits, two decimals


class UpstreamPurchase(Model):
    """Time that is bought with our credits at an upstream panel: committed first, sent once, resolved by looking.

    There is one row for a service and the end of a paid period, however often it was tried; `history` has the tries
    before. Costs in the panel's credits with two decimals; `amount_minor` is their worth in `currency`.
    """

    __tablename__ = "upstream_purchase"
    __table_args__ = (Index("ix_upstream_purchase_open", "panel_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    entitlement: Mapped[str] = mapped_column(unique=True)  # "17:2027-01-22": a service and the end of a paid period
    paid_until: Mapped[date]
    package: Mapped[str]
    package_name: Mapped[str]
    package_term: Mapped[str]
    trial: Mapped[bool] = mapped_column(default=False)
    max_cost_minor: Mapped[int]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # the line before it; null: none
    balance_before_minor: Mapped[int | None]
    balance_after_minor: Mapped[int | None]
    expires_at: Mapped[datetime | None]  # the panel's, once it is bought
    state: Mapped[str]  # sent | bought | not_bought | unknown
    why: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=1)
    history: Mapped[list[Any]] = mapped_column(JSON, default=list)
    looks: Mapped[int] = mapped_column(default=0)  # answers that told nothing
    look_at: Mapped[datetime | None]  # null while it is not settled: a person decides
    cost_minor: Mapped[int | None]
    amount_minor: Mapped[int | None]  # null: nobody has said what a credit costs
    currency: Mapped[str] = mapped_column(default="")
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    sent_on: Mapped[date]  # in the seller's zone: the day on whose cap it counts
    sent_at: Mapped[datetime]  # business clock
    resolved_at: Mapped[datetime | None]
