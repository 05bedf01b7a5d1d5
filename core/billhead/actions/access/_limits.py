"""What is allowed so many times in a while: looks, mails, changes of a password."""

from datetime import timedelta

from billhead.actions import tries
from billhead.db import Tx
from billhead.domain.errors import NotAllowed

__all__ = ["TOO_OFTEN", "count_try", "too_often"]

TOO_OFTEN = "too_often"


def count_try(tx: Tx, key: str, limit: int, window: timedelta, refusal: str) -> None:
    """Count one more. Raises NotAllowed (`too_often`) with the refusal when there were enough."""
    if tries.count(tx, key, limit, window) is None:
        raise too_often(refusal)


def too_often(refusal: str) -> NotAllowed:
    return NotAllowed(refusal, code=TOO_OFTEN)
