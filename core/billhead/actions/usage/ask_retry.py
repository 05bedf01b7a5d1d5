"""Have the rejected events tried again by a job."""

from dataclasses import asdict, dataclass

from billhead.actions.scheduling import enqueue
from billhead.actions.usage._rejects import ChosenRejects
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["RetryAsked", "ask_retry"]


@dataclass(frozen=True, slots=True)
class RetryAsked:
    job_id: int


@verb("usage.ask_retry", permission="usage.write")
def ask_retry(tx: Tx, chosen: ChosenRejects) -> RetryAsked:
    """Asked twice, it is done once."""
    args = asdict(chosen)
    key = ":".join(["usage-retry", *(str(one or "") for one in args.values())])
    return RetryAsked(enqueue(tx, "usage.retry_rejects", args, key=key, lane="usage-retry"))
