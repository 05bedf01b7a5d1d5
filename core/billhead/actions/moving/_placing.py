"""Give a line, and the boxes that go with it, a place on another panel: rows that arrive, and their convergence."""

from collections.abc import Sequence

from sqlalchemy import select

from billhead import clock
from billhead.actions.moving._target import Stays, Target
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.resellers._holds import held_for
from billhead.actions.subscriptions._services import new_handle
from billhead.db import Tx
from billhead.models.moves import PanelMove, PanelMoveLine
from billhead.models.subscriptions import Service, Subscription

__all__ = ["place_unit", "unit_of"]


def unit_of(tx: Tx, head_id: int, panel_id: int) -> list[Service]:
    """The line with the boxes that hang on it on this panel, as far as they are wanted, locked in the order of their
    ids after their subscription. A box whose own line is on the panel too is of that line's unit: none."""
    head = tx.session.get_one(Service, head_id)
    tx.session.get_one(Subscription, head.subscription_id, with_for_update=True, populate_existing=True)
    together = (Service.id == head_id) | (Service.paired_with_id == head_id)
    query = select(Service).where(together, Service.panel_id == panel_id, Service.lifecycle == "wanted")
    query = query.order_by(Service.id).with_for_update().execution_options(populate_existing=True)
    unit = list(tx.session.scalars(query))
    lead = tx.session.get(Service, head.paired_with_id) if head.paired_with_id is not None else None
    led = lead is not None and lead.panel_id == panel_id and lead.lifecycle == "wanted"
    return [] if led or head not in unit else unit


def place_unit(tx: Tx, move: PanelMove, target: Target, head_id: int, room: int | None) -> int:
    """Returns how many places were taken. Who was never paid for is on no panel yet and only gets another one."""
    unit = unit_of(tx, head_id, move.from_panel_id)
    done = select(PanelMoveLine.id).where(PanelMoveLine.move_id == move.id, PanelMoveLine.service_id == head_id)
    if not unit or tx.session.scalar(done) is not None:
        return 0
    stays = _why_not(tx, target, unit, room)
    if stays is not None:
        tx.session.add_all([_line(move, head_id, one, None, "kept", stays) for one in unit])
        return 0
    if all(one.desired_expires_at is None and one.observed_at is None for one in unit):
        for one in unit:
            _put_elsewhere(tx, one, target)
        tx.session.add_all([_line(move, head_id, one, None, "left") for one in unit])
        return len(unit)
    leads: dict[int, int] = {}
    for one in unit:
        new = _arriving(tx, one, target, leads)
        leads[one.id] = new.id
        tx.session.add(_line(move, head_id, one, new.id, "placing"))
        queue_converge(tx, new.id, new.panel_id)
    return len(unit)


def _why_not(tx: Tx, target: Target, unit: Sequence[Service], room: int | None) -> Stays | None:
    for one in unit:
        wish = target.place(one, _plan_of(tx, one))
        stays = target.refusal(one.kind, one.desired_plan, wish)
        if stays is not None:
            return stays
    if room is not None and room < len(unit):
        return Stays("full", f"panel {target.view.code} is full")
    if held_for(tx, unit[0].id) is not None:
        return Stays("purchase_open", "credits are held for it, and its panel has not answered yet")
    return None


def _plan_of(tx: Tx, service: Service) -> int:
    return tx.session.get_one(Subscription, service.subscription_id).plan_id


def _put_elsewhere(tx: Tx, service: Service, target: Target) -> None:
    wish = target.place(service, _plan_of(tx, service))
    service.panel_id, service.handle = target.view.id, new_handle()
    service.desired_plan, service.desired_bouquets = wish["desired_plan"], wish["desired_bouquets"]
    service.desired_version += 1


def _arriving(tx: Tx, old: Service, target: Target, leads: dict[int, int]) -> Service:
    """Told already, as it were: its customer hears of it when it is proven, and from the move."""
    lead = leads.get(old.paired_with_id, old.paired_with_id) if old.paired_with_id is not None else None
    new = Service(
        subscription_id=old.subscription_id,
        panel_id=target.view.id,
        paired_with_id=lead,
        kind=old.kind,
        handle=new_handle(),
        lifecycle="arriving",
        told_at=clock.now(),
        **target.place(old, _plan_of(tx, old)),
    )
    tx.session.add(new)
    tx.session.flush()
    return new


def _line(
    move: PanelMove, head_id: int, one: Service, new_id: int | None, state: str, stays: Stays | None = None
) -> PanelMoveLine:
    return PanelMoveLine(
        move_id=move.id, unit=head_id, service_id=one.id, new_service_id=new_id, state=state,
        code=stays.code if stays else "", reason=stays.why if stays else "",
    )  # fmt: skip
