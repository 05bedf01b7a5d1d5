"""Nobody's money is sent back to who had paid it: by a person, out of the bank or the provider's own pages."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.ledger.post import post
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, UnassignedMoney
from billhead.models.sellers import Seller

__all__ = ["Returned", "return_money"]


@dataclass(frozen=True, slots=True)
class Returned:
    unassigned_money_id: int
    amount_minor: int
    currency: str


@verb("payments.return_money", permission="money.refund")
def return_money(tx: Tx, unassigned_money_id: int, reference: str) -> Returned:
    """Book that all of it has been sent back: D suspense, C clearing. Once.

    `reference` is that of the transfer which took it back. Raises NotFound, InvalidInput (none), or Conflict when it
    has an owner or was given back already.
    """
    row = tx.session.get(UnassignedMoney, unassigned_money_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("unassigned money", unassigned_money_id)
    reference = reference.strip()
    if not reference:
        raise InvalidInput("reference", "is needed: by it the transfer back is found in the bank")
    if row.payment_id is not None:
        raise Conflict("this money has an owner", code="assigned_already", hint=f"refund payment {row.payment_id}")
    if row.returned_at is not None:
        raise Conflict("this money was given back already", code="returned_already")
    account = tx.session.get_one(GatewayAccount, row.account_id)
    seller, amount = tx.session.get_one(Seller, account.seller_id), Money(row.amount_minor, row.currency)
    legs = [debit(AccountCode.SUSPENSE, amount), credit(AccountCode.CLEARING, amount, f"gateway:{account.id}")]
    day = clock.today_in(seller.zone)
    row.returned_entry_id = post(tx, seller.id, "unassigned_returned", day, f"unassigned_returned:{row.id}", legs)
    row.returned_at, row.returned_ref = clock.business_now(), reference[:140]
    note(tx, f"unassigned_money:{row.id}", reference=row.returned_ref)
    return Returned(row.id, row.amount_minor, row.currency)
