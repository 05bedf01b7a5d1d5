"""Take gifted credit back that was not spent. What a customer paid for goes back to where it came from: a refund."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.credits._lots import take_off
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.people import Customer

__all__ = ["TakenCredit", "take_credit"]


@dataclass(frozen=True, slots=True)
class TakenCredit:
    customer_id: int
    taken_minor: int


@verb("credits.take", permission="credits.write")
def take_credit(tx: Tx, customer_id: int, amount: Money) -> TakenCredit:
    """Take this much of what was given and is left, the newest gift first. All of it or nothing: Conflict."""
    customer = tx.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    if amount.minor <= 0:
        raise InvalidInput("amount", "must be above zero")
    lots = tx.session.scalars(
        select(CustomerCredit)
        .where(
            CustomerCredit.customer_id == customer_id,
            CustomerCredit.kind == "gifted",
            CustomerCredit.currency == amount.currency,
            CustomerCredit.remaining_minor > 0,
        )
        .order_by(CustomerCredit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    there = Money(sum(lot.remaining_minor for lot in lots), amount.currency)
    if there < amount:
        raise Conflict(f"only {there} of what was given is left", hint="credit that was paid for is refunded instead")
    left = amount.minor
    for lot in reversed(lots):
        part = min(left, lot.remaining_minor)
        if part:
            take_off(tx, customer, lot, part, "credit_taken")
            left -= part
    return TakenCredit(customer_id, amount.minor)
