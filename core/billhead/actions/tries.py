"""So many tries in so much time, counted in the database: they hold across processes and restarts.

A try is counted before it is looked at, and those under one key one after the other, so that guessing in parallel gains
nothing.
"""

from datetime import timedelta

from sqlalchemy import delete, func, select

from billhead import clock
from billhead.db import Tx
from billhead.models.people import LoginAttempt

__all__ = ["count", "forget", "is_spent"]


def is_spent(tx: Tx, key: str, limit: int, window: timedelta) -> bool:
    """Whether there were as many tries under this key as there may be."""
    tries = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.key == key)
    return int(tx.session.scalar(tries.where(LoginAttempt.at > clock.now() - window)) or 0) >= limit


def count(tx: Tx, key: str, limit: int, window: timedelta) -> int | None:
    """Count one more, and forget those that no longer matter; the row's id, or None when there were enough."""
    if tx.session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"try: {key}"))))
    at = clock.now()
    tx.session.execute(delete(LoginAttempt).where(LoginAttempt.key == key, LoginAttempt.at <= at - window))
    if is_spent(tx, key, limit, window):
        return None
    row = LoginAttempt(key=key, at=at)
    tx.session.add(row)
    tx.session.flush()
    return row.id


def forget(tx: Tx, key: str) -> None:
    tx.session.execute(delete(LoginAttempt).where(LoginAttempt.key == key))
