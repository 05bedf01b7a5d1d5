"""Do a move, a piece at a time: place lines, switch those that are proven, remove old places whose time is over.

Each line, with the boxes that go with it, is one transaction; where a process died, the next one goes on. No panel is
asked here: that is done by the convergence of each place, in its panel's lane and under its breaker.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from billhead import clock
from billhead.actions.moving._placing import place_unit
from billhead.actions.moving._scope import lines_to_move
from billhead.actions.moving._switching import begin_return, leave_unit, settle_unit
from billhead.actions.moving._target import Target, target_of
from billhead.crash import crash_point
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.models.moves import PanelMove, PanelMoveLine
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service

__all__ = ["move_lines"]

_ON_THEIR_WAY = 200
"""So many lines at most have two wanted places at a time: a move that is called off is soon over."""

_LOOK = timedelta(seconds=5)


def move_lines(ctx: Context, move_id: int) -> datetime | None:
    """Go on with a move; returns when to go on again (business clock), None when nothing is left to do."""
    target = _begin(ctx, move_id)
    if target is None:
        return None
    _place(ctx, move_id, target)
    _return(ctx, move_id, target)
    _settle(ctx, move_id, target)
    _leave(ctx, move_id)
    return _next_look(ctx, move_id)


def _begin(ctx: Context, move_id: int) -> Target | None:
    with writing(ctx) as tx:
        move = tx.session.get(PanelMove, move_id, with_for_update=True)
        if move is None or move.finished_at is not None:
            return None
        if move.state == "queued":
            move.state = "running"
        source, panel = (tx.session.get_one(Panel, key) for key in (move.from_panel_id, move.to_panel_id))
        return target_of(tx.session, source, panel)


def _place(ctx: Context, move_id: int, target: Target) -> None:
    with reading() as session:
        move = session.get_one(PanelMove, move_id)
        if move.state != "running" or move.placed_all:
            return
        mine = (PanelMoveLine.move_id == move_id, PanelMoveLine.state == "placing")
        free = _ON_THEIR_WAY - int(session.scalar(select(func.count()).where(*mine)) or 0)
        query = lines_to_move(move.from_panel_id, move.plan_id, Service.id).where(Service.id > move.cursor)
        heads = session.scalars(query.order_by(Service.id).limit(max(free, 0))).all()
    room = target.room
    for head_id in heads:
        with writing(ctx) as tx:
            move = tx.session.get_one(PanelMove, move_id, with_for_update=True)
            if move.state != "running":
                return
            taken = place_unit(tx, move, target, head_id, room)
            move.cursor = head_id
        room = room - taken if room is not None else None
        crash_point("moving.placed")
    if not heads and free > 0:
        with writing(ctx) as tx:
            tx.session.get_one(PanelMove, move_id, with_for_update=True).placed_all = True


def _return(ctx: Context, move_id: int, target: Target) -> None:
    with reading() as session:
        if session.get_one(PanelMove, move_id).state != "undoing":
            return
    for unit in _units(move_id, "moved", PanelMoveLine.code == ""):
        with writing(ctx) as tx:
            begin_return(tx, tx.session.get_one(PanelMove, move_id), target, unit)


def _settle(ctx: Context, move_id: int, target: Target) -> None:
    old, new = aliased(Service), aliased(Service)
    for state, back in (("placing", False), ("returning", True)):
        here, there = (new, old) if back else (old, new)
        with reading() as session:
            called_off = session.get_one(PanelMove, move_id).state == "canceled"
            query = (
                select(PanelMoveLine.unit)
                .join(old, old.id == PanelMoveLine.service_id)
                .join(new, new.id == PanelMoveLine.new_service_id)
                .where(PanelMoveLine.move_id == move_id, PanelMoveLine.state == state)
            )
            if not called_off:
                query = query.where(or_(there.sync.not_in(("pending", "unknown")), here.lifecycle != "wanted"))
            units = session.scalars(query.distinct().order_by(PanelMoveLine.unit)).all()
        for unit in units:
            with writing(ctx) as tx:
                settle_unit(tx, tx.session.get_one(PanelMove, move_id), target, unit, back=back)
            crash_point("moving.switched")


def _leave(ctx: Context, move_id: int) -> None:
    now = clock.business_now()
    for unit in _units(move_id, "moved", PanelMoveLine.leaves_at <= now):
        with writing(ctx) as tx:
            leave_unit(tx, move_id, unit, now)


def _units(move_id: int, state: str, *conditions: ColumnElement[bool]) -> Sequence[int]:
    query = select(PanelMoveLine.unit).where(PanelMoveLine.move_id == move_id, PanelMoveLine.state == state)
    with reading() as session:
        return session.scalars(query.where(*conditions).distinct().order_by(PanelMoveLine.unit)).all()


def _next_look(ctx: Context, move_id: int) -> datetime | None:
    now = clock.business_now()
    with writing(ctx) as tx:
        move = tx.session.get_one(PanelMove, move_id, with_for_update=True)
        count, leaves_at = _standing(tx, move_id)
        if count.get("placing") or count.get("returning") or (move.state == "running" and not move.placed_all):
            return now + _LOOK
        moved = count.get("moved", 0)
        if move.state in ("running", "undoing") and moved:
            move.state = "standing"
        if not moved:
            move.state = "canceled" if move.state == "canceled" else "done"
            move.finished_at = clock.now()
        return leaves_at


def _standing(tx: Tx, move_id: int) -> tuple[dict[str, int], datetime | None]:
    mine = PanelMoveLine.move_id == move_id
    states = select(PanelMoveLine.state, func.count()).where(mine).group_by(PanelMoveLine.state)
    first = select(func.min(PanelMoveLine.leaves_at)).where(mine, PanelMoveLine.state == "moved")
    return dict(tx.session.execute(states).all()), tx.session.scalar(first)
