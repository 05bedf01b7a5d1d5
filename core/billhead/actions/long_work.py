"""Work that a job does for a while, with a row that tells how it goes: called off, and what went wrong said there."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from billhead import clock
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict, NotFound

__all__ = ["GOES_ON", "call_off", "told_by"]

log = logging.getLogger(__name__)

GOES_ON = ("queued", "running")

R = TypeVar("R", bound=Any)


def call_off(tx: Tx, kind: type[R], key: int, what: str, goes_on: Sequence[str] = GOES_ON) -> R:
    """The row, locked, and canceled: its job looks before each batch and stops. Raises NotFound, or Conflict for what
    has ended."""
    row = tx.session.get(kind, key, with_for_update=True)
    if row is None:
        raise NotFound(what, key)
    if row.state not in goes_on:
        raise Conflict(f"{what} {key} is {row.state}: it can't be called off")
    row.state, row.finished_at = "canceled", clock.now()
    return row


@contextmanager
def told_by(end: Callable[[str], None], what: str, key: int) -> Iterator[None]:
    """What goes wrong ends the work with these words, and is not raised; a fault of ours is raised as well."""
    try:
        yield
    except BillheadError as error:
        end(f"{error.message} {error.hint or ''}".strip())
    except Exception as error:
        log.exception("%s %s broke", what, key)
        end(f"it broke with {type(error).__name__}; what was said is in the log")
        raise
