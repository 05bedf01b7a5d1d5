"""The jobs that bring one service in step (one queued per service) and compare a whole panel: of each sort one is
running per panel, its lane."""

from datetime import timedelta

from sqlalchemy import update

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.models.operations import Job
from billhead.models.subscriptions import Service

__all__ = ["close_parked", "queue_at_expiry", "queue_converge", "queue_reconcile"]

_KIND = "provisioning.converge"
_AHEAD = timedelta(hours=1)


def queue_converge(tx: Tx, service_id: int, panel_id: int, *, ahead: bool = False) -> int:
    """Bring it in step now; returns the job's id.

    `ahead`: somebody waits for it, so it goes before the thousands that an import or a repair may have queued.
    """
    due_at = clock.business_now() - (_AHEAD if ahead else timedelta(0))
    lane = f"panel:{panel_id}"
    return enqueue(tx, _KIND, {"service_id": service_id}, key=f"converge:{service_id}", lane=lane, due_at=due_at)


def close_parked(tx: Tx, service_id: int) -> None:
    """The job that gave it up: before another one is queued, so that it stands once."""
    parked = update(Job).where(Job.key == f"converge:{service_id}", Job.state == "parked")
    tx.session.execute(parked.values(state="canceled", finished_at=clock.now()))


def queue_reconcile(tx: Tx, panel_id: int, *, confirmed: bool = False) -> int:
    """Compare the panel now; one that a person has confirmed is not the same as one that may stop and ask."""
    args, lane = {"panel_id": panel_id, "confirmed": confirmed}, f"reconcile:{panel_id}"
    key = f"{lane}:confirmed" if confirmed else lane
    return enqueue(tx, "provisioning.reconcile", args, key=key, lane=lane)


def queue_at_expiry(tx: Tx, service: Service) -> None:
    """Where the panel lets a line run past its end, look again at that moment: it is blocked then, or was renewed.

    Under a key of its own, so that a renewal still queues its own job at once.
    """
    ends = service.desired_expires_at
    if ends is not None and ends > clock.business_now():
        lane = f"panel:{service.panel_id}"
        enqueue(tx, _KIND, {"service_id": service.id}, key=f"expiry:{service.id}", lane=lane, due_at=ends)
