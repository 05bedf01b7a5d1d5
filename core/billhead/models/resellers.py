"""What resellers have beside their credits: orders that wait to be paid, what is done to many users at once, messages,
keys to the API."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = [
    "CreditRenewal", "ResellerKey", "ResellerMessage", "ResellerMessageItem", "ResellerOrder", "UserBulk",
    "UserBulkItem",
]  # fmt: skip


class ResellerOrder(Model):
    """A credit package, or a plan that makes somebody a reseller: what is to be given when its document is paid.

    offered · given · taken_back: the money went back, and so did what was left of the credits.
    """

    __tablename__ = "reseller_order"
    __table_args__ = (
        Index("ix_reseller_order_document", "document_id"),
        Index("ix_reseller_order_customer", "customer_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))  # the proforma, and its invoice once it is paid
    state: Mapped[str] = mapped_column(default="offered")
    credits_minor: Mapped[int]  # what it gives, in hundredths
    times_given: Mapped[int] = mapped_column(default=0)  # a payment may come back after a chargeback
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("credit_lot.id"))
    taken_minor: Mapped[int] = mapped_column(default=0)  # of what was given last, and so much went back
    missing_minor: Mapped[int] = mapped_column(default=0)  # was spent when the money went back
    created_at: Mapped[datetime]


class UserBulk(Model):
    """The same done to many users: one decision, one row, with its progress.

    `kind` is one of actions/resellers/_many_kinds.py; `credits_minor` is what it took, or brought back."""

    __tablename__ = "user_bulk"
    __table_args__ = (Index("ix_user_bulk_reseller", "reseller_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"))  # for whom it was asked
    kind: Mapped[str] = mapped_column(default="renew")  # renew | disable | enable | end
    term: Mapped[str] = mapped_column(default="")  # of what is renewed; "": as each has it
    actor: Mapped[str]  # who asked, in which role and scope: each of them is theirs
    role: Mapped[str]
    scope_reseller_id: Mapped[int | None]  # null: staff
    state: Mapped[str] = mapped_column(default="running")  # running | done | stopped
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    credits_minor: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class UserBulkItem(Model):
    """One subscription of it: waiting · done (credits of a renewal are held, then taken as ever) · refused · stopped
    before its turn."""

    __tablename__ = "user_bulk_item"
    __table_args__ = (UniqueConstraint("bulk_id", "subscription_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    bulk_id: Mapped[int] = mapped_column(ForeignKey("user_bulk.id"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    state: Mapped[str] = mapped_column(default="waiting")
    credits_minor: Mapped[int] = mapped_column(default=0)
    paid_through: Mapped[str] = mapped_column(default="")  # ISO
    why: Mapped[str] = mapped_column(default="")


class CreditRenewal(Model):
    """A subscription that is renewed from its payer's credits before it ends, for as long as `reseller_id` pays for it.
    `why`: what kept it from being renewed when that was tried last. `failures`: how often a fault of ours has, one
    after the other; it is not tried again before `retry_at`."""

    __tablename__ = "credit_renewal"

    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), primary_key=True, autoincrement=False)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"), index=True)
    why: Mapped[str] = mapped_column(default="")
    failures: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ResellerMessage(Model):
    """What a reseller writes to many at once: to users, or to resellers below it. `language`: that of the words."""

    __tablename__ = "reseller_message"
    __table_args__ = (Index("ix_reseller_message_reseller", "reseller_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"))
    actor: Mapped[str]  # who wrote it
    subject: Mapped[str]
    words: Mapped[str]
    language: Mapped[str]
    state: Mapped[str] = mapped_column(default="running")  # running | done | stopped
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ResellerMessageItem(Model):
    """One whom it is for: waiting · done (their notice is queued) · refused · stopped before their turn."""

    __tablename__ = "reseller_message_item"
    __table_args__ = (UniqueConstraint("message_id", "customer_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("reseller_message.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    state: Mapped[str] = mapped_column(default="waiting")
    why: Mapped[str] = mapped_column(default="")


class ResellerKey(Model):
    """A reseller's key to the API: shown once, kept as its hash. `hint` is how it begins, to tell keys apart."""

    __tablename__ = "reseller_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"), index=True)
    name: Mapped[str]
    hint: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    created_by: Mapped[str]  # the actor
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
