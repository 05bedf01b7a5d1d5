"""Documents (proforma, invoice, credit note), their lines, allocations, and billing runs. Final ones never change."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model
from billhead.domain.document import OWED, Kind

__all__ = ["Allocation", "BillingRun", "Document", "DocumentLine", "FailedItem", "MendedItem", "Party"]


class Party(Model):
    """Name, address and tax ids as they stood when a document was made; shared by documents with the same data."""

    __tablename__ = "party"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class Document(Model):
    """Amounts are minor units of `currency`. `settled_minor` is the sum of its allocations."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("seller_id", "kind", "fiscal_year", "number"),
        CheckConstraint("settled_minor >= 0", name="settled"),
        CheckConstraint("total_minor = net_minor + tax_minor", name="total"),
        Index("ix_document_customer", "customer_id", "id"),
        Index("ix_document_open", "state", "due_on"),
        Index("ix_document_issued", "issued_on"),
        Index("ix_document_number_text", "number_text"),
        Index(
            "uq_document_number_text",
            "seller_id",
            "number_text",
            unique=True,
            sqlite_where=text("number_text <> ''"),
            postgresql_where=text("number_text <> ''"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"), index=True)
    kind: Mapped[str]  # proforma | invoice | credit_note
    state: Mapped[str]
    fiscal_year: Mapped[int | None]
    number: Mapped[int | None]  # null until final
    number_text: Mapped[str] = mapped_column(default="")
    issued_on: Mapped[date | None]  # seller's date
    due_on: Mapped[date | None]
    currency: Mapped[str]
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    total_minor: Mapped[int]
    settled_minor: Mapped[int] = mapped_column(default=0)
    buyer_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    issuer_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))  # a credit note's invoice
    proforma_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))  # an invoice's proforma
    run_id: Mapped[int | None] = mapped_column(ForeignKey("billing_run.id"))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    closing_entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))  # its last void or write-off
    notes: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")  # what tax law wants printed

    base_currency: Mapped[str] = mapped_column(default="", server_default="")  # the seller's when it was issued
    fx_rate: Mapped[str | None]  # one unit of `currency` in `base_currency` on that day; null: nobody knew it
    base_minor: Mapped[int | None]  # the total at that rate, for reports
    tax_inclusive: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # its unit prices
    finalise_on: Mapped[date | None]  # a draft's: from then on the job makes it final; null: staff do
    # a draft's: grace | review | a sentence; an order's: why it can't be paid yet
    held_because: Mapped[str] = mapped_column(default="", server_default="")
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)  # where its lines went
    created_at: Mapped[datetime]

    @classmethod
    def owed(cls) -> ColumnElement[bool]:
        """An invoice that waits to be paid, whole or in part."""
        return (cls.kind == Kind.INVOICE.value) & cls.state.in_([state.value for state in OWED])


class DocumentLine(Model):
    """One billed item. Its unique key is why nobody is billed twice; a proforma's lines have no period, so no key."""

    __tablename__ = "document_line"
    __table_args__ = (
        UniqueConstraint("subscription_id", "component_id", "kind", "period_start", "revision", name="uq_billed_once"),
        CheckConstraint("period_end IS NULL OR period_end > period_start", name="period"),
        Index("ix_document_line_document", "document_id"),
        Index("ix_document_line_period_end", "period_end"),  # what runs today, of years of lines
        Index(
            "ix_document_line_corrects",
            "corrects_line_id",
            sqlite_where=text("corrects_line_id IS NOT NULL"),
            postgresql_where=text("corrects_line_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    position: Mapped[int]
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"))
    component_id: Mapped[int | None] = mapped_column(ForeignKey("subscription_component.id"))
    price_id: Mapped[int | None] = mapped_column(ForeignKey("price.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    kind: Mapped[str]  # recurring | trial | setup | one_off | usage | returned | discount:… | late_fee | top_up
    description: Mapped[str]
    term: Mapped[str] = mapped_column(default="")
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    revision: Mapped[int] = mapped_column(default=0)
    quantity: Mapped[int] = mapped_column(default=1)
    unit_minor: Mapped[int]
    discount_minor: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # taken off already, as the price book has it
    discount_code: Mapped[str] = mapped_column(default="", server_default="")  # "WELCOME", "TEN + FIVE"
    net_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0)
    tax_code: Mapped[str] = mapped_column(default="")  # jurisdiction and reason, e.g. "DE:standard"
    tax_rate_ppm: Mapped[int] = mapped_column(default=0)  # parts per million: 190000 = 19 %
    taxes: Mapped[list[Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # [[code, ppm, minor], …] if there are several
    cycle_start: Mapped[date | None]  # the whole cycle that a part of is billed; null: the period is whole
    cycle_end: Mapped[date | None]
    cycle_minor: Mapped[int | None]  # what the whole cycle would cost after discount, as the price book has it
    corrects_line_id: Mapped[int | None] = mapped_column(ForeignKey("document_line.id"))  # what is given back
    tax_class: Mapped[str] = mapped_column(default="", server_default="")
    moved_from_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))  # merged or split: where it was before


class Allocation(Model):
    """Which payment, customer credit or credit note paid which line, and how much; a take-back is a negative row.

    `day` is that of the ledger entry that booked it, so that what was open on any day can be told.
    """

    __tablename__ = "allocation"
    __table_args__ = (
        Index("ix_allocation_document", "document_id"),
        Index("ix_allocation_payment", "payment_id"),
        Index(
            "ix_allocation_customer_credit",
            "customer_credit_id",
            sqlite_where=text("customer_credit_id IS NOT NULL"),
            postgresql_where=text("customer_credit_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("document_line.id"))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"))
    customer_credit_id: Mapped[int | None] = mapped_column(ForeignKey("customer_credit.id"))
    credit_note_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    amount_minor: Mapped[int]
    day: Mapped[date]
    created_at: Mapped[datetime]


class BillingRun(Model):
    """One run over what is due, its progress and its result; a run outside the expected band stops and asks."""

    __tablename__ = "billing_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int | None] = mapped_column(ForeignKey("seller.id"))
    as_of: Mapped[date]
    state: Mapped[str]  # running | done | needs_confirmation | canceled | aborted
    cursor: Mapped[int] = mapped_column(default=0)  # last subscription id that was committed
    considered: Mapped[int] = mapped_column(default=0)
    documents: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    totals: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # currency → minor units
    invoices: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # currency → how many
    unusual: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # why it asks; see `Unusual`
    cancel_asked: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    started_at: Mapped[datetime]
    alive_at: Mapped[datetime | None]  # its last batch: a run that writes none for long is dead
    finished_at: Mapped[datetime | None]


class FailedItem(Model):
    """A subscription that could not be billed, with the reason; the next run tries it again and clears it."""

    __tablename__ = "billing_failed_item"

    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("billing_run.id"))
    plugin: Mapped[str] = mapped_column(default="")
    error: Mapped[str]
    tries: Mapped[int] = mapped_column(default=1)
    since: Mapped[datetime]
    at: Mapped[datetime]


class MendedItem(Model):
    """A subscription that could not be billed for a while, with the last reason, and when it worked again."""

    __tablename__ = "billing_mended_item"
    __table_args__ = (Index("ix_billing_mended_item_mended", "mended_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), index=True)
    plugin: Mapped[str] = mapped_column(default="")
    error: Mapped[str]
    tries: Mapped[int]
    since: Mapped[datetime]
    mended_at: Mapped[datetime]
