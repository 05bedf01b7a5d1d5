"""Guesses at who somebody is: so many in a quarter of an hour, then the lock."""

from datetime import timedelta

from billhead.actions import tries
from billhead.db import Tx
from billhead.domain.errors import NotAllowed

__all__ = ["count_try", "locked", "second_step_key"]

WINDOW = timedelta(minutes=15)


def count_try(tx: Tx, key: str, limit: int) -> int:
    """Count one more; returns the row's id. Raises NotAllowed (`locked_out`) when there were enough."""
    counted = tries.count(tx, key, limit, WINDOW)
    if counted is None:
        raise locked()
    return counted


def locked() -> NotAllowed:
    return NotAllowed(
        "Too many tries. Wait 15 minutes, or set a new password.",
        code="locked_out",
        hint="a link to set a new password lifts the lock at once",
    )


def second_step_key(user_id: int) -> str:
    """Under which a login's second steps are counted, however often its password is given."""
    return f"second:{user_id}"
