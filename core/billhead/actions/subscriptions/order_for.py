"""Staff order for a customer: by the same sale as in the shop, and then the customer pays, or credit does."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.subscriptions.start import Order
from billhead.actions.subscriptions.start_several import Ordered, start_several
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.domain.money import Money
from billhead.models.documents import Document, DocumentLine

__all__ = ["PAY", "OrderPreview", "order_for", "preview_order_for"]

PAY = ("mail", "credit", "later")
"""How it is paid: by the link in the mail about the order, from the customer's credit now, or as staff book it."""


@dataclass(frozen=True, slots=True)
class OrderPreview:
    """`lines`: description, quantity and net of each."""

    total: Money
    tax: Money
    lines: tuple[tuple[str, int, Money], ...]


def preview_order_for(tx: Tx, order: Order) -> OrderPreview:
    """What it costs, by the order itself: it is placed, looked at and taken back, and nothing of it stands.

    Raises what `order_for` raises.
    """
    if not tx.ctx.may("subscriptions.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not order for a customer: it needs subscriptions.write")
    placed = tx.session.begin_nested()
    try:
        document = tx.session.get_one(Document, start_several(tx, [order]).document_id)
        rows = select(DocumentLine).where(DocumentLine.document_id == document.id).order_by(DocumentLine.position)
        currency = document.currency
        lines = tuple(
            (one.description, one.quantity, Money(one.net_minor, currency)) for one in tx.session.scalars(rows)
        )
        return OrderPreview(Money(document.total_minor, currency), Money(document.tax_minor, currency), lines)
    finally:
        placed.rollback()


@verb("subscriptions.order_for", permission="subscriptions.write")
def order_for(tx: Tx, order: Order, quoted: Money | None, pay: str) -> Ordered:
    """`quoted` is the total that was shown, if any was. No check of orders from outside looks at it. What costs nothing
    is settled at once, whatever `pay` says.

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
