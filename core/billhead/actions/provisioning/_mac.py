"""The box of a line: its MAC, which no other line and nobody else's box may have."""

from sqlalchemy import select

from billhead.actions.provisioning._one_box import lock_macs
from billhead.actions.provisioning.want import want
from billhead.db import Tx
from billhead.domain.device import AWAY, DeviceState
from billhead.domain.errors import InvalidInput
from billhead.models.devices import Device
from billhead.models.subscriptions import Service, Subscription

__all__ = ["put_mac"]


def put_mac(tx: Tx, service: Service, mac: str) -> bool:
    """Let the line be watched on the box with this MAC; the stock rows of the old and the new one follow. False when
    it is so already.

    Raises InvalidInput when it is taken, which does not tell by whom. Two who want one MAC come one after the other.
    """
    if service.mac == mac:
        return False
    lock_macs(tx.session, [mac])
    subscription = tx.session.get_one(Subscription, service.subscription_id)
    watched = select(Service.id).where(
        Service.mac == mac, Service.lifecycle != "gone", Service.subscription_id != subscription.id
    )
    ours = tx.session.scalar(select(Device).where(Device.mac == mac).with_for_update())
    if tx.session.scalar(watched.limit(1)) is not None or (ours is not None and not _theirs(tx, ours, subscription)):
        raise InvalidInput(
            "mac", "this box can't be used here", code="mac_taken", hint="check the label below the box, or ask us"
        )
    for device in tx.session.scalars(select(Device).where(Device.service_id == service.id).with_for_update()):
        device.service_id = None
    if ours is not None:
        ours.service_id = service.id
    return want(tx, service, mac=mac)


def _theirs(tx: Tx, device: Device, subscription: Subscription) -> bool:
    """The customer has it, or it is kept for this subscription."""
    if device.state == DeviceState.RESERVED:
        return device.subscription_id == subscription.id
    if device.state not in AWAY:
        return False
    mine = select(Subscription.id).where(
        Subscription.customer_id == subscription.customer_id,
        Subscription.id == device.subscription_id,
    )
    return tx.session.scalar(mine) is not None
