"""Boxes for an order: kept from the moment of the order, free again when it comes to nothing."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_, select

from billhead.actions.devices._device import move_device
from billhead.db import Tx
from billhead.domain.device import DeviceEvent, DeviceState
from billhead.domain.errors import Conflict
from billhead.models.catalogue import Plan
from billhead.models.devices import Device, DeviceModel
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription

__all__ = ["free_devices", "keep_devices", "pick_devices"]


def pick_devices(tx: Tx, customer: Customer, parts: Sequence[tuple[Plan, int]]) -> list[Device]:
    """The boxes for these add-ons, locked: the oldest of each model, a reseller's own before those of the house. One
    that a line is still watched on is passed over.

    An add-on that no model names is sold without stock. Raises Conflict when there are too few.
    """
    picked: list[Device] = []
    for plan, quantity in parts:
        if plan.kind != "device":
            continue
        models = list(tx.session.scalars(select(DeviceModel.id).where(DeviceModel.plan_id == plan.id)))
        if not models:
            continue
        theirs: ColumnElement[bool] = Device.reseller_id.is_(None)
        if customer.reseller_id is not None:
            theirs = or_(theirs, Device.reseller_id == customer.reseller_id)
        watched = exists().where(Service.mac == Device.mac, Service.lifecycle != "gone")
        found = tx.session.scalars(
            select(Device)
            .where(Device.model_id.in_(models), Device.state == DeviceState.IN_STOCK.value, theirs, ~watched)
            .order_by(Device.reseller_id.is_(None), Device.received_on, Device.id)
            .limit(quantity)
            .with_for_update(skip_locked=True)
        ).all()
        if len(found) < quantity:
            raise Conflict(f"{plan.name} is out of stock", code="out_of_stock")
        picked += found
    return picked


def keep_devices(tx: Tx, devices: Sequence[Device], subscription: Subscription, services: Sequence[Service]) -> None:
    """Reserve them for an order; the box whose MAC a line has is the one that it is watched on."""
    tx.session.flush()
    for device in devices:
        move_device(tx, device, DeviceEvent.RESERVE, subscription_id=subscription.id)
        device.subscription_id = subscription.id
        on = [service.id for service in services if service.mac is not None and service.mac == device.mac]
        device.service_id = on[0] if on else None


def free_devices(tx: Tx, subscription_id: int) -> None:
    """Whatever was kept for it goes back to stock."""
    kept = select(Device).where(Device.subscription_id == subscription_id, Device.state == DeviceState.RESERVED.value)
    for device in tx.session.scalars(kept.with_for_update()).all():
        move_device(tx, device, DeviceEvent.FREE, subscription_id=subscription_id)
        device.subscription_id = device.service_id = None
