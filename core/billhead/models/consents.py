"""What customers agreed to: which version, when and from where, and when they took it back."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Consent"]


class Consent(Model):
    """Rows are added and withdrawn, never changed: the newest of a `what` says what holds now."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_customer", "customer_id", "what", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    what: Mapped[str]  # domain.consent.Agreed
    version: Mapped[str] = mapped_column(default="")  # of the text that was shown
    at: Mapped[datetime]
    address: Mapped[str] = mapped_column(default="")  # of the network; emptied with the customer's data
    withdrawn_at: Mapped[datetime | None]
