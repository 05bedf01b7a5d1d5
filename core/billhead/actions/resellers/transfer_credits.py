"""Pass credits down the tree: from a reseller to one that stands below it."""

from dataclasses import dataclass

from billhead.actions.resellers._tree import is_within, lock_resellers
from billhead.actions.resellers._wallet import add_lot, balance, book, checked_credits, repay, take, wallet
from billhead.actions.verb import verb
from billhead.db import Tx, reserve_ids
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import CREDITS, Money

__all__ = ["CreditsTransferred", "transfer_credits"]


@dataclass(frozen=True, slots=True)
class CreditsTransferred:
    """The entry that booked it, and what the payer has to spend afterwards, in hundredths of a credit."""

    entry_id: int
    balance_minor: int


@verb("resellers.transfer_credits")
def transfer_credits(tx: Tx, from_id: int, to_id: int, amount: Money) -> CreditsTransferred:
    """Both legs in one entry; the credits keep what they cost.

    Raises InvalidInput (not above zero, to oneself), NotFound (a payer that this actor may not act for, a receiver that
    does not stand below the payer), NotAllowed (a suspended payer) or Conflict (not enough credits).
    """
    checked_credits(amount)
    if from_id == to_id:
        raise InvalidInput("to", "credits can't be passed to oneself")
    payer, receiver = lock_resellers(tx, from_id, to_id)
    if not is_within(tx.session, to_id, from_id) or payer.seller_id != receiver.seller_id:
        raise NotFound(f"reseller below {payer.name}:", to_id, hint="credits are passed down the tree only")
    # the entry needs a name before it has an id: credits drawn for it are booked before it
    key = f"credits_transferred:{reserve_ids(tx.session, 'ledger_entry', 1)[0]}"
    taken = take(tx, payer, amount, key)
    legs = [
        debit(AccountCode.CREDITS_AVAILABLE, amount, wallet(payer)),
        credit(AccountCode.CREDITS_AVAILABLE, amount, wallet(receiver)),
    ]
    entry_id = book(tx, payer, "credits_transferred", key, legs, other_id=receiver.id)
    for part in taken:
        cost = Money(part.cost_minor, part.cost_currency) if part.cost_currency else None
        add_lot(tx, receiver, "transfer", Money(part.minor, CREDITS), cost, entry_id)
    repay(tx, receiver, key)
    return CreditsTransferred(entry_id, balance(tx, payer).minor)
