"""What could not be billed, and why: a list that staff see, tried again by every run, cleared when it works."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._rated import Failure
from billhead.bulk import among
from billhead.db import UtcDateTime
from billhead.models.documents import FailedItem, MendedItem

__all__ = ["any_failed", "clear_failed", "record_failed"]


def record_failed(session: Session, failures: Sequence[Failure], run_id: int) -> None:
    """Note the failures; one that was there before counts one more try and takes the new reason."""
    if not failures:
        return
    upsert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = upsert(FailedItem)
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
            "since": clock.business_now(),
            "at": clock.business_now(),
        }
        for failure in failures
    ]
    session.execute(statement, rows)


def clear_failed(session: Session, subscriptions: Iterable[int]) -> None:
    """They were billed: what had failed goes from the list to the history."""
    item, mended = FailedItem, among(FailedItem.subscription_id, subscriptions, session)
    columns = item.subscription_id, item.plugin, item.error, item.tries, item.since
    kept = select(*columns, literal(clock.business_now(), UtcDateTime())).where(mended)
    into = ["subscription_id", "plugin", "error", "tries", "since", "mended_at"]
    session.execute(insert(MendedItem).from_select(into, kept))
    session.execute(delete(item).where(mended))


def any_failed(session: Session) -> bool:
    return session.scalar(select(FailedItem.subscription_id).limit(1)) is not None
