"""Gifted credit whose day has come leaves the books by an entry of its own."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.credits._lots import take_off
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.credits import CustomerCredit
from billhead.models.people import Customer

__all__ = ["ExpiredCredit", "expire_credit"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class ExpiredCredit:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    lots: int
    next_after: int


@verb("credits.expire", permission="credits.write")
def expire_credit(tx: Tx, after_id: int = 0) -> ExpiredCredit:
    """One batch of lots, by id, each on the customer's own date. What a customer has paid for does not expire."""
    latest = clock.latest_today()
    rows = tx.session.execute(
        select(CustomerCredit, Customer)
        .join(Customer, Customer.id == CustomerCredit.customer_id)
        .where(
            CustomerCredit.kind == "gifted",
            CustomerCredit.remaining_minor > 0,
            CustomerCredit.expires_on <= latest,
            CustomerCredit.id > after_id,
        )
        .order_by(CustomerCredit.id)
        .limit(_BATCH)
        .with_for_update(of=CustomerCredit, skip_locked=True)
    ).all()
    count = 0
    for lot, customer in rows:
        if lot.expires_on is not None and lot.expires_on <= clock.today_in(customer.zone):
            take_off(tx, customer, lot, lot.remaining_minor, "credit_expired")
            count += 1
    return ExpiredCredit(count, rows[-1][0].id if len(rows) == _BATCH else 0)
