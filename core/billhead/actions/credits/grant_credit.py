"""Give a customer credit that nobody paid for: goodwill, a promotion. It pays open invoices at once."""

from dataclasses import dataclass
from datetime import date

from billhead import clock
from billhead.actions.credits._draw import use_credit
from billhead.actions.credits._lots import gift
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import CurrencyMismatch, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.periods import refuse_far
from billhead.models.people import Customer

__all__ = ["GrantedCredit", "grant_credit"]


@dataclass(frozen=True, slots=True)
class GrantedCredit:
    customer_credit_id: int
    customer_id: int
    remaining_minor: int


@verb("credits.grant", permission="credits.write")
def grant_credit(tx: Tx, customer_id: int, amount: Money, reason: str, expires_on: date | None = None) -> GrantedCredit:
    """Gifted credit in the customer's currency; `expires_on` is the first day on which it can't be used any more.

    Raises InvalidInput or CurrencyMismatch naming what is wrong. The reason is shown to the customer.
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    if amount.currency != customer.currency:
        raise CurrencyMismatch(customer.currency, amount.currency)
    if amount.minor <= 0:
        raise InvalidInput("amount", "must be above zero")
    if not reason.strip():
        raise InvalidInput("reason", "say what it is for: the customer reads it")
    today = clock.today_in(customer.zone)
    if expires_on is not None and expires_on <= today:
        raise InvalidInput("expires_on", "must be a day to come")
    refuse_far("expires_on", expires_on, today)
    lot = gift(tx, customer, amount, reason.strip()[:200], expires_on)
    use_credit(tx, customer_id)
    tx.session.flush()
    tx.session.refresh(lot)
    return GrantedCredit(lot.id, customer_id, lot.remaining_minor)
