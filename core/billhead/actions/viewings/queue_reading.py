"""The job that reads what was watched on a panel: one queued per panel, however often it is asked for."""

from billhead.actions.scheduling import enqueue
from billhead.db import Tx

__all__ = ["queue_reading"]


def queue_reading(tx: Tx, panel_id: int) -> None:
    """It waits for one that runs."""
    lane = f"viewings:{panel_id}"
    enqueue(tx, "viewings.read", {"panel_id": panel_id}, key=lane, lane=lane)
