"""Give a box to who ordered it: sold with a warranty, or rented for as long as the add-on is paid."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from billhead import clock
from billhead.actions.devices._device import locked_device, move_device
from billhead.actions.provisioning._mac import put_mac
from billhead.actions.subscriptions._state import live_services, visible_subscription
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.device import AWAY, DeviceEvent, DeviceState
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.periods import Term, cycle_start
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.devices import Device, DeviceModel
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["HandedOut", "hand_out"]


@dataclass(frozen=True, slots=True)
class HandedOut:
    device_id: int
    subscription_id: int
    state: str


@verb("devices.hand_out", permission="devices.write")
def hand_out(tx: Tx, device_id: int, subscription_id: int | None = None) -> HandedOut:
    """The box that was kept for an order, or another one from stock in its place. Its MAC becomes that of the line.

    Raises NotFound, InvalidInput (no subscription is named, the MAC is taken) or Conflict: it is not in stock, the
    subscription is not paid or has ended, or has no such box to come.
    """
    device = locked_device(tx, device_id, subscription_id)
    wanted = subscription_id or device.subscription_id
    if wanted is None:
        raise InvalidInput("subscription", "say for which subscription")
    if device.state == DeviceState.RESERVED and device.subscription_id != wanted:
        raise Conflict(f"{device.serial} is kept for another order")
    subscription = visible_subscription(tx, wanted)
    if subscription.state in (State.PENDING, State.CANCELED):
        raise Conflict("the subscription is not paid yet, or has ended", hint="a box goes out when its order is paid")
    model = tx.session.get_one(DeviceModel, device.model_id)
    plan = _ordered(tx, device, model, subscription)
    rented = bool(plan.details.get("rented"))
    move_device(tx, device, DeviceEvent.RENT if rented else DeviceEvent.SELL, subscription_id=subscription.id)
    today = clock.today_in(subscription.zone)
    device.subscription_id, device.plan_id, device.handed_out_on = subscription.id, plan.id, today
    if not rented and model.warranty_months:
        device.warranty_until = cycle_start(today, Term("month", model.warranty_months), 1)
    _put_on_line(tx, device, model, subscription)
    return HandedOut(device.id, subscription.id, device.state)


def _ordered(tx: Tx, device: Device, model: DeviceModel, subscription: Subscription) -> Plan:
    """The add-on that still has a box to come. A box kept for the same order goes back to stock for this one."""
    if model.plan_id is None:
        raise Conflict(f"{model.name} is neither sold nor rented", hint="name its add-on on the model")
    plan = tx.session.get_one(Plan, model.plan_id)
    today, part = clock.today_in(subscription.zone), SubscriptionComponent
    running = or_(part.ends_on.is_(None), part.ends_on > today, part.ends_on == part.starts_on)
    bought = select(func.sum(part.quantity)).where(
        part.subscription_id == subscription.id, part.plan_id == plan.id, running
    )
    same = (
        select(Device)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.subscription_id == subscription.id, Device.id != device.id)
        # one that was exchanged may be of a model that is sold by another add-on
        .where(func.coalesce(Device.plan_id, DeviceModel.plan_id) == plan.id)
        .with_for_update(of=Device)
    )
    others = tx.session.scalars(same).all()
    there = sum(1 for one in others if one.state in AWAY)
    if there >= int(tx.session.scalar(bought) or 0):
        raise Conflict(f"the subscription has no {plan.name} to come", hint="add it to the subscription first")
    kept = [one for one in others if one.state == DeviceState.RESERVED]
    if device.state == DeviceState.IN_STOCK and kept:
        instead = kept[0]
        move_device(tx, instead, DeviceEvent.FREE, instead=device.id)
        device.service_id = instead.service_id
        instead.subscription_id = instead.service_id = None
        audit(tx, "devices.instead", f"device:{device.id}", {"of": instead.id})
    return plan


def _put_on_line(tx: Tx, device: Device, model: DeviceModel, subscription: Subscription) -> None:
    """The line that it was kept for, else the first of its kind that is not watched on a box of ours."""
    if device.mac is None:
        return
    lines = [
        line for line in live_services(tx, subscription)
        if line.kind == model.kind and (line.mac is not None or line.kind == "mag")
    ]  # fmt: skip
    ours = select(Device.service_id).where(Device.service_id.in_([line.id for line in lines]), Device.id != device.id)
    taken = set(tx.session.scalars(ours))
    free = [line for line in lines if line.id not in taken]
    line = next((one for one in lines if one.id == device.service_id), free[0] if free else None)
    if line is not None:
        put_mac(tx, line, device.mac)
        device.service_id = line.id
