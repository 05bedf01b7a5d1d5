"""Credit: a reseller's lots and holds (a currency of their own), and what a customer has to spend."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = [
    "AutoTopUp",
    "CreditHold",
    "CreditLot",
    "CreditMovement",
    "CreditUse",
    "CustomerCredit",
    "CustomerWallet",
    "LentCredit",
]


class CreditLot(Model):
    """Credits that a reseller got in one go, with what they cost: consumed oldest first, so that margin is exact.

    `cost_minor` is what the remaining credits cost: it goes down and up together with `remaining_minor`.
    """

    __tablename__ = "credit_lot"
    __table_args__ = (
        CheckConstraint("remaining_minor >= 0 AND remaining_minor <= amount_minor", name="remaining"),
        Index("ix_credit_lot_reseller", "reseller_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"))
    source: Mapped[str]  # purchase | grant | transfer | start_up | credit_line (lent until credits come in)
    amount_minor: Mapped[int]
    remaining_minor: Mapped[int]
    cost_minor: Mapped[int] = mapped_column(default=0)
    cost_currency: Mapped[str] = mapped_column(default="")
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    created_at: Mapped[datetime]


class CreditMovement(Model):
    """What the ledger does not say of an entry of reseller credits: who did it, why, and for which subscription."""

    __tablename__ = "credit_movement"

    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True, autoincrement=False)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"))  # who pays, or gets them
    other_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"))  # the other side of a transfer
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"))
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    actor: Mapped[str]
    reason: Mapped[str]
    request_id: Mapped[str]


class CreditHold(Model):
    """Credits set aside while a line is being provisioned: captured, released, or held as long as nobody knows.

    `details` tells what was bought (kind, period, services), which lots gave how much at which cost, and for a renewal
    what was there before, to be put back if it fails.
    """

    __tablename__ = "credit_hold"

    id: Mapped[int] = mapped_column(primary_key=True)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"), index=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    amount_minor: Mapped[int]
    state: Mapped[str] = mapped_column(default="held")  # held | captured | released
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    created_at: Mapped[datetime]


class CreditUse(Model):
    """What a reseller's consumed credits were for; together they are its consumed account. Never changed.

    `reseller_id`: whose credits they are, which is another than the purchase's after a subscriber has moved.
    """

    __tablename__ = "credit_use"
    __table_args__ = (Index("ix_credit_use_reseller", "reseller_id", "day"), Index("ix_credit_use_day", "day"))

    id: Mapped[int] = mapped_column(primary_key=True)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"))
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("credit_hold.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))  # of a place: there is no purchase
    kind: Mapped[str]  # bought | carried (to or from another plan) | returned | place (a reseller was added)
    day: Mapped[date]  # as the ledger's entry has it
    credits_minor: Mapped[int]  # below zero: they left this purchase
    costs: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # what they had cost, by currency


class CustomerCredit(Model):
    """A grant of money to spend on invoices; `remaining` moves only together with a ledger entry.

    `payment_id` is the payment that the money came with: it goes back out to that source only. `order_id` is the top-up
    that its money paid, or whose bonus it is.
    """

    __tablename__ = "customer_credit"
    __table_args__ = (
        CheckConstraint("remaining_minor >= 0 AND remaining_minor <= amount_minor", name="remaining"),
        Index("ix_customer_credit_open", "customer_id", "remaining_minor"),
        Index("ix_customer_credit_payment", "payment_id"),
        Index("ix_customer_credit_order", "order_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    kind: Mapped[str]  # bought | gifted
    currency: Mapped[str]
    amount_minor: Mapped[int]
    remaining_minor: Mapped[int]
    expires_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(default="")
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    credit_note_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))  # what gave it back
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    created_at: Mapped[datetime]


class CustomerWallet(Model):
    """What is to happen when a customer's credit falls: they are told, or it is topped up. Amounts in their currency.

    `alerted_at` is set once they were told, until the credit is above `alert_below_minor` again. `stopped_because`:
    why it is not topped up any more (hard_decline, no_method, charged_back …), until they turn it on again.
    `fill_up`: it is topped up to `top_up_minor`, not by it. `top_up_every` a term from `top_up_from` on, next on
    `top_up_next_on`, whatever is there; "": only when it has fallen.
    """

    __tablename__ = "customer_wallet"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    alert_below_minor: Mapped[int] = mapped_column(default=0)  # 0: nobody is told
    alerted_at: Mapped[datetime | None]
    top_up_below_minor: Mapped[int] = mapped_column(default=0)
    top_up_minor: Mapped[int] = mapped_column(default=0)  # 0: nothing is topped up by itself
    fill_up: Mapped[bool] = mapped_column(default=False)
    top_up_every: Mapped[str] = mapped_column(default="")
    top_up_from: Mapped[date | None]
    top_up_next_on: Mapped[date | None]
    most_a_day: Mapped[int] = mapped_column(default=1)
    most_a_month: Mapped[int] = mapped_column(default=4)
    stopped_because: Mapped[str] = mapped_column(default="")


class AutoTopUp(Model):
    """A top-up that nobody asked for in person: the order of credit for which the saved method is charged."""

    __tablename__ = "auto_top_up"
    __table_args__ = (Index("ix_auto_top_up_customer", "customer_id", "created_at"),)

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    created_at: Mapped[datetime]


class LentCredit(Model):
    """Credit that a trusted customer had before its order was paid. While it is open, `lot_id` is what of it nobody has
    paid: its `amount_minor` is lent, and its `remaining_minor` not spent.

    `taken` is what it had paid and is owed again, as `Dispute.taken` tells it.
    """

    __tablename__ = "lent_credit"
    __table_args__ = (
        Index("ix_lent_credit_customer", "customer_id", "state"),
        Index("ix_lent_credit_state", "state", "document_id"),
    )

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("customer_credit.id"))
    state: Mapped[str] = mapped_column(default="open")  # open | paid | taken_back
    taken: Mapped[list[Any]] = mapped_column(JSON, default=list)
