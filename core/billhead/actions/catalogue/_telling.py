"""A price change for existing subscriptions is a row: it can be withdrawn, and says whether customers are told."""

from collections.abc import Mapping
from datetime import date, timedelta

from billhead import clock
from billhead.db import Tx
from billhead.models.catalogue import Reprice

__all__ = ["plan_change"]


def plan_change(
    tx: Tx,
    seller_id: int,
    existing_from: date,
    tell_days: int | None,
    subscriptions: int,
    a_month_minor: Mapping[str, int],
) -> int:
    """The row's id. `tell_days` None: nobody is told."""
    row = Reprice(
        seller_id=seller_id,
        existing_from=existing_from,
        tell_on=None if tell_days is None else existing_from - timedelta(days=tell_days),
        subscriptions=subscriptions,
        a_month_minor=dict(a_month_minor),
        created_at=clock.now(),
    )
    tx.session.add(row)
    tx.session.flush()
    return row.id
