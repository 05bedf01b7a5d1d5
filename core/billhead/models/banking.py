"""Money by bank transfer: what the bank's statements say has moved, and what customers send as proof that they paid."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["BankEntry", "TransferProof"]


class BankEntry(Model):
    """One movement as a statement or notification told it, whatever came of it. Its bank reference comes once.

    A bank reference may stand for a batch: `part` counts its `parts`. `state`: booked (a payment), linked (staff
    had booked it by hand), unassigned (in suspense), reversed (it took a payment back), open (a person has to look).
    """

    __tablename__ = "bank_entry"
    __table_args__ = (
        UniqueConstraint("account_id", "kind", "servicer_ref", "part"),
        CheckConstraint("amount_minor > 0", name="amount"),
        Index("ix_bank_entry_payer", "account_id", "payer_iban"),
        Index("ix_bank_entry_end_to_end", "account_id", "end_to_end_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("gateway_account.id"))
    kind: Mapped[str]  # received | taken_back | sent_back
    servicer_ref: Mapped[str]
    part: Mapped[int] = mapped_column(default=0)
    parts: Mapped[int] = mapped_column(default=1)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    booked_on: Mapped[date]
    payer: Mapped[str] = mapped_column(default="")
    payer_iban: Mapped[str] = mapped_column(default="")
    said: Mapped[str] = mapped_column(default="")  # what the payer wrote, as one text
    end_to_end_id: Mapped[str] = mapped_column(default="")
    state: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    unassigned_money_id: Mapped[int | None] = mapped_column(ForeignKey("unassigned_money.id"), index=True)
    dispute_id: Mapped[int | None] = mapped_column(ForeignKey("dispute.id"))
    taken_at: Mapped[datetime]


class TransferProof(Model):
    """A picture or PDF with which a customer shows that they have transferred. It proves nothing until staff say so."""

    __tablename__ = "transfer_proof"
    __table_args__ = (Index("ix_transfer_proof_state", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("payment_attempt.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    file_name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[str] = mapped_column(default="waiting")  # waiting | approved | rejected
    answer: Mapped[str] = mapped_column(default="")  # why it was rejected, as the customer is told
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"))
    sent_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
