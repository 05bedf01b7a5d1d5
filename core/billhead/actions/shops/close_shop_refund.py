"""Say how a refund of the own shop ended that a person sends, or that its gateway can't tell about."""

from billhead.actions.payments.close_refund import ClosedRefund, close_refund
from billhead.actions.shops._own import for_buyer
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.payments import Payment, Refund

__all__ = ["close_shop_refund"]


@verb("shops.close_refund")
def close_shop_refund(tx: Tx, reseller_id: int, refund_id: int, outcome: str, reference: str = "") -> ClosedRefund:
    """Raises NotFound (also for another shop's, or one of the operator's), NotAllowed (suspended, no right to a shop),
    and what `close_refund` refuses."""
    row = tx.session.get(Refund, refund_id)
    buyer = tx.session.get_one(Payment, row.payment_id).customer_id if row is not None else None
    staff = for_buyer(tx, reseller_id, buyer, "money.refund", "refund", refund_id)
    return close_refund(staff, refund_id, outcome, reference)
