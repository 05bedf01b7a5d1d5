"""The step from one place to the other, there and back: only once the panel has proven the new one.

Whoever had the line until then follows: boxes that hang on it, boxes in stock, short addresses, exchanges of boxes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.moving._target import COPIED, Target
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning.want import want
from billhead.actions.resellers._holds import held_for
from billhead.db import Tx
from billhead.models.access import AccessCode
from billhead.models.devices import Device, MacSwap
from billhead.models.moves import PanelMove, PanelMoveLine
from billhead.models.operations import Job
from billhead.models.subscriptions import Service, Subscription

__all__ = ["begin_return", "leave_unit", "lines_of_unit", "settle_unit"]


def lines_of_unit(tx: Tx, move_id: int, unit: int, state: str) -> list[PanelMoveLine]:
    """With their subscription locked first, as everybody does, and then both places."""
    mine = (PanelMoveLine.move_id == move_id, PanelMoveLine.unit == unit, PanelMoveLine.state == state)
    lines = list(tx.session.scalars(select(PanelMoveLine).where(*mine).order_by(PanelMoveLine.service_id)))
    if lines:
        subscription_id = tx.session.get_one(Service, lines[0].service_id).subscription_id
        tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
        ids = [key for line in lines for key in (line.service_id, line.new_service_id) if key is not None]
        both = select(Service).where(Service.id.in_(ids)).order_by(Service.id).with_for_update()
        list(tx.session.scalars(both.execution_options(populate_existing=True)))
    return lines


def settle_unit(tx: Tx, move: PanelMove, target: Target, unit: int, *, back: bool) -> None:
    """Switch, give up, or wait: for the panel, or for a purchase whose credits are held for the line."""
    lines = lines_of_unit(tx, move.id, unit, "returning" if back else "placing")
    pairs = [_pair(tx, line, back=back) for line in lines]
    if not pairs:
        return
    if any(old.lifecycle != "wanted" for old, _ in pairs):
        _give_up(tx, lines, "ended", "it has ended meanwhile", back=back)
        return
    if move.state == "canceled" and not back:
        _give_up(tx, lines, "canceled", "the move was called off", back=back)
        return
    if held_for(tx, pairs[0][0].id) is not None:
        return
    plan_id = tx.session.get_one(Subscription, pairs[0][0].subscription_id).plan_id
    wishes = [_back(old, new, target, plan_id) if back else target.place(old, plan_id) for old, new in pairs]
    changed = [want(tx, new, **wish) for (_, new), wish in zip(pairs, wishes, strict=True) if wish is not None]
    if any(changed):
        return  # sold, paid or blocked meanwhile: the new place is brought in step with that first
    failed = next((new for _, new in pairs if _has_failed(tx, new)), None)
    if failed is not None:
        _give_up(tx, lines, "refused", failed.sync_error, back=back)
    elif all(new.sync == "ok" and new.converged_version == new.desired_version for _, new in pairs):
        for line, (old, new) in zip(lines, pairs, strict=True):
            _switch(tx, move, line, old, new, back=back)


def _pair(tx: Tx, line: PanelMoveLine, *, back: bool) -> tuple[Service, Service]:
    old = tx.session.get_one(Service, line.service_id)
    new = tx.session.get_one(Service, line.new_service_id)
    return (new, old) if back else (old, new)


def _has_failed(tx: Tx, service: Service) -> bool:
    """For good: nobody tries it again by themselves."""
    if service.sync == "failed":
        tried = select(Job.id).where(Job.key == f"converge:{service.id}", Job.state.in_(("queued", "running")))
        return tx.session.scalar(tried.limit(1)) is None
    return service.sync == "impossible"


def _give_up(tx: Tx, lines: Sequence[PanelMoveLine], code: str, why: str, *, back: bool) -> None:
    """There: it stays where it is, and what was made at the new place is taken away. Back: it stays at the new one."""
    for line in lines:
        line.code, line.reason = code, why[:1000]
        _, place = _pair(tx, line, back=back)
        if back and code == "refused":
            line.state, place.lifecycle = "moved", "leaving"
        else:
            line.state = "left" if back else "kept"
            want(tx, place, lifecycle="unwanted")


def _switch(tx: Tx, move: PanelMove, line: PanelMoveLine, old: Service, new: Service, *, back: bool) -> None:
    new.lifecycle, new.moved_from_id, old.moved_from_id = "wanted", old.id, None
    line.code = line.reason = ""
    for column in (Device.service_id, AccessCode.service_id, MacSwap.service_id):
        tx.session.execute(update(column.class_).where(column == old.id).values(service_id=new.id))
    hanging = (Service.paired_with_id == old.id, Service.lifecycle == "wanted", Service.panel_id != old.panel_id)
    tx.session.execute(update(Service).where(*hanging).values(paired_with_id=new.id))
    if back:
        line.state, line.leaves_at = "back", None
        want(tx, old, lifecycle="unwanted")
    else:
        old.lifecycle = "leaving"
        line.state, line.leaves_at = "moved", clock.business_now() + timedelta(hours=move.grace_hours)
    _tell(tx, move, old, new, back=back)


def _tell(tx: Tx, move: PanelMove, old: Service, new: Service, *, back: bool) -> None:
    """Once per place. Who is blocked is told when that is lifted, as after an order."""
    customer_id = tx.session.get_one(Subscription, new.subscription_id).customer_id
    data: dict[str, Any] = {"service_id": new.id, "customer_id": customer_id}
    emit(tx, "service.moved", f"service:{new.id}", {**data, "from_service_id": old.id})
    if new.desired_blocked:
        new.told_at = None
        return
    new.told_at = clock.now()
    queue_notice(tx, customer_id, "access", f"access:{new.id}:back:{move.id}" if back else f"access:{new.id}", data)


def begin_return(tx: Tx, move: PanelMove, target: Target, unit: int) -> None:
    """The old place is wanted as the new one is by now, and asked for anew."""
    lines = lines_of_unit(tx, move.id, unit, "moved")
    pairs = [_pair(tx, line, back=False) for line in lines]
    if any(old.lifecycle != "leaving" or new.lifecycle != "wanted" for old, new in pairs):
        return  # ended, or moved on: the old place goes when its time is over
    wishes = []
    for line, (old, new) in zip(lines, pairs, strict=True):
        wish = _back(new, old, target, tx.session.get_one(Subscription, new.subscription_id).plan_id)
        if wish is None:
            line.code, line.reason = "changed", "what is sold has changed since, and the old panel names it otherwise"
            return
        wishes.append(wish)
    for line, (old, _), wish in zip(lines, pairs, wishes, strict=True):
        line.state = "returning"
        want(tx, old, lifecycle="arriving", **wish)


def _back(new: Service, old: Service, target: Target, plan_id: int) -> Mapping[str, Any] | None:
    """What the line is at its old place by now; None where its channels changed and the old panel had a plan for
    them."""
    wish = {name: getattr(new, name) for name in COPIED}
    if target.speaks_alike or not old.desired_plan:
        return {**wish, "desired_plan": new.desired_plan, "desired_bouquets": list(new.desired_bouquets)}
    unchanged = target.place(old, plan_id)["desired_bouquets"] == list(new.desired_bouquets)
    return wish if unchanged else None


def leave_unit(tx: Tx, move_id: int, unit: int, now: datetime) -> None:
    """The time of an old place is over. It is removed if we made or adopted it, and otherwise left alone."""
    for line in lines_of_unit(tx, move_id, unit, "moved"):
        old = tx.session.get_one(Service, line.service_id)
        if line.leaves_at is not None and line.leaves_at > now:
            continue
        if old.lifecycle == "leaving":
            want(tx, old, lifecycle="unwanted")
        line.state = "left"
