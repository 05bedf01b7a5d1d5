"""The job that brings one service in step: one queued per service, one running per panel (its lane)."""

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.models.subscriptions import Service

__all__ = ["queue_at_expiry", "queue_converge"]

_KIND = "provisioning.converge"


def queue_converge(tx: Tx, service_id: int, panel_id: int) -> int:
    """Bring it in step now; returns the job's id."""
    return enqueue(tx, _KIND, {"service_id": service_id}, key=f"converge:{service_id}", lane=f"panel:{panel_id}")


def queue_at_expiry(tx: Tx, service: Service) -> None:
    """Where the panel lets a line run past its end, look again at that moment: it is blocked then, or was renewed.

    Under a key of its own, so that a renewal still queues its own job at once.
    """
    ends = service.desired_expires_at
    if ends is not None and ends > clock.business_now():
        lane = f"panel:{service.panel_id}"
        enqueue(tx, _KIND, {"service_id": service.id}, key=f"expiry:{service.id}", lane=lane, due_at=ends)
