"""Use what a customer has to spend on what they owe, the oldest due first."""

from billhead.actions.credits._draw import AppliedCredit, use_credit
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["AppliedCredit", "apply_credit"]


@verb("credits.apply", permission="payments.write")
def apply_credit(tx: Tx, customer_id: int) -> AppliedCredit:
    """Pay open invoices with credit of their currency until one of the two is used up.

    An invoice with a charge that is undecided is left alone: it may be paid a moment later, and would be paid twice.
    Proformas are not touched: whether to renew is the customer's to say (`pay_with_credit`).
    """
    return use_credit(tx, customer_id)
