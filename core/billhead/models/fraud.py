"""Orders as they were screened, and the seller's lists of whom it trusts and whom it refuses."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["FraudCase", "FraudEntry"]


class FraudCase(Model):
    """One order: what was known, what the checks said, and what came of it. Refused ones have no subscription.

    The columns that later orders are counted by hold what the customer's is reduced to; emptied in time.
    """

    __tablename__ = "fraud_case"
    __table_args__ = (
        Index("ix_fraud_case_state", "seller_id", "state"),
        Index("ix_fraud_case_ordered", "seller_id", "ordered_at"),
        Index("ix_fraud_case_address", "address", "ordered_at"),
        Index("ix_fraud_case_network", "network", "ordered_at"),
        Index("ix_fraud_case_mailbox", "mailbox", "ordered_at"),
        Index("ix_fraud_case_card", "card", "ordered_at"),
        Index("ix_fraud_case_phone", "phone", "ordered_at"),
        Index("ix_fraud_case_mac", "mac", "ordered_at"),
        Index("ix_fraud_case_device", "device", "ordered_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"), unique=True)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)  # the order's first
    plan: Mapped[str]
    trial: Mapped[bool]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    state: Mapped[str]  # CaseState
    score: Mapped[int]
    reasons: Mapped[list[Any]] = mapped_column(JSON, default=list)  # check, why, weight, verdict
    unknown: Mapped[list[Any]] = mapped_column(JSON, default=list)  # check, why it could not say
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # countries, user agent, counts
    ip: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")  # the subscriber's part of it
    network: Mapped[str] = mapped_column(default="")
    mailbox: Mapped[str] = mapped_column(default="")
    card: Mapped[str] = mapped_column(default="")  # keyed digest
    phone: Mapped[str] = mapped_column(default="")
    mac: Mapped[str] = mapped_column(default="")
    device: Mapped[str] = mapped_column(default="", server_default="")  # keyed digest of the browser's mark
    ordered_at: Mapped[datetime]  # business clock
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decision: Mapped[str] = mapped_column(default="")  # the reason that staff gave


class FraudEntry(Model):
    __tablename__ = "fraud_entry"
    __table_args__ = (UniqueConstraint("seller_id", "kind", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    kind: Mapped[str]  # mail | domain | network | card | mac
    value: Mapped[str]
    allows: Mapped[bool]
    reason: Mapped[str] = mapped_column(default="")
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(default="")
