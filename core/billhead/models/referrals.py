"""Refer a friend: the code in a customer's link, and who came by whose."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Referral", "ReferralCode"]


class ReferralCode(Model):
    """Made when its customer first looks at the page."""

    __tablename__ = "referral_code"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(unique=True)


class Referral(Model):
    """A customer who came by another's link; both are customers of the seller.

    `due_on`: while it waits, when both get theirs, known once `document_id` is paid; earned, until when it can be taken
    back. In the seller's zone.
    """

    __tablename__ = "referral"
    __table_args__ = (Index("ix_referral_referrer", "referrer_id", "id"), Index("ix_referral_state", "state", "due_on"))

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), unique=True)  # the friend: referred once
    referrer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    state: Mapped[str]  # ReferralState
    reason: Mapped[str] = mapped_column(default="")  # a key of REASONS
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))  # the friend's first paid invoice
    due_on: Mapped[date | None]
    referrer_credit_id: Mapped[int | None] = mapped_column(ForeignKey("customer_credit.id"))
    friend_credit_id: Mapped[int | None] = mapped_column(ForeignKey("customer_credit.id"))
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
