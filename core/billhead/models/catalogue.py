"""The catalogue: plans, bouquets, price books and their versioned prices."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Bouquet", "BundlePart", "Plan", "PlanBouquet", "PlanChange", "Price", "PriceBook", "Reprice"]


class Plan(Model):
    """What is sold. `kind` says what it does: a line (stream, mag, paired, enigma2), several plans at one price
    (bundle), an add-on (bouquet, connection), or something without a line (ppv, device, reseller, super_reseller,
    credit_package)."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("seller_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    tax_class: Mapped[str] = mapped_column(default="tv")
    family: Mapped[str] = mapped_column(default="")  # plans of one family can be exchanged
    tier: Mapped[int] = mapped_column(default=0)
    connections: Mapped[int] = mapped_column(default=1)
    fixed_term: Mapped[str] = mapped_column(default="")  # "12 months" from the first paid day, and then it is over
    season_ends_on: Mapped[date | None]  # over for everybody on that day
    then_plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))  # what follows; null: nothing
    renewal_from: Mapped[str] = mapped_column(default="later")  # expiry | now | later
    cancel_policy: Mapped[str] = mapped_column(default="end_of_term")
    proration: Mapped[str] = mapped_column(default="actual_days")
    lead_days: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # {"1 year": 30, "": 5}
    start_up_credits_minor: Mapped[int] = mapped_column(default=0)
    credits_minor: Mapped[int] = mapped_column(default=0)  # a credit package's value
    country_rule: Mapped[str] = mapped_column(default="", server_default="")  # only | except: see domain.regions
    countries: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    listed: Mapped[bool] = mapped_column(default=True)
    retired: Mapped[bool] = mapped_column(default=False)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class PlanChange(Model):
    """An exception from the rule by which a change of plan is allowed; see `domain.changes`."""

    __tablename__ = "plan_change"
    __table_args__ = (UniqueConstraint("from_plan_id", "to_plan_id", "term"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    from_plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    to_plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    term: Mapped[str] = mapped_column(default="")  # that of the new plan; "" = any
    allowed: Mapped[str]  # immediate | end_of_term | forbidden


class Bouquet(Model):
    __tablename__ = "bouquet"
    __table_args__ = (UniqueConstraint("seller_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str]
    name: Mapped[str]
    country_rule: Mapped[str] = mapped_column(default="", server_default="")  # what brings it is sold there alone
    countries: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")


class BundlePart(Model):
    """One plan or add-on of a bundle, which has one price. Its revenue is shared out by weight."""

    __tablename__ = "bundle_part"

    bundle_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    quantity: Mapped[int] = mapped_column(default=1)
    weight: Mapped[int]


class PlanBouquet(Model):
    """Which bouquets a plan or a bouquet add-on brings."""

    __tablename__ = "plan_bouquet"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    bouquet_id: Mapped[int] = mapped_column(ForeignKey("bouquet.id"), primary_key=True)


class PriceBook(Model):
    """Prices of one currency for one audience (country, customer group, reseller); the most specific book wins."""

    __tablename__ = "price_book"
    __table_args__ = (UniqueConstraint("seller_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str]
    currency: Mapped[str]
    country: Mapped[str] = mapped_column(default="")
    price_group: Mapped[str] = mapped_column(default="")
    reseller_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"))
    tax_inclusive: Mapped[bool] = mapped_column(default=False)
    resellers_own: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # asked by it, not by us


class Reprice(Model):
    """Prices that existing subscriptions will pay: when, and how far their customers have been told.

    planned · telling: notices go out, up to `cursor` · told · recalling: withdrawn, and who was told learns it ·
    withdrawn.
    """

    __tablename__ = "reprice"

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"), index=True)
    state: Mapped[str] = mapped_column(default="planned")
    existing_from: Mapped[date]
    tell_on: Mapped[date | None]  # null: nobody is told
    cursor: Mapped[int] = mapped_column(default=0)  # the last subscription that was told
    told: Mapped[int] = mapped_column(default=0)
    subscriptions: Mapped[int]  # how many pay it, counted when it was planned
    a_month_minor: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # currency → more (or less) a month
    created_at: Mapped[datetime]


class Price(Model):
    """One price of one plan for one term. A price is never edited: a new version is added.

    New customers pay the newest version that holds on the day of their order. Who has an older one keeps it, until a
    version with `existing_from` comes: it holds for their periods that start on that day or later. `withdrawn_on`: a
    version that was taken back before anybody paid it.
    """

    __tablename__ = "price"
    __table_args__ = (
        UniqueConstraint("book_id", "plan_id", "term", "version"),
        Index("ix_price_plan", "plan_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("price_book.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    term: Mapped[str]  # "1 month", "7 days", "" = one-off
    amount_minor: Mapped[int]
    setup_minor: Mapped[int] = mapped_column(default=0)
    trial_term: Mapped[str] = mapped_column(default="")
    trial_minor: Mapped[int] = mapped_column(default=0)
    credit_minor: Mapped[int | None]  # what a reseller pays in credits; null: not for resellers
    trial_credit_minor: Mapped[int | None]  # and for the trial
    version: Mapped[int] = mapped_column(default=1)
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    existing_from: Mapped[date | None]  # null: for new customers only
    withdrawn_on: Mapped[date | None]
    reprice_id: Mapped[int | None] = mapped_column(ForeignKey("reprice.id"), index=True)
