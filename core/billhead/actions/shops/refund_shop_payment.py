"""Send a payment of the own shop back, or keep it there as the customer's credit, as staff do with the operator's."""

from billhead.actions.payments.refund import Refunded, refund
from billhead.actions.shops._own import for_buyer
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.payments import Payment

__all__ = ["refund_shop_payment"]


@verb("shops.refund_payment")
def refund_shop_payment(
    tx: Tx, reseller_id: int, payment_id: int, amount_minor: int, to: str, *, reason: str
) -> Refunded:
    """Raises NotFound (also for another shop's, or one of the operator's), NotAllowed (suspended, no right to a shop),
    and what `refund` refuses."""
    row = tx.session.get(Payment, payment_id)
    buyer = row.customer_id if row is not None else None
    staff = for_buyer(tx, reseller_id, buyer, "money.refund", "payment", payment_id)
    return refund(staff, payment_id, amount_minor, to, reason=reason)
