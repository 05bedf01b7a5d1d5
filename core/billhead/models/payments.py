"""Payments: gateway accounts, saved methods, attempts (one try each), money in, money out, and raw callbacks."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = [
    "AttemptDocument",
    "Callback",
    "Dispute",
    "GatewayAccount",
    "MethodSaving",
    "Payment",
    "PaymentAttempt",
    "PaymentMethod",
    "Payout",
    "Refund",
    "UnassignedMoney",
]


class GatewayAccount(Model):
    __tablename__ = "gateway_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    gateway: Mapped[str]  # code of the plugin's gateway
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    secrets: Mapped[str] = mapped_column(default="")
    proof_key: Mapped[str] = mapped_column(default="", server_default="")  # vault ciphertext; of the account's own
    currencies: Mapped[list[Any]] = mapped_column(JSON, default=list)  # empty = any
    callback_token: Mapped[str] = mapped_column(unique=True)  # the unguessable part of the callback path
    enabled: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    paused_because: Mapped[str] = mapped_column(default="")  # what the gateway said of our keys or account
    paused_at: Mapped[datetime | None]  # nothing is sent to it until staff have saved its settings again


class PaymentMethod(Model):
    """A token at a gateway account; never card data beyond brand, last four digits and expiry.

    By the two marks, keyed digests, it is found again when the provider tells of it, or of whom it belongs to there.
    """

    __tablename__ = "payment_method"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("gateway_account.id"))
    token: Mapped[str]  # vault ciphertext
    detaching_token: Mapped[str] = mapped_column(  # vault ciphertext: forgotten here, at its gateway not yet
        default="", server_default=""
    )
    label: Mapped[str]  # "Visa •••• 4242"
    expires: Mapped[str] = mapped_column(default="")  # "2027-08"
    is_default: Mapped[bool] = mapped_column(default=False)
    usable: Mapped[bool] = mapped_column(default=True)  # false after a hard decline
    position: Mapped[int] = mapped_column(default=0)  # the customer's order: the lowest is charged first
    fingerprint: Mapped[str] = mapped_column(default="", index=True)  # keyed digest: the same card, the same text
    country: Mapped[str] = mapped_column(default="", server_default="")  # of the bank that issued it
    name_mark: Mapped[str] = mapped_column(default="", server_default="", index=True)
    owner_mark: Mapped[str] = mapped_column(default="", server_default="", index=True)
    created_at: Mapped[datetime]


class MethodSaving(Model):
    """A customer wants to save a method without paying. Written and committed before the gateway is called."""

    __tablename__ = "method_saving"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("gateway_account.id"))
    key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]  # as of an attempt
    provider_ref: Mapped[str] = mapped_column(default="")
    url: Mapped[str] = mapped_column(default="")
    method_id: Mapped[int | None] = mapped_column(ForeignKey("payment_method.id"))
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class PaymentAttempt(Model):
    """Written and committed before the gateway is called. `key` is sent as the idempotency key."""

    __tablename__ = "payment_attempt"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        Index("ix_payment_attempt_document", "document_id"),
        Index("ix_payment_attempt_method", "method_id", "created_at"),
        Index("ix_payment_attempt_state", "state", "next_look_at"),
        Index("ix_payment_attempt_provider", "account_id", "provider_ref"),
        Index("ix_payment_attempt_reference", "provider_ref"),
        Index("ix_payment_attempt_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("gateway_account.id"))
    method_id: Mapped[int | None] = mapped_column(ForeignKey("payment_method.id"))
    number: Mapped[int]  # n-th try for this document
    key: Mapped[str] = mapped_column(unique=True)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    state: Mapped[str]
    off_session: Mapped[bool] = mapped_column(default=False)
    provider_ref: Mapped[str] = mapped_column(default="")
    action: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # redirect, instructions or client token
    decline_class: Mapped[str] = mapped_column(default="")
    decline_code: Mapped[str] = mapped_column(default="")
    looks: Mapped[int] = mapped_column(default=0)
    next_look_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class AttemptDocument(Model):
    """A document that an attempt pays besides its own, in the order of their positions."""

    __tablename__ = "attempt_document"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("payment_attempt.id"), primary_key=True, autoincrement=False)
    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id"), primary_key=True, autoincrement=False, index=True
    )
    position: Mapped[int]


class UnassignedMoney(Model):
    """A transfer of which nobody knew whose it is when it came; `payment_id` is set when somebody did, `returned_at`
    when it was sent back to who had paid it."""

    __tablename__ = "unassigned_money"
    __table_args__ = (
        UniqueConstraint("account_id", "provider_ref"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("gateway_account.id"))
    provider_ref: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    payer: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"))
    returned_at: Mapped[datetime | None]
    returned_ref: Mapped[str] = mapped_column(default="", server_default="")  # of the transfer that took it back
    returned_entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))


class Payment(Model):
    """Money in. One per succeeded attempt or per transfer that staff booked; `(account, provider_ref)` comes once.

    Where the payer decides how much comes, what comes later for the same attempt is its `part` 2, 3, …
    """

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("account_id", "provider_ref"),
        UniqueConstraint("attempt_id", "part"),
        Index("ix_payment_customer", "customer_id"),
        Index("ix_payment_received", "received_at"),
        Index("ix_payment_provider", "provider_ref"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("gateway_account.id"))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("payment_attempt.id"))
    part: Mapped[int] = mapped_column(default=1)
    provider_ref: Mapped[str]
    amount_minor: Mapped[int]
    fee_minor: Mapped[int] = mapped_column(default=0)
    refunded_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    settled_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # at the provider, before its fee
    settled_currency: Mapped[str] = mapped_column(default="", server_default="")  # "": in the payment's own
    state: Mapped[str] = mapped_column(default="received")  # received | charged_back
    received_at: Mapped[datetime]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))


class Refund(Model):
    """Money on its way back to where it came from. Written and committed before the gateway is called, as an attempt.

    `taken` says where the money was: [["document" | "credit" | "note", id, minor], …], and "bonus" for what went with
    it of a gift. If it does not arrive, it goes back there. `sending_since` is the claim of who talks to the gateway
    about it just now; one that stays was left by a process that died, and the gateway may have heard of the refund. At
    `claim_url` the payer says where it goes.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        Index("ix_refund_state", "state", "next_look_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    amount_minor: Mapped[int]
    reason: Mapped[str] = mapped_column(default="")
    state: Mapped[str]
    taken: Mapped[list[Any]] = mapped_column(JSON, default=list)
    provider_ref: Mapped[str] = mapped_column(default="")
    claim_url: Mapped[str] = mapped_column(default="")
    failure_code: Mapped[str] = mapped_column(default="")
    sending_since: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(default=0)
    next_look_at: Mapped[datetime | None]
    credit_note_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    taken_entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))  # the money left
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class Dispute(Model):
    """A chargeback: money that the provider took back because the payer's bank asked for it. `taken` as of a refund.

    `pulled` holds the subscriptions whose paid time ended with it. `taken` may be less than the amount, or nothing,
    where an earlier dispute of the payment has taken it already. The fee is in `fee_currency`, "": the payment's own.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        UniqueConstraint("payment_id", "provider_ref"),
        Index("ix_dispute_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    provider_ref: Mapped[str]
    state: Mapped[str]  # open | won | lost
    amount_minor: Mapped[int]
    fee_minor: Mapped[int] = mapped_column(default=0)
    fee_currency: Mapped[str] = mapped_column(default="", server_default="")
    reason: Mapped[str] = mapped_column(default="")
    taken: Mapped[list[Any]] = mapped_column(JSON, default=list)
    pulled: Mapped[list[Any]] = mapped_column(JSON, default=list)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Payout(Model):
    """What a provider sent to the seller's bank account of what it held; below zero, took from there. Comes once."""

    __tablename__ = "gateway_payout"
    __table_args__ = (UniqueConstraint("account_id", "provider_ref"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("gateway_account.id"))
    provider_ref: Mapped[str]
    amount_minor: Mapped[int]
    fee_minor: Mapped[int] = mapped_column(default=0, server_default="0")  # kept for it; of those that staff book
    currency: Mapped[str]
    state: Mapped[str]  # paid | returned
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))  # the money left for the bank
    by_hand: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # staff have booked it
    paid_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
    returned_because: Mapped[str] = mapped_column(default="", server_default="")  # of those that staff book


class Callback(Model):
    """An inbound message, stored raw before it is understood. `event_id` is set once it has been verified."""

    __tablename__ = "callback"
    __table_args__ = (
        UniqueConstraint("account_id", "event_id"),
        Index("ix_callback_state", "state", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("gateway_account.id"))
    path: Mapped[str]
    query: Mapped[str] = mapped_column(default="")
    headers: Mapped[dict[str, Any]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    remote_address: Mapped[str] = mapped_column(default="", server_default="")
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="received")  # received | verified | applied | quarantined | rejected
    event_id: Mapped[str | None]
    error: Mapped[str] = mapped_column(default="")
