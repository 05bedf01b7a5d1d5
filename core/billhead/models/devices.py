"""Boxes and receivers with serial and MAC: which there are, who has them, and the MAC swaps that customers made."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["BoxAddress", "Device", "DeviceModel", "MacSwap"]


class BoxAddress(Model):
    """A MAC that was given to a line once. Its row is locked by whoever gives it to one, and says nothing of whose it
    is: that stands on the lines, of which several of one subscription may have it while it is moved."""

    __tablename__ = "box_address"

    mac: Mapped[str] = mapped_column(primary_key=True)


class DeviceModel(Model):
    """A type of box. It is sold or rented by the add-on `plan`; without one it is only counted and given out."""

    __tablename__ = "device_model"
    __table_args__ = (UniqueConstraint("seller_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]  # mag | enigma2: the lines that it can watch
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), index=True)
    warranty_months: Mapped[int] = mapped_column(default=0)


class Device(Model):
    """One box. `mac` is AA:BB:CC:DD:EE:FF; `cost_minor` what its supplier was paid. `service_id` is the line that is
    watched on it; `plan_id` the add-on by which its customer has it, whatever its model is sold by since; `replaces_id`
    the one that it was given for under warranty."""

    __tablename__ = "device"
    __table_args__ = (
        UniqueConstraint("seller_id", "serial"),
        Index("ix_device_free", "model_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    model_id: Mapped[int] = mapped_column(ForeignKey("device_model.id"))
    serial: Mapped[str]
    mac: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default="in_stock")  # see domain.device
    cost_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    supplier: Mapped[str] = mapped_column(default="")
    received_on: Mapped[date]
    reseller_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"), index=True)  # in their stock
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"), index=True)
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"), index=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    handed_out_on: Mapped[date | None]
    warranty_until: Mapped[date | None]  # the first day without


class MacSwap(Model):
    """A line's box was exchanged. `counted`: by the customer, against the month's limit."""

    __tablename__ = "mac_swap"
    __table_args__ = (Index("ix_mac_swap_service", "service_id", "swapped_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    old_mac: Mapped[str | None]
    new_mac: Mapped[str]
    counted: Mapped[bool]
    swapped_on: Mapped[date]  # the customer's day
    actor: Mapped[str]
    at: Mapped[datetime]
