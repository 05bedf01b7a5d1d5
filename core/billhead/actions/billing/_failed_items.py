"""What could not be billed, and why: a list that staff see, tried again by every run, cleared when it works."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._rated import Failure
from billhead.bulk import among
from billhead.models.documents import FailedItem

__all__ = ["any_failed", "clear_failed", "record_failed"]


def record_failed(session: Session, failures: Sequence[Failure], run_id: int) -> None:
    """Note the failures; one that was there before counts one more try and takes the new reason."""
    if not failures:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(FailedItem)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[FailedItem.subscription_id],
        set_={
            "run_id": new.run_id,
            "plugin": new.plugin,
            "error": new.error,
            "tries": FailedItem.tries + 1,
            "at": new.at,
        },
    )
    rows = [
        {
            "subscription_id": failure.subscription_id,
            "run_id": run_id,
            "plugin": failure.plugin,
            "error": failure.error,
            "tries": 1,
            "at": clock.now(),
        }
        for failure in failures
    ]
    session.execute(statement, rows)


def clear_failed(session: Session, subscriptions: Iterable[int]) -> None:
    session.execute(delete(FailedItem).where(among(FailedItem.subscription_id, subscriptions, session)))


def any_failed(session: Session) -> bool:
    return session.scalar(select(FailedItem.subscription_id).limit(1)) is not None
