"""Tell resellers each morning which of their users end within a week, unless automatic renewal renews them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, select

from billhead import clock
from billhead.actions.notifications._mornings import is_morning, untold
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.resellers._ending import WITHIN_DAYS, not_renewed
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Subscription

__all__ = ["ToldResellers", "tell_users_ending"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class ToldResellers:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    told: int
    next_after: int


@verb("resellers.tell_users_ending", permission="resellers.write")
def tell_users_ending(tx: Tx, after_id: int = 0) -> ToldResellers:
    """One batch of resellers, by id. Each is told once a day there; who is suspended can renew nobody."""
    rows = tx.session.execute(
        select(Reseller.id, Customer.id.label("own_id"), Customer.zone)
        .join(Customer, Customer.buys_for_reseller_id == Reseller.id)
        .where(Reseller.id > after_id, Reseller.removed_on.is_(None), ~Reseller.suspended)
        .order_by(Reseller.id)
        .limit(_BATCH)
    ).all()
    mornings = {row.id: row for row in rows if is_morning(row.zone)}
    days = _days(tx, list(mornings))
    due = {
        f"users_ending:{key}:{clock.today_in(row.zone)}": row
        for key, row in mornings.items()
        if any(0 < (day - clock.today_in(row.zone)).days <= WITHIN_DAYS for day in days.get(key, ()))
    }
    told = 0
    for key, row in untold(tx.session, due).items():
        told += queue_notice(tx, row.own_id, "users_ending", key, {"reseller_id": row.id}) is not None
    return ToldResellers(told, rows[-1].id if len(rows) == _BATCH else 0)


def _days(tx: Tx, resellers: list[int]) -> dict[int, list[date]]:
    """On which days users of theirs end: at most as many each as a week and a day have."""
    if not resellers:
        return {}
    today = clock.business_now().date()
    pairs: Select[*tuple[Any, ...]] = (
        not_renewed()
        .with_only_columns(Subscription.payer_reseller_id, Subscription.paid_through, maintain_column_froms=True)
        .where(
            Subscription.payer_reseller_id.in_(resellers),
            Subscription.paid_through.between(today, today + timedelta(days=WITHIN_DAYS + 1)),
        )
        .distinct()
    )
    found: dict[int, list[date]] = {}
    for reseller_id, day in tx.session.execute(pairs):
        found.setdefault(reseller_id, []).append(day)
    return found
