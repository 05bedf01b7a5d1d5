"""Coupons, who has redeemed them for which subscription, and what each document got of them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Coupon", "CouponPlan", "CouponRedemption", "CouponUse"]


class Coupon(Model):
    """What it gives never changes once it is made; how long and how often it can be redeemed does.

    `used` counts redemptions, reserved ones included: it is raised and compared in one statement.
    """

    __tablename__ = "coupon"
    __table_args__ = (
        UniqueConstraint("seller_id", "code"),
        CheckConstraint("used >= 0", name="used"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str]  # capitals
    name: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]  # percent | fixed | balance
    percent_ppm: Mapped[int] = mapped_column(default=0)  # parts per million: 250000 = 25 %
    amount_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(default="")  # of the amount and the minimum; "" = none is needed
    cycles: Mapped[int | None]  # null = for ever
    stackable: Mapped[bool] = mapped_column(default=False)
    covers_setup: Mapped[bool] = mapped_column(default=True)
    new_customers: Mapped[bool] = mapped_column(default=False)  # who was never billed before
    first_order: Mapped[bool] = mapped_column(default=False)
    countries: Mapped[list[Any]] = mapped_column(JSON, default=list)
    terms: Mapped[list[Any]] = mapped_column(JSON, default=list)
    minimum_minor: Mapped[int] = mapped_column(default=0)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]  # the first day on which it can't be redeemed any more
    total_uses: Mapped[int | None]
    uses_per_customer: Mapped[int | None]
    used: Mapped[int] = mapped_column(default=0)
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class CouponPlan(Model):
    """The plans and add-ons that a coupon makes cheaper; without any: all."""

    __tablename__ = "coupon_plan"

    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupon.id"), primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)


class CouponRedemption(Model):
    """A coupon as one subscription has it. It is changed only with the subscription locked and its version raised.

    reserved: ordered, not paid yet · active · used: nothing is left · released: the order came to nothing.
    """

    __tablename__ = "coupon_redemption"
    __table_args__ = (
        UniqueConstraint("subscription_id", "coupon_id"),
        Index("ix_coupon_redemption_customer", "coupon_id", "customer_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupon.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    state: Mapped[str]
    cycles_left: Mapped[int | None]  # null = for ever
    balance_minor: Mapped[int | None]  # of a balance
    since: Mapped[date | None]  # the first cycle that was counted
    through: Mapped[date | None]  # the end of the last one
    given_minor: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class CouponUse(Model):
    """What one document got of a redemption, and how many cycles that took; a proforma's counts once it is paid."""

    __tablename__ = "coupon_use"
    __table_args__ = (Index("ix_coupon_use_redemption", "redemption_id"),)

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True)
    redemption_id: Mapped[int] = mapped_column(ForeignKey("coupon_redemption.id"), primary_key=True)
    discount_minor: Mapped[int]
    cycles: Mapped[int]
