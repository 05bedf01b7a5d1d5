"""So many tries in so much time, counted in the database: they hold across processes and restarts."""

from datetime import timedelta

from sqlalchemy import delete, func, select

from billhead import clock
from billhead.db import Tx
from billhead.domain.errors import NotAllowed
from billhead.models.people import LoginAttempt

__all__ = ["TOO_OFTEN", "count_try", "is_spent", "too_often"]

TOO_OFTEN = "too_often"


def is_spent(tx: Tx, key: str, limit: int, window: timedelta) -> bool:
    """Whether there were as many tries under this key as there may be."""
    tries = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.key == key)
    return int(tx.session.scalar(tries.where(LoginAttempt.at > clock.now() - window)) or 0) >= limit


def count_try(tx: Tx, key: str, limit: int, window: timedelta, refusal: str) -> None:
    """Count one more. Raises NotAllowed (`too_often`) with the refusal when there were enough."""
    tx.session.execute(delete(LoginAttempt).where(LoginAttempt.key == key, LoginAttempt.at <= clock.now() - window))
    if is_spent(tx, key, limit, window):
        raise too_often(refusal)
    tx.session.add(LoginAttempt(key=key, at=clock.now()))
    tx.session.flush()


def too_often(refusal: str) -> NotAllowed:
    return NotAllowed(refusal, code=TOO_OFTEN)
