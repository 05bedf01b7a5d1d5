"""Up to how much credit a customer has at once, before it is paid: the operator's risk, so only staff say it."""

from dataclasses import dataclass

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import CurrencyMismatch, InvalidInput, NotFound
from billhead.domain.money import LARGEST_MINOR, Money
from billhead.models.people import Customer

__all__ = ["CustomerTrusted", "trust_customer"]


@dataclass(frozen=True, slots=True)
class CustomerTrusted:
    customer_id: int
    up_to_minor: int


@verb("credits.trust", permission="credits.write")
def trust_customer(tx: Tx, customer_id: int, up_to: Money) -> CustomerTrusted:
    """From the next order on; zero: all of it waits for its payment. What is lent already stays so until its day.

    Raises NotFound, InvalidInput or CurrencyMismatch.
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    if up_to.currency != customer.currency:
        raise CurrencyMismatch(customer.currency, up_to.currency)
    if not 0 <= up_to.minor <= LARGEST_MINOR:
        raise InvalidInput("amount", "can't be below zero")
    note(tx, f"customer:{customer_id}", before=customer.credit_at_once_minor, after=up_to.minor)
    customer.credit_at_once_minor = up_to.minor
    return CustomerTrusted(customer_id, up_to.minor)
