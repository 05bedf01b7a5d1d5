"""Bring the lines of a move back to where they were, as far as their old places still stand."""

from dataclasses import dataclass

from sqlalchemy import func, select

from billhead.actions.moving._queueing import queue_move
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.moves import PanelMove, PanelMoveLine

__all__ = ["MoveUndone", "undo_move"]


@dataclass(frozen=True, slots=True)
class MoveUndone:
    move_id: int
    lines: int


@verb("panels.move_undo", permission="panels.write")
def undo_move(tx: Tx, move_id: int) -> MoveUndone:
    """Each line is told its old address again once the old panel has proven it. Raises NotFound, or Conflict while
    lines are still on their way, or when no old place stands any more."""
    row = tx.session.get(PanelMove, move_id, with_for_update=True)
    if row is None:
        raise NotFound("move", move_id)
    states = select(PanelMoveLine.state, func.count()).where(PanelMoveLine.move_id == move_id)
    count = dict(tx.session.execute(states.group_by(PanelMoveLine.state)).all())
    if row.state not in ("standing", "canceled") or count.get("placing"):
        raise Conflict(f"move {move_id} is {row.state}", hint="call it off, and wait until no line is on its way")
    if not count.get("moved"):
        raise Conflict("no old place of this move stands any more")
    row.state, row.finished_at = "undoing", None
    queue_move(tx, move_id)
    return MoveUndone(move_id, count["moved"])
