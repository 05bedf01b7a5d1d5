"""Give a reseller credits: a gift of the operator's, or what it has paid for."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.resellers._wallet import add_lot, balance, book, checked_credits, repay, wallet
from billhead.actions.verb import verb
from billhead.db import Tx, reserve_ids
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.models.ledger import LedgerEntry

__all__ = ["CreditsGranted", "grant_credits"]


@dataclass(frozen=True, slots=True)
class CreditsGranted:
    """`balance_minor` is what the reseller has to spend now, in hundredths of a credit."""

    reseller_id: int
    balance_minor: int


@verb("resellers.grant_credits", permission="resellers.write")
def grant_credits(
    tx: Tx, reseller_id: int, amount: Money, *, cost: Money | None = None, reference: str = ""
) -> CreditsGranted:
    """Issue credits to a reseller. `cost` is the money that was paid for them; without it they are a gift.

    The same `reference` ("document:81") is granted once: again, it changes nothing.
    """
    checked_credits(amount)
    (reseller,) = lock_resellers(tx, reseller_id)
    key = f"credits_granted:{reference or reserve_ids(tx.session, 'ledger_entry', 1)[0]}"
    if reference and tx.session.scalar(select(LedgerEntry.id).where(LedgerEntry.key == key)) is not None:
        return CreditsGranted(reseller_id, balance(tx, reseller).minor)
    legs = [
        debit(AccountCode.CREDITS_ISSUED, amount),
        credit(AccountCode.CREDITS_AVAILABLE, amount, wallet(reseller)),
    ]
    entry_id = book(tx, reseller, "credits_granted", key, legs)
    add_lot(tx, reseller, "purchase" if cost else "grant", amount, cost, entry_id)
    repay(tx, reseller, key)
    return CreditsGranted(reseller_id, balance(tx, reseller).minor)
