"""Take credits back from a reseller: a correction of the operator's, with its reason in the audit trail."""

from dataclasses import dataclass

from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.resellers._wallet import balance, book, checked_credits, take, wallet
from billhead.actions.verb import verb
from billhead.db import Tx, reserve_ids
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money

__all__ = ["CreditsTaken", "preview_take_credits", "take_credits"]


@dataclass(frozen=True, slots=True)
class CreditsTaken:
    """`balance_minor` is what the reseller has to spend afterwards, in hundredths of a credit."""

    reseller_id: int
    balance_minor: int


def preview_take_credits(tx: Tx, reseller_id: int, amount: Money) -> CreditsTaken:
    """What would be left. Raises what `take_credits` raises, but for a missing reason."""
    checked_credits(amount)
    (reseller,) = lock_resellers(tx, reseller_id)
    left = balance(tx, reseller) - amount
    if left.minor < 0:
        raise Conflict(
            f"{reseller.name} has {balance(tx, reseller)} to spend: no more can be taken",
            code="credits_short",
            hint="what is held or spent already stays so",
        )
    return CreditsTaken(reseller_id, left.minor)


@verb("resellers.take_credits", permission="resellers.write")
def take_credits(tx: Tx, reseller_id: int, amount: Money) -> CreditsTaken:
    """At most what it has to spend of its own, oldest first; a credit line is not drawn for it.

    Raises NotFound, InvalidInput (no amount, no reason) or Conflict (it has less).
    """
    if not tx.ctx.reason.strip():
        raise InvalidInput("reason", "is needed: the reseller reads it in its statement")
    taken = preview_take_credits(tx, reseller_id, amount)
    (reseller,) = lock_resellers(tx, reseller_id)
    key = f"credits_taken:{reserve_ids(tx.session, 'ledger_entry', 1)[0]}"
    take(tx, reseller, amount, key)
    legs = [
        debit(AccountCode.CREDITS_AVAILABLE, amount, wallet(reseller)),
        credit(AccountCode.CREDITS_ISSUED, amount),
    ]
    book(tx, reseller, "credits_taken", key, legs)
    return taken
