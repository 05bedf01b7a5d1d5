"""Money has come in and nobody knows whose it is: it waits in suspense until somebody assigns it."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.ledger.post import post
from billhead.actions.payments._transfers import manual_account, new_reference
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.models.payments import UnassignedMoney
from billhead.models.sellers import Seller

__all__ = ["Kept", "keep_unassigned"]


@dataclass(frozen=True, slots=True)
class Kept:
    unassigned_money_id: int


@verb("payments.keep_unassigned", permission="payments.write")
def keep_unassigned(tx: Tx, account_id: int, amount_minor: int, currency: str, reference: str, payer: str = "") -> Kept:
    """Book a transfer as D clearing, C suspense. `payer` is what the statement says of who sent it.

    Raises NotFound, InvalidInput, or Conflict: the reference is booked already, or the account reports by itself.
    """
    if amount_minor <= 0:
        raise InvalidInput("amount", "must be above zero")
    account = manual_account(tx, account_id)
    amount = Money(amount_minor, currency)
    if account.currencies and currency not in account.currencies:
        raise InvalidInput("currency", f"{account.name} does not take {currency}")
    row = UnassignedMoney(
        account_id=account.id,
        provider_ref=new_reference(tx, account_id, reference),
        amount_minor=amount_minor,
        currency=currency,
        payer=payer.strip()[:200],
        received_at=clock.business_now(),
    )
    tx.session.add(row)
    tx.session.flush()
    seller = tx.session.get_one(Seller, account.seller_id)
    legs = [debit(AccountCode.CLEARING, amount, f"gateway:{account.id}"), credit(AccountCode.SUSPENSE, amount)]
    row.entry_id = post(tx, seller.id, "unassigned", clock.today_in(seller.zone), f"unassigned:{row.id}", legs)
    return Kept(row.id)
