"""It is known now whose money it is: out of suspense, onto the customer's documents, or into their credit."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._open_debts import chosen_or_oldest
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, CurrencyMismatch, NotFound
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, UnassignedMoney
from billhead.models.people import Customer

__all__ = ["Assigned", "assign_money"]


@dataclass(frozen=True, slots=True)
class Assigned:
    payment_id: int
    customer_id: int
    document_ids: list[int]


@verb("payments.assign_money", permission="payments.write")
def assign_money(
    tx: Tx, unassigned_money_id: int, customer_id: int, document_ids: Sequence[int] = (), *, to_credit: bool = False
) -> Assigned:
    """Make a payment of it: over the chosen documents, over what is owed (oldest due first), or as credit only.

    Raises NotFound, CurrencyMismatch, or Conflict when it is assigned already.
    """
    row = tx.session.get(UnassignedMoney, unassigned_money_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("unassigned money", unassigned_money_id)
    if row.payment_id is not None:
        raise Conflict("this money is assigned already", code="assigned_already", hint=f"see payment {row.payment_id}")
    if row.returned_at is not None:
        raise Conflict("this money was given back", code="returned_already")
    account = tx.session.get_one(GatewayAccount, row.account_id)
    customer = tx.session.get(Customer, customer_id)
    if customer is None or customer.seller_id != account.seller_id:
        raise NotFound("customer", customer_id)
    if row.currency != customer.currency:
        raise CurrencyMismatch(customer.currency, row.currency)
    documents = [] if to_credit else chosen_or_oldest(tx, customer_id, row.currency, document_ids)
    receipt = Receipt(account, Money(row.amount_minor, row.currency), row.provider_ref, from_suspense=True)
    payment = book(tx, documents, receipt, customer)
    row.payment_id = payment.id
    return Assigned(payment.id, customer_id, [document.id for document in documents])
