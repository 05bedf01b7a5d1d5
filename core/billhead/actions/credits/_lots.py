"""A customer's credit in the books: a new lot with its entry, and what leaves a lot without being spent."""

from datetime import date

from billhead import clock
from billhead.actions.ledger.post import post
from billhead.db import Tx
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["ACCOUNT_OF", "gift", "post_credit", "take_off"]

ACCOUNT_OF = {"bought": AccountCode.CREDIT_BOUGHT, "gifted": AccountCode.CREDIT_GIFTED}


def gift(
    tx: Tx,
    customer: Customer,
    amount: Money,
    reason: str,
    expires_on: date | None = None,
    order_id: int | None = None,
) -> CustomerCredit:
    """Credit that nobody paid for: an expense now, and owed to them. `order_id`: the top-up whose bonus it is."""
    lot = CustomerCredit(
        customer_id=customer.id,
        kind="gifted",
        currency=amount.currency,
        amount_minor=amount.minor,
        remaining_minor=amount.minor,
        expires_on=expires_on,
        reason=reason,
        order_id=order_id,
        created_at=clock.business_now(),
    )
    tx.session.add(lot)
    tx.session.flush()
    legs = [debit(AccountCode.GIFTED_EXPENSE, amount), credit(AccountCode.CREDIT_GIFTED, amount)]
    lot.entry_id = post_credit(tx, customer, "credit_gifted", f"credit_gifted:{lot.id}", legs)
    return lot


def take_off(tx: Tx, customer: Customer, lot: CustomerCredit, minor: int, kind: str) -> int:
    """Gifted credit that leaves unspent (`credit_taken`, `credit_expired`); returns the entry."""
    amount = Money(minor, lot.currency)
    key = f"{kind}:{lot.id}:{lot.remaining_minor}"  # what was left tells apart two takings from one lot
    lot.remaining_minor -= minor
    legs = [debit(AccountCode.CREDIT_GIFTED, amount), credit(AccountCode.GIFTED_EXPENSE, amount)]
    return post_credit(tx, customer, kind, key, legs)


def post_credit(tx: Tx, customer: Customer, kind: str, key: str, legs: list[Posting]) -> int:
    """On the seller's day; returns the entry."""
    day = clock.today_in(tx.session.get_one(Seller, customer.seller_id).zone)
    return post(tx, customer.seller_id, kind, day, key, legs, customer_id=customer.id)
