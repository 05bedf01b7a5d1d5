"""Give a customer another box for theirs, as under warranty: the new one takes its place in everything."""

from dataclasses import dataclass

from billhead.actions.devices._device import locked_device, move_device
from billhead.actions.provisioning._mac import put_mac
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.device import AWAY, MOVES, DeviceEvent, DeviceState
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.devices import DeviceModel
from billhead.models.subscriptions import Service

__all__ = ["Exchanged", "exchange_device"]


@dataclass(frozen=True, slots=True)
class Exchanged:
    device_id: int
    new_id: int


@verb("devices.exchange", permission="devices.write")
def exchange_device(tx: Tx, device_id: int, new_id: int, state: str = "defective") -> Exchanged:
    """Nothing is charged; a warranty runs on as it was. `state` is what becomes of the old box: defective or returned.

    Raises NotFound, InvalidInput, or Conflict: nobody has the old one, the new one is not in stock or of another kind.
    """
    if state not in ("defective", "returned"):
        raise InvalidInput("state", f"{state!r} is not defective or returned")
    if device_id == new_id:
        raise InvalidInput("new", "that is the same box")
    first, second = (locked_device(tx, key) for key in sorted((device_id, new_id)))
    old, new = (first, second) if first.id == device_id else (second, first)
    if old.state not in AWAY:
        raise Conflict(f"nobody has {old.serial}: it is {old.state}")
    if new.state != DeviceState.IN_STOCK:
        raise Conflict(f"{new.serial} is not in stock: it is {new.state}")
    kinds = {tx.session.get_one(DeviceModel, one.model_id).kind for one in (old, new)}
    if len(kinds) > 1 or old.seller_id != new.seller_id:
        raise Conflict(f"{new.serial} is not of the kind of {old.serial}")
    event = DeviceEvent.RENT if old.state == DeviceState.RENTED else DeviceEvent.SELL
    move_device(tx, new, event, instead_of=old.id, subscription_id=old.subscription_id)
    new.subscription_id, new.handed_out_on, new.warranty_until, new.plan_id = (
        old.subscription_id, old.handed_out_on, old.warranty_until, old.plan_id,
    )  # fmt: skip
    new.replaces_id = old.id
    tx.session.flush()
    if old.service_id is not None and new.mac is not None:
        put_mac(tx, tx.session.get_one(Service, old.service_id, with_for_update=True), new.mac)
    old.service_id = None
    move_device(tx, old, MOVES[state], instead=new.id)
    return Exchanged(old.id, new.id)
