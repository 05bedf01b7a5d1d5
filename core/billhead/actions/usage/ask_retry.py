"""Have the rejected events tried again by a job."""

from dataclasses import dataclass

from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["RetryAsked", "ask_retry"]


@dataclass(frozen=True, slots=True)
class RetryAsked:
    job_id: int


@verb("usage.ask_retry", permission="usage.write")
def ask_retry(tx: Tx, *, reason: str = "", source_id: int | None = None) -> RetryAsked:
    """Of one reason or all, one source or all. Asked twice, it is done once."""
    key = f"usage-retry:{reason}:{source_id or ''}"
    args = {"reason": reason, "source_id": source_id}
    return RetryAsked(enqueue(tx, "usage.retry_rejects", args, key=key, lane="usage-retry"))
