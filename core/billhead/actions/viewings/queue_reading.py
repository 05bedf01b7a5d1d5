"""The job that reads what was watched on a panel: one queued per panel, however often it is asked for."""

from datetime import datetime

from billhead.actions.scheduling import enqueue
from billhead.db import Tx

__all__ = ["queue_reading"]


def queue_reading(tx: Tx, panel_id: int, due_at: datetime | None = None) -> None:
    """It waits for one that runs. One that is due later is beside the next of them all."""
    lane = f"viewings:{panel_id}"
    key = lane if due_at is None else f"{lane}:later"
    enqueue(tx, "viewings.read", {"panel_id": panel_id}, key=key, lane=lane, due_at=due_at)
