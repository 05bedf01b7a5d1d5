"""The plugin's tables. Instants are whole seconds since 1970, UTC."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, MetaData, String, Table

__all__ = ["BATCH", "GUESS", "METADATA", "PIN", "USE"]

METADATA = MetaData()

BATCH = Table(
    "x_voucher_batch",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("code", String, nullable=False, unique=True),
    Column("account", String, nullable=False),  # code of the gateway account that redeems it
    Column("value_minor", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("note", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("blocked_at", BigInteger),
    Column("blocked_because", String, nullable=False),
)
PIN = Table(
    "x_voucher_pin",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("batch_id", ForeignKey("x_voucher_batch.id"), nullable=False, index=True),
    Column("serial", String, nullable=False, unique=True),
    Column("hash", String, nullable=False, unique=True),
    Column("blocked_at", BigInteger),
    Column("blocked_because", String, nullable=False),
    Column("used_at", BigInteger),
)
# which PIN an attempt has taken; without one: that it never will, which its look-up has said
USE = Table(
    "x_voucher_use",
    METADATA,
    Column("attempt", String, primary_key=True),
    Column("pin_id", ForeignKey("x_voucher_pin.id"), unique=True),
)
GUESS = Table(
    "x_voucher_guess",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("who", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_x_voucher_guess_who_at", "who", "at"),
    Index("ix_x_voucher_guess_at", "at"),
)
