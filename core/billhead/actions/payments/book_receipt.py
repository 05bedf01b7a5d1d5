"""Staff have seen one transfer that pays several documents: book it on them, and keep what is left as credit."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._open_debts import chosen_or_oldest
from billhead.actions.payments._transfers import manual_account, new_reference
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import CurrencyMismatch, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.people import Customer

__all__ = ["BookedOnMany", "book_receipt"]


@dataclass(frozen=True, slots=True)
class BookedOnMany:
    """`document_ids` in the order in which the money was put on them."""

    payment_id: int
    customer_id: int
    amount_minor: int
    document_ids: list[int]


@verb("payments.book_receipt", permission="payments.write")
def book_receipt(
    tx: Tx,
    customer_id: int,
    account_id: int,
    amount_minor: int,
    currency: str,
    reference: str,
    document_ids: Sequence[int] = (),
) -> BookedOnMany:
    """Book one transfer over the chosen documents in their order, or over what the customer owes, oldest due first.

    The last document that it reaches may be paid in part; a proforma takes its whole amount or is left out. What is
    more than all of them is the customer's credit. Raises NotFound, InvalidInput, CurrencyMismatch, or Conflict: the
    reference is booked already, the account reports by itself, a chosen document takes no money.
    """
    customer = tx.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    if amount_minor <= 0:
        raise InvalidInput("amount", "must be above zero")
    if currency != customer.currency:
        raise CurrencyMismatch(customer.currency, currency)
    account = manual_account(tx, account_id, customer.seller_id)
    found = new_reference(tx, account_id, reference)
    documents = chosen_or_oldest(tx, customer_id, currency, document_ids)
    payment = book(tx, documents, Receipt(account, Money(amount_minor, currency), found), customer)
    return BookedOnMany(payment.id, customer_id, amount_minor, [document.id for document in documents])
