"""One box, locked and moved through its states."""

from typing import Any

from sqlalchemy import select

from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.device import TRANSITIONS, DeviceEvent, DeviceState
from billhead.domain.errors import NotFound
from billhead.domain.state import next_state
from billhead.models.devices import Device
from billhead.models.subscriptions import Subscription

__all__ = ["locked_device", "move_device"]


def locked_device(tx: Tx, device_id: int, subscription_id: int | None = None) -> Device:
    """The box, locked after the subscription that it goes to or belongs to, as what ends one does. Raises NotFound."""
    tx.session.flush()
    known = tx.session.scalar(select(Device.subscription_id).where(Device.id == device_id))
    if subscription_id or known:
        tx.session.get(Subscription, subscription_id or known, with_for_update=True, populate_existing=True)
    device = tx.session.get(Device, device_id, with_for_update=True, populate_existing=True)
    if device is None:
        raise NotFound("device", device_id)
    return device


def move_device(tx: Tx, device: Device, event: DeviceEvent, **details: Any) -> None:
    """Apply an event of the state table (IllegalTransition if it isn't there); the trail says from where to where."""
    before = device.state
    device.state = next_state(TRANSITIONS, DeviceState(before), event).value
    audit(tx, f"devices.{event.value}", f"device:{device.id}", {"from": before, "to": device.state, **details})
