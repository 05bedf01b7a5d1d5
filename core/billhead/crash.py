"""Named crash points: where the crash tests kill the process, to prove that nothing is lost or done twice.

`BILLHEAD_CRASH_AT=billing.batch_written:3` ends the process with SIGKILL at the third pass of that point. Unset
(always, outside those tests) a point costs one comparison.
"""

import os
import signal

__all__ = ["CRASH_POINTS", "CRASH_POINTS_OF_INTAKE", "CRASH_POINTS_OF_PURCHASES", "crash_point"]

CRASH_POINTS = (
    "exchange.intended",
    "exchange.called",
    "exchange.recorded",
    "billing.before_batch",
    "billing.batch_written",
    "billing.batch_committed",
    "jobs.leased",
    "jobs.done",
    "callback.stored",
    "provisioning.applied",
    "settle.booked",
)

CRASH_POINTS_OF_INTAKE = ("usage.recorded", "usage.committed")
CRASH_POINTS_OF_PANELS = ("adopting.batch", "moving.placed", "moving.switched")
CRASH_POINTS_OF_VIEWINGS = ("viewings.stored", "viewings.window_read")

CRASH_POINTS_OF_PURCHASES = ("purchase.committed", "purchase.sent")

_wanted, _, _count = os.environ.get("BILLHEAD_CRASH_AT", "").partition(":")
_left = int(_count or "1")


def crash_point(name: str) -> None:
    """Die here if the environment asks for it."""
    global _left
    if name != _wanted:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
