"""The job that brings one service in step: one queued per service, one running per panel (its lane)."""

from billhead.actions.scheduling import enqueue
from billhead.db import Tx

__all__ = ["queue_converge"]


def queue_converge(tx: Tx, service_id: int, panel_id: int) -> None:
    enqueue(
        tx, "provisioning.converge", {"service_id": service_id}, key=f"converge:{service_id}", lane=f"panel:{panel_id}"
    )
