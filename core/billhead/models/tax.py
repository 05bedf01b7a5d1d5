"""What was asked about tax ids, and what was answered: the proof for a document without tax."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["TaxIdCheck"]


class TaxIdCheck(Model):
    """One question to a register, or one decision by staff. Rows are added, never changed."""

    __tablename__ = "tax_id_check"
    __table_args__ = (Index("ix_tax_id_check_customer", "customer_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    vat_id: Mapped[str]
    checker: Mapped[str]  # the code of a checker; "staff" for a decision by hand
    outcome: Mapped[str]  # valid | invalid | unavailable
    reference: Mapped[str] = mapped_column(default="")  # the register's proof, or what staff looked at
    name: Mapped[str] = mapped_column(default="")  # as registered
    address: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
