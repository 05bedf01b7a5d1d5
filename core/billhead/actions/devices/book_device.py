"""Book what became of a box that no customer has: looked at and in stock again, broken, or lost."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.devices._device import locked_device, move_device
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.device import AWAY, DeviceEvent
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.devices import Device
from billhead.models.people import Reseller
from billhead.models.subscriptions import Service

__all__ = ["DeviceBooked", "book_device"]

_INTO = {"in_stock": DeviceEvent.RESTOCK, "defective": DeviceEvent.BREAK, "lost": DeviceEvent.LOSE}


@dataclass(frozen=True, slots=True)
class DeviceBooked:
    device_id: int
    state: str


@verb("devices.book", permission="devices.write")
def book_device(tx: Tx, device_id: int, state: str, reseller_id: int | None = None) -> DeviceBooked:
    """`reseller_id`: whose stock it is in from now on, None for the house's; only for a box that is in stock.

    Raises NotFound, InvalidInput, IllegalTransition, or Conflict: a customer has it, or a line is still watched on it.
    """
    device = locked_device(tx, device_id)
    if state not in _INTO:
        raise InvalidInput("state", f"{state!r} is not one of {', '.join(_INTO)}")
    if device.state in AWAY:
        raise Conflict(f"a customer has {device.serial}", hint="take it back first")
    if state != "in_stock" and reseller_id != device.reseller_id:
        raise InvalidInput("reseller", "only what is in stock is given to somebody else's")
    if state == "in_stock":
        _check_free(tx, device)
        device.subscription_id = device.service_id = device.plan_id = None
        device.handed_out_on = device.warranty_until = None
        device.reseller_id = _reseller(tx, device, reseller_id)
    if device.state != state:
        move_device(tx, device, _INTO[state])
    return DeviceBooked(device.id, device.state)


def _check_free(tx: Tx, device: Device) -> None:
    watched = select(Service.login).where(Service.mac == device.mac, Service.lifecycle != "gone")
    login = tx.session.scalar(watched.limit(1)) if device.mac else None
    if login is not None:
        raise Conflict(f"line {login} is still watched on {device.serial}", hint="give it another box, or end it first")


def _reseller(tx: Tx, device: Device, reseller_id: int | None) -> int | None:
    if reseller_id is None:
        return None
    reseller = tx.session.get(Reseller, reseller_id)
    if reseller is None or reseller.seller_id != device.seller_id:
        raise NotFound("reseller", reseller_id)
    return reseller.id
