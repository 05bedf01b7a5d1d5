"""Tell customers that a saved card ends soon, while there is time to add another: 30 days before, and 7."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import exists, or_, select

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import State
from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["ToldExpiring", "tell_expiring"]

_BATCH = 500
_DAYS = (7, 30)
_ENDED = (State.CANCELED.value, State.EXPIRED.value)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class ToldExpiring:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    told: int
    next_after: int


@verb("payments.tell_expiring", permission="payments.write")
def tell_expiring(tx: Tx, after_id: int = 0) -> ToldExpiring:
    """One batch of methods, by id: those that something is charged to. A card is good until its month is over.

    Each is told once of each, on the customer's own date. Who was not told 30 days before (the card was saved later,
    the server was off) is told as soon as it is seen.
    """
    now = clock.business_now()
    months = sorted({f"{now + timedelta(days=days):%Y-%m}" for days in (-1, 0, 28, 31, 32)})
    method = PaymentMethod
    chosen = exists().where(
        Subscription.payment_method_id == method.id,
        Subscription.collection == "auto",
        Subscription.state.not_in(_ENDED),
    )
    rows = tx.session.execute(
        select(method, Customer.zone)
        .join(Customer, Customer.id == method.customer_id)
        .where(method.id > after_id, method.expires.in_(months), method.usable, or_(method.is_default, chosen))
        .order_by(method.id)
        .limit(_BATCH)
    ).all()
    told = sum(_tell(tx, one, zone) for one, zone in rows)
    return ToldExpiring(told, rows[-1][0].id if len(rows) == _BATCH else 0)


def _tell(tx: Tx, method: PaymentMethod, zone: str) -> bool:
    left = (_last_day(method.expires) - clock.today_in(zone)).days
    due = next((days for days in _DAYS if 0 <= left <= days), None)
    if due is None:
        return False
    key = f"card_expiring:{method.id}:{method.expires}:{due}"
    return queue_notice(tx, method.customer_id, "card_expiring", key, {"method_id": method.id}) is not None


def _last_day(expires: str) -> date:
    found = _MONTH.fullmatch(expires)
    assert found is not None, "the query names months only"
    year, month = int(found[1]), int(found[2])
    return date(year, month, monthrange(year, month)[1])
