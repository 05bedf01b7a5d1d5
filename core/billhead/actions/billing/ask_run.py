"""Let a worker do a billing run now: all that is due, or some subscriptions again."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["RunAsked", "ask_run"]


@dataclass(frozen=True, slots=True)
class RunAsked:
    job_id: int


@verb("billing.ask_run", permission="billing.run")
def ask_run(tx: Tx, *, confirmed: bool = False, only: Sequence[int] = ()) -> RunAsked:
    """Queued in the lane of the hourly runs, so that no two of these run at once. `confirmed`: the total may be far
    from the usual, somebody has looked."""
    args = {"confirmed": confirmed, **({"only": list(only)} if only else {})}
    key = f"billing.run:{'yes' if confirmed else 'no'}:{','.join(map(str, only))}"
    return RunAsked(enqueue(tx, "billing.run", args, key=key, lane="periodic:billing.run"))
