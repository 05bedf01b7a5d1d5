"""The job of a move: one queued per move, however often it is asked for."""

from datetime import datetime

from billhead.actions.scheduling import enqueue
from billhead.db import Tx

__all__ = ["queue_move"]


def queue_move(tx: Tx, move_id: int, due_at: datetime | None = None) -> None:
    enqueue(tx, "panels.move", {"move_id": move_id}, key=f"move:{move_id}", lane=f"move:{move_id}", due_at=due_at)
