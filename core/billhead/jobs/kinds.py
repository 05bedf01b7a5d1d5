"""The kinds of job: what each does, how often it may be tried, and how long a lease lasts.

A kind's function is an entry point: it is called with no session open and owns its transactions. It may raise
`TryLater` to come back at a given business time without counting as a failure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billhead.domain.context import Context

__all__ = ["KINDS", "Kind", "TryLater", "backoff", "job_kind"]

LEASE = timedelta(minutes=1)

Run = Callable[[Context, Mapping[str, Any]], None]


class TryLater(Exception):
    """The job can't be done now, through no fault of its own (a breaker is open, an outcome is not known yet)."""

    def __init__(self, at: datetime, why: str) -> None:
        super().__init__(why)
        self.at = at
        self.why = why


@dataclass(frozen=True, slots=True)
class Kind:
    """`max_tries` failures park the job for a person. `lease` is how long after its worker's death it starts again:
    leases are renewed while a job runs, however long that takes."""

    name: str
    run: Run
    max_tries: int = 12
    lease: timedelta = LEASE


KINDS: dict[str, Kind] = {}


def job_kind(name: str, *, max_tries: int = 12, lease: timedelta = LEASE) -> Callable[[Run], Run]:
    """Register the function that does jobs of this kind."""

    def register(run: Run) -> Run:
        KINDS[name] = Kind(name, run, max_tries, lease)
        return run

    return register


def backoff(tries: int) -> timedelta:
    """10 s, 20 s, 40 s … up to an hour."""
    return timedelta(seconds=min(10 * 2 ** max(tries - 1, 0), 3600))
