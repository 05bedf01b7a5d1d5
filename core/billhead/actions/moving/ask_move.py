"""Ask for the lines of a panel to be moved to another."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from billhead import clock
from billhead.actions.moving._queueing import queue_move
from billhead.actions.moving._scope import lines_to_move, movable_panels
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.moves import PanelMove
from billhead.models.panels import Panel

__all__ = ["GRACE_HOURS", "MoveAsked", "ask_move"]

GRACE_HOURS = 24
_LONGEST = 24 * 60


@dataclass(frozen=True, slots=True)
class MoveAsked:
    move_id: int


@verb("panels.move", permission="panels.write")
def ask_move(
    tx: Tx, from_id: int, to_id: int, *, plan_id: int | None = None, grace_hours: int = GRACE_HOURS
) -> MoveAsked:
    """A job moves them line by line; an old place stands `grace_hours` after its line was moved.

    Raises NotFound, InvalidInput, or Conflict: a panel that sells time, or one that takes part in another move.
    """
    if not 0 <= grace_hours <= _LONGEST:
        raise InvalidInput("grace_hours", f"from 0 to {_LONGEST} hours")
    movable_panels(tx.session, from_id, to_id)
    for key in sorted((from_id, to_id)):
        tx.session.get_one(Panel, key, with_for_update=True)
    both = (from_id, to_id)
    taking_part = or_(PanelMove.from_panel_id.in_(both), PanelMove.to_panel_id.in_(both))
    busy = select(PanelMove.id).where(PanelMove.state.in_(("queued", "running", "undoing")), taking_part)
    other = tx.session.scalar(busy.limit(1))
    if other is not None:
        raise Conflict(f"move {other} of one of these panels goes on already", hint="wait for it, or call it off")
    count = lines_to_move(from_id, plan_id, func.count())
    row = PanelMove(
        from_panel_id=from_id, to_panel_id=to_id, plan_id=plan_id, grace_hours=grace_hours,
        total=int(tx.session.scalar(count) or 0), asked_by=tx.ctx.actor, created_at=clock.now(),
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    queue_move(tx, row.id)
    return MoveAsked(row.id)
