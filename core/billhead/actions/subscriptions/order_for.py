"""Staff order for a customer: by the same sale as in the shop, and then the customer pays, or credit does."""

from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.subscriptions.start import Order
from billhead.actions.subscriptions.start_several import Ordered, start_several
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.domain.money import Money
from billhead.models.documents import Document

__all__ = ["PAY", "order_for"]

PAY = ("mail", "credit", "later")
"""How it is paid: by the link in the mail about the order, from the customer's credit now, or as staff book it."""


@verb("subscriptions.order_for", permission="subscriptions.write")
def order_for(tx: Tx, order: Order, quoted: Money, pay: str) -> Ordered:
    """`quoted` is the total that was shown. No check of orders from outside looks at it. What costs nothing is settled
    at once, whatever `pay` says.

    Raises what `start_several` and `pay_with_credit` raise; then nothing is written.
    """
    if pay not in PAY:
        raise InvalidInput("pay", f"{pay!r} is not one of {', '.join(PAY)}")
    if pay == "credit" and not tx.ctx.may("payments.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not pay with a customer's credit: it needs payments.write")
    ordered = start_several(tx, [order], quoted)
    document = tx.session.get_one(Document, ordered.document_id)
    if pay == "credit" and document.kind == Kind.PROFORMA:
        invoice_id = pay_with_credit(tx, document.id).document_id
        ordered = Ordered(invoice_id, ordered.subscription_ids)
    elif pay == "mail":
        data = {"document_id": document.id}
        queue_notice(tx, order.customer_id, "ordered", f"ordered:{document.id}", data)
    note(
        tx, f"customer:{order.customer_id}", plan=order.plan, term=order.term, pay=pay, document_id=ordered.document_id
    )
    return ordered
