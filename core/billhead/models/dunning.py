"""Dunning: the operator's tables of stages, what was done about each debt, and promises to pay."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["DunningPolicy", "DunningStep", "PaymentPromise"]


class DunningPolicy(Model):
    """What happens when nobody pays: for all of a seller, or for a plan or a price group of it, or for both.

    The most specific one counts: plan and group, then plan, then group, then the seller's.
    """

    __tablename__ = "dunning_policy"
    __table_args__ = (UniqueConstraint("seller_id", "plan_id", "price_group"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    price_group: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    stages: Mapped[list[Any]] = mapped_column(JSON, default=list)  # rows of domain.dunning.stage_row
    retry_days: Mapped[list[Any]] = mapped_column(JSON, default=list)
    credits_suspended_days: Mapped[bool] = mapped_column(default=False)
    promise_days: Mapped[int] = mapped_column(default=0)  # 0: payment can't be put off
    promise_most: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # currency → minor units
    promise_every_days: Mapped[int] = mapped_column(default=30)
    promise_restores: Mapped[bool] = mapped_column(default=True)


class DunningStep(Model):
    """A stage that was done about a document: once, however often the run comes by.

    Without a subscription it says that the stage was reached, told and (perhaps) charged for; with one, that something
    was taken away from it. `lifted_on`: that was given back (paid, or promised), so that it may be taken away again.
    `fee_document_id` is the invoice of the late fee that the stage charged; `fee_waived_on` says that it was let off.
    """

    __tablename__ = "dunning_step"
    __table_args__ = (
        UniqueConstraint("document_id", "subscription_id", "action", "after_days"),
        Index(
            "uq_dunning_step_document",
            "document_id",
            "action",
            "after_days",
            unique=True,
            sqlite_where=text("subscription_id IS NULL"),
            postgresql_where=text("subscription_id IS NULL"),
        ),
        Index("ix_dunning_step_fee", "fee_document_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"), index=True)
    action: Mapped[str]
    after_days: Mapped[int]
    day: Mapped[date]
    result: Mapped[str] = mapped_column(default="done")  # done | passed_over | no_change | why there is no fee
    lifted_on: Mapped[date | None]
    fee_document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    fee_waived_on: Mapped[date | None]
    created_at: Mapped[datetime]


class PaymentPromise(Model):
    """ "I pay on Friday": while it is open, the stages of the subscription's debts stand still.

    `day` is the last day on which it is kept, in the customer's zone; `owed_minor` what was overdue when it was made.
    """

    __tablename__ = "payment_promise"
    __table_args__ = (
        Index("ix_payment_promise_subscription", "subscription_id", "id"),
        Index("ix_payment_promise_open", "state", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    state: Mapped[str] = mapped_column(default="open")  # open | kept | broken
    asked_on: Mapped[date]
    day: Mapped[date]
    currency: Mapped[str]
    owed_minor: Mapped[int]
    restored: Mapped[bool] = mapped_column(default=False)  # the lines run again until the day
    actor: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    closed_on: Mapped[date | None]
