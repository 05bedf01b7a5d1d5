"""Watch a line on another box: by the customer so often a month, by staff whenever there is a reason."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning._mac import put_mac
from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.mac import parse_mac
from billhead.domain.periods import Term, cycle_start
from billhead.models.catalogue import Plan
from billhead.models.devices import MacSwap
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription

__all__ = ["MacSwapped", "SwapsLeft", "preview_swap_mac", "swap_mac"]

_MONTH = Term("month")


@dataclass(frozen=True, slots=True)
class SwapsLeft:
    """`limit` a calendar month of the customer's, 0: not by themselves. `next_on` is the day from which there is one
    again, when none is left now."""

    limit: int
    used: int
    next_on: date | None

    @property
    def left(self) -> int:
        return max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class MacSwapped:
    service_id: int
    mac: str
    changed: bool


def preview_swap_mac(tx: Tx, service_id: int) -> SwapsLeft:
    """How often the customer may still do it this month. Raises what `swap_mac` raises for the line itself."""
    service, subscription = _boxed(tx, service_id)
    return _left(tx, service, subscription)


@verb("provisioning.swap_mac")
def swap_mac(tx: Tx, service_id: int, mac: str) -> MacSwapped:
    """The panel, the stock and the customer are told of the new box; the old one is no longer let in.

    Staff (`services.write`) are not limited, but give a reason. Raises NotFound (a line that this actor can't see),
    InvalidInput (not a MAC, or taken) or Conflict (no box, an ended line, none left this month).
    """
    service, subscription = _boxed(tx, service_id)
    staff = tx.ctx.may("services.write")
    if staff and not tx.ctx.reason.strip():
        raise InvalidInput("reason", "say why it is exchanged")
    left = _left(tx, service, subscription)
    wanted = parse_mac(mac)
    old = service.mac
    if wanted == old:
        return MacSwapped(service.id, wanted, False)
    if not staff and not left.left:
        again = f"you can do it again from {left.next_on}" if left.next_on else "ask us, and we do it"
        raise Conflict("The box can't be exchanged again this month.", code="swaps_used", hint=again)
    put_mac(tx, service, wanted)
    today = clock.today_in(subscription.zone)
    swap = MacSwap(
        service_id=service.id, old_mac=old, new_mac=wanted, counted=not staff, swapped_on=today, actor=tx.ctx.actor,
        at=clock.now(),
    )  # fmt: skip
    tx.session.add(swap)
    tx.session.flush()
    audit(tx, "provisioning.mac", f"service:{service.id}", {"from": old, "to": wanted})
    facts = {"service_id": service.id, "swap_id": swap.id}
    queue_notice(tx, subscription.customer_id, "box_changed", f"box_changed:{swap.id}", facts)
    return MacSwapped(service.id, wanted, True)


def _boxed(tx: Tx, service_id: int) -> tuple[Service, Subscription]:
    service = tx.session.get(Service, service_id)
    if service is None:
        raise NotFound("service", service_id)
    subscription = _visible(tx, service)
    tx.session.refresh(service, with_for_update=True)
    if service.kind == "stream" or (service.kind == "enigma2" and service.mac is None):
        raise Conflict("This line is watched by login and password, not on a box.")
    if service.lifecycle != "wanted":
        raise Conflict("This line has ended.")
    return service, subscription


def _visible(tx: Tx, service: Service) -> Subscription:
    try:
        return visible_subscription(tx, service.subscription_id)
    except NotFound:
        raise NotFound("service", service.id) from None


def _left(tx: Tx, service: Service, subscription: Subscription) -> SwapsLeft:
    own = tx.session.get_one(Plan, subscription.plan_id).details.get("mac_swaps")
    limit = int(tx.session.get_one(Seller, subscription.seller_id).mac_swaps if own is None else own)
    first = clock.today_in(subscription.zone).replace(day=1)
    swaps = select(func.count()).where(
        MacSwap.service_id == service.id, MacSwap.counted.is_(True), MacSwap.swapped_on >= first
    )
    used = int(tx.session.scalar(swaps) or 0)
    return SwapsLeft(limit, used, cycle_start(first, _MONTH, 1) if 0 < limit <= used else None)
