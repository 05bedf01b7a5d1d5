"""What was bought once (an event, a film for some hours, a pass) and may be watched within a window."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Entitlement"]


class Entitlement(Model):
    """`valid_from` and `valid_until` are set when it is paid for. `uses_left` is null where it may be used at will.

    `document_id` is its proforma, and from the moment of payment its invoice. One that waits for the next invoice
    (`waits_until`: the last day to bill it) may be watched at once and has no document yet. `pass_id` is the pass by
    which it was had, one use of it for no money.
    """

    __tablename__ = "entitlement"
    __table_args__ = (
        Index("ix_entitlement_subscription", "subscription_id", "id"),
        Index("ix_entitlement_plan", "plan_id", "id"),
        Index("ix_entitlement_document", "document_id"),
        Index("ix_entitlement_waiting", "waits_until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    price_id: Mapped[int] = mapped_column(ForeignKey("price.id"))
    state: Mapped[str]  # offered | active | refunded | withdrawn
    uses_left: Mapped[int | None]
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    bought_on: Mapped[date]
    waits_until: Mapped[date | None]
    pass_id: Mapped[int | None] = mapped_column(ForeignKey("entitlement.id"))
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    created_at: Mapped[datetime]
