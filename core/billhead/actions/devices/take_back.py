"""A box comes back, or never will: the rent ends by the rules of billing, and what is missing may be charged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.devices._device import locked_device, move_device
from billhead.actions.documents.add_line import FreeLine, add_line
from billhead.actions.documents.draft_invoice import draft_invoice
from billhead.actions.subscriptions._scheduled import last_cancel, wished_of
from billhead.actions.subscriptions._scheduled import take_back as withdraw
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.device import AWAY, MOVES, DeviceState
from billhead.domain.errors import BillheadError, Conflict, InvalidInput
from billhead.domain.subscription import RUNNING, State
from billhead.models.catalogue import Plan
from billhead.models.devices import DeviceModel
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["TakenBack", "take_back"]


@dataclass(frozen=True, slots=True)
class TakenBack:
    """`document_id`: the draft that charges what is missing. `rent`: "" none ran, done, scheduled, "ends with the
    subscription" where that is cancelled already, or "not ended: why", which is for staff to see to."""

    device_id: int
    state: str
    rent: str
    document_id: int | None


@verb("devices.take_back", permission="devices.write")
def take_back(
    tx: Tx,
    device_id: int,
    state: str = "returned",
    *,
    rent_ends: str = "end_of_term",
    missing_minor: int = 0,
    missing: str = "",
) -> TakenBack:
    """`state`: returned, defective or lost. `rent_ends`: end_of_term, or immediate, which gives the unused days back.

    The line keeps the MAC until it is exchanged or ends; until then the box can't go to anybody else. Raises NotFound,
    InvalidInput or Conflict (nobody has it). A box that is here is booked whatever becomes of its rent.
    """
    if state not in MOVES:
        raise InvalidInput("state", f"{state!r} is not one of {', '.join(MOVES)}")
    if rent_ends not in ("end_of_term", "immediate"):
        raise InvalidInput("rent_ends", f"{rent_ends!r} is not end_of_term or immediate")
    if missing_minor < 0 or (missing_minor and not missing.strip()):
        raise InvalidInput("missing", "say what is missing, and what it costs")
    device = locked_device(tx, device_id)
    if device.state not in AWAY or device.subscription_id is None:
        raise Conflict(f"nobody has {device.serial}: it is {device.state}")
    subscription = tx.session.get_one(Subscription, device.subscription_id)
    plan_id = device.plan_id or tx.session.get_one(DeviceModel, device.model_id).plan_id
    rented = device.state == DeviceState.RENTED
    move_device(tx, device, MOVES[state], subscription_id=subscription.id, customer_id=subscription.customer_id)
    rent = _end_rent(tx, subscription, plan_id, rent_ends) if rented and plan_id is not None else ""
    document_id = None
    if missing_minor:
        document_id = draft_invoice(tx, subscription.customer_id).document_id
        tax_class = tx.session.get_one(Plan, plan_id).tax_class if plan_id is not None else "tv"
        words = f"{missing.strip()[:200]} ({device.serial})"
        add_line(tx, document_id, FreeLine(words, missing_minor, tax_class=tax_class))
    return TakenBack(device.id, device.state, rent, document_id)


def _end_rent(tx: Tx, subscription: Subscription, plan_id: int, when: str) -> str:
    """One of the rented add-on less; the others stay at their price. What has ended has no rent to end."""
    if State(subscription.state) not in RUNNING:
        return ""
    had = _addons_on(tx, subscription, clock.today_in(subscription.zone))
    if plan_id not in had:
        return ""
    if when == "end_of_term" and last_cancel(tx, subscription.id) is not None:
        return "ends with the subscription"
    try:
        with tx.session.begin_nested():  # what is refused half-way leaves nothing behind
            return _change(tx, subscription, plan_id, when, _one_less(had, plan_id))
    except BillheadError as refused:
        return f"not ended: {refused}"[:300]


def _change(tx: Tx, subscription: Subscription, plan_id: int, when: str, left: tuple[AddOnOrder, ...]) -> str:
    """What is planned already, as by another box that came back in this term, is planned anew with one less."""
    planned = next(iter(wished_of(tx, subscription.id, "change")), None)
    if planned is None:
        return change(tx, ChangeWish(subscription.id, addons=left, when=when)).state
    ahead = _addons_on(tx, subscription, planned.effective_on)
    if when == "end_of_term" and plan_id not in ahead:
        return planned.state  # what is planned ends this rent as well
    plan, term, later = planned.wish["plan"], planned.wish["term"], _one_less(ahead, plan_id)
    withdraw(tx, subscription, planned)
    now = change(tx, ChangeWish(subscription.id, addons=left, when=when)).state if when == "immediate" else ""
    same = planned.wish["plan_id"] == subscription.plan_id and term == subscription.term and set(later) == set(left)
    if now and same:
        return now
    then = change(tx, ChangeWish(subscription.id, plan, term, addons=later, when="end_of_term")).state
    return now or then


def _addons_on(tx: Tx, subscription: Subscription, day: date) -> dict[int, list[AddOnOrder]]:
    """Plan → what is had of it on that day, as far as is known by now."""
    part = SubscriptionComponent
    rows = tx.session.execute(
        select(Plan.id, Plan.code, part.quantity)
        .join(Plan, Plan.id == part.plan_id)
        .where(part.subscription_id == subscription.id, part.kind != "plan", part.starts_on <= day)
        .where(or_(part.ends_on.is_(None), part.ends_on > day))
        .order_by(part.id)
    )
    found: dict[int, list[AddOnOrder]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(AddOnOrder(row.code, row.quantity))
    return found


def _one_less(had: Mapping[int, Sequence[AddOnOrder]], plan_id: int) -> tuple[AddOnOrder, ...]:
    """All of it, but one of this plan, where there is one."""
    left = []
    for key, orders in had.items():
        for n, one in enumerate(orders):
            quantity = one.quantity - (key == plan_id and n == 0)
            left += [AddOnOrder(one.code, quantity)] if quantity else []
    return tuple(left)
