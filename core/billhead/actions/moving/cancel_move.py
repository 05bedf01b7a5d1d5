"""Call a move off. Lines that were moved by then stay moved; what is on its way is taken back."""

from dataclasses import dataclass

from billhead.actions.moving._queueing import queue_move
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.moves import PanelMove

__all__ = ["MoveCanceled", "cancel_move"]


@dataclass(frozen=True, slots=True)
class MoveCanceled:
    move_id: int


@verb("panels.move_cancel", permission="panels.write")
def cancel_move(tx: Tx, move_id: int) -> MoveCanceled:
    """Raises NotFound, or Conflict for one that has no line left to move."""
    row = tx.session.get(PanelMove, move_id, with_for_update=True)
    if row is None:
        raise NotFound("move", move_id)
    if row.state not in ("queued", "running"):
        raise Conflict(f"move {move_id} is {row.state}")
    row.state = "canceled"
    queue_move(tx, move_id)
    return MoveCanceled(move_id)
