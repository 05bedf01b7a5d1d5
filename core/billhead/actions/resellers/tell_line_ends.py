"""Tell those who watch on a reseller's credits that their time ends, so many days before as the reseller says."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import exists, or_

from billhead import clock
from billhead.actions.notifications._mornings import MOST_DAYS, is_told_before, untold
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.resellers._ending import not_renewed
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.notices import NoticeAddress
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Subscription

__all__ = ["ToldEnds", "tell_line_ends"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class ToldEnds:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    told: int
    next_after: int


@verb("resellers.tell_line_ends", permission="resellers.write")
def tell_line_ends(tx: Tx, after_id: int = 0) -> ToldEnds:
    """One batch, by id: each end is told once, in the customer's own morning. A renewal makes another end.

    Left out: whom automatic renewal will renew, whoever has no address, and the users of resellers that have it off.
    """
    today = clock.business_now().date()
    one, has_address = Subscription, exists().where(NoticeAddress.customer_id == Customer.id)
    rows = tx.session.execute(
        not_renewed()
        .add_columns(one.customer_id, one.paid_through, one.started_on, Customer.zone, Reseller.told_before)
        .join(Customer, Customer.id == one.customer_id)
        .join(Reseller, Reseller.id == one.payer_reseller_id)
        .where(
            one.id > after_id,
            one.paid_through.between(today, today + timedelta(days=MOST_DAYS + 1)),
            Reseller.told_before > 0,
            or_(Customer.email != "", has_address),
        )
        .order_by(one.id)
        .limit(_BATCH)
    ).all()
    due = {
        f"line_ending:{row.id}:{row.paid_through.isoformat()}": row
        for row in rows
        if is_told_before(row.paid_through, row.zone, row.told_before, row.started_on)
    }
    told = 0
    for key, row in untold(tx.session, due).items():
        data = {"subscription_id": row.id, "ends_on": row.paid_through.isoformat()}
        told += queue_notice(tx, row.customer_id, "line_ending", key, data) is not None
    return ToldEnds(told, rows[-1].id if len(rows) == _BATCH else 0)
