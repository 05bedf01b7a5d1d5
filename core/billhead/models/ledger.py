"""The ledger: accounts, append-only balanced entries with their postings, and the seals over them.

A posting may be written only while its entry does not exist yet, and the entry only when its postings balance: triggers
hold both (see the migration `ledger_guards`), and the deferred foreign key lets the postings come first.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, LargeBinary, UniqueConstraint, case
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model
from billhead.domain.ledger import Side

__all__ = ["LedgerAccount", "LedgerEntry", "LedgerPosting", "LedgerSeal", "LedgerSealed"]


class LedgerAccount(Model):
    """`subject` tells apart accounts of one code: a gateway account, a tax jurisdiction, a reseller."""

    __tablename__ = "ledger_account"
    __table_args__ = (UniqueConstraint("seller_id", "code", "currency", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str]
    currency: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")  # "gateway:3", "DE:standard", "reseller:12"


class LedgerEntry(Model):
    __tablename__ = "ledger_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    kind: Mapped[str]  # invoice | payment | credit_applied | refund | recognition | transfer …
    day: Mapped[date]
    key: Mapped[str] = mapped_column(unique=True)  # what it books, e.g. "document:81"; the same thing is booked once
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime]


class LedgerPosting(Model):
    __tablename__ = "ledger_posting"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("side IN ('D', 'C')", name="side"),
        Index("ix_ledger_posting_account", "account_id", "customer_id"),
        Index("ix_ledger_posting_customer", "customer_id"),
        {"sqlite_with_rowid": False},
    )

    entry_id: Mapped[int] = mapped_column(
        ForeignKey("ledger_entry.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
        autoincrement=False,
    )
    leg: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    side: Mapped[str]  # D | C
    amount_minor: Mapped[int]

    @classmethod
    def signed(cls, side: Side = Side.D) -> ColumnElement[int]:
        """The amount, below zero when it stands on the other side."""
        return case((cls.side == side.value, cls.amount_minor), else_=-cls.amount_minor)


class LedgerSeal(Model):
    """A chained Merkle block over committed entries; `signature` is an HMAC over `root`."""

    __tablename__ = "ledger_seal"

    id: Mapped[int] = mapped_column(primary_key=True)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    count: Mapped[int]
    sealed_at: Mapped[datetime]


class LedgerSealed(Model):
    """Which block holds an entry, and where in it."""

    __tablename__ = "ledger_sealed"
    __table_args__ = (UniqueConstraint("seal_id", "position"),)

    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True, autoincrement=False)
    seal_id: Mapped[int] = mapped_column(ForeignKey("ledger_seal.id"))
    position: Mapped[int]
