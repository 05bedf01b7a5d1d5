"""Batches of cards, their PINs, who has used them, and wrong guesses."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "x_voucher_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("blocked_at", sa.BigInteger(), nullable=True),
        sa.Column("blocked_because", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "x_voucher_pin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("blocked_at", sa.BigInteger(), nullable=True),
        sa.Column("blocked_because", sa.String(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["x_voucher_batch.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("serial"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index("ix_x_voucher_pin_batch_id", "x_voucher_pin", ["batch_id"])
    op.create_table(
        "x_voucher_use",
        sa.Column("attempt", sa.String(), nullable=False),
        sa.Column("pin_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["pin_id"], ["x_voucher_pin.id"]),
        sa.PrimaryKeyConstraint("attempt"),
        sa.UniqueConstraint("pin_id"),
    )
    op.create_table(
        "x_voucher_guess",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_x_voucher_guess_who_at", "x_voucher_guess", ["who", "at"])
    op.create_index("ix_x_voucher_guess_at", "x_voucher_guess", ["at"])


def downgrade() -> None:
    op.drop_table("x_voucher_guess")
    op.drop_table("x_voucher_use")
    op.drop_table("x_voucher_pin")
    op.drop_table("x_voucher_batch")
