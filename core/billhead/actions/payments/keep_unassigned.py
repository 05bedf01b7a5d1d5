"""Money has come in and nobody knows whose it is: it waits in suspense until somebody assigns it."""

from dataclasses import dataclass

from billhead.actions.payments._suspense import kept_in_suspense
from billhead.actions.payments._transfers import manual_account, new_reference
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money

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
    return Kept(kept_in_suspense(tx, account, new_reference(tx, account_id, reference), amount, payer))
