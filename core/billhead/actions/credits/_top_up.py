"""Credit that is bought ahead: an order with one untaxed line and no invoice. What it pays is taxed when billed."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._rated import Rated, RatedLine
from billhead.actions.billing._reading import read_buyers
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.notifications.queue import queue_notice
from billhead.db import Tx
from billhead.domain.document import PROFORMA_TRANSITIONS, Kind, ProformaEvent, ProformaState
from billhead.domain.money import Money
from billhead.domain.state import next_state
from billhead.domain.top_ups import Bonus, TopUpTerms
from billhead.models.credits import AutoTopUp, CustomerWallet
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import Payment, PaymentAttempt
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.wording import marked

__all__ = [
    "BOUGHT_AHEAD",
    "BY_STAFF",
    "NOT_SOLD",
    "TOP_UP",
    "WHY_STOPPED",
    "brought_for",
    "is_top_up",
    "last_day_to_pay",
    "order_credit",
    "settle_top_up",
    "stop_auto_top_up",
    "stop_if_auto",
    "stored_terms",
    "terms_of",
    "void_if_stopped",
    "waiting_orders",
]

TOP_UP = "top_up"
BOUGHT_AHEAD = "topped up"
"""The reason of a lot that was bought."""
_OPEN_FOR = timedelta(days=14)


NOT_SOLD = "credit can't be bought here"
BY_STAFF = "by_staff"
WHY_STOPPED = {
    "hard_decline": marked("your bank refused the payment for good"),
    "declined": marked("your payment was declined several times"),
    "no_method": marked("there is no saved payment method to charge"),
    "charged_back": marked("a payment was taken back by your bank"),
    BY_STAFF: marked("our staff has stopped it"),
    "not_sold": marked("the amount can't be bought any more"),
}


def terms_of(seller: Seller, currency: str) -> TopUpTerms | None:
    """None where the operator sells no credit in this currency."""
    stored: Mapping[str, Any] | None = (seller.top_ups or {}).get(currency)
    return stored_terms(stored) if stored else None


def stored_terms(stored: Mapping[str, Any]) -> TopUpTerms:
    """As the seller's row keeps them for one currency."""
    bonuses = tuple(Bonus(**one) for one in stored.get("bonuses", ()))
    return TopUpTerms(stored["least"], stored["most"], tuple(stored["offered"]), bonuses)


def is_top_up(session: Session, document: Document) -> bool:
    if document.kind != Kind.PROFORMA or document.subscription_id is not None:
        return False
    line = DocumentLine
    found = select(line.id).where(line.document_id == document.id, line.kind == TOP_UP).limit(1)
    return session.scalar(found) is not None


def waiting_orders(customer_id: int) -> Select[Document]:
    """Orders of credit that the customer made and has not paid."""
    line = DocumentLine
    return select(Document).where(
        Document.customer_id == customer_id,
        Document.kind == Kind.PROFORMA.value,
        Document.state == ProformaState.OPEN.value,
        Document.subscription_id.is_(None),
        exists().where(line.document_id == Document.id, line.kind == TOP_UP),
        Document.id.not_in(select(AutoTopUp.document_id).where(AutoTopUp.customer_id == customer_id)),
    )


def last_day_to_pay(seller: Seller) -> date:
    """Of an order of today."""
    return clock.today_in(seller.zone) + _OPEN_FOR


def order_credit(tx: Tx, customer: Customer, amount: Money) -> int:
    """Write the proforma; returns its id. Paid, it becomes credit (`settle_top_up`)."""
    seller = tx.session.get_one(Seller, customer.seller_id)
    line = RatedLine(
        None, None, None, TOP_UP, "Credit", "", None, None, 1, amount.minor, amount.minor, 0, "", 0
    )  # fmt: skip
    rated = Rated(
        "proforma",
        customer.seller_id,
        customer.id,
        None,
        None,
        amount.currency,
        clock.today_in(seller.zone),
        last_day_to_pay(seller),
        (line,),
        amount.minor,
        0,
        amount.minor,
        (),
        (),
        read_buyers(tx.session, [customer.id])[customer.id].party,
        False,
        None,
    )
    return issue_invoice(tx, rated).document_id


def settle_top_up(tx: Tx, proforma: Document) -> None:
    """Its money has arrived: all of it is credit, and whoever books the payment keeps it as that."""
    state = ProformaState(proforma.state)
    proforma.state = next_state(PROFORMA_TRANSITIONS, state, ProformaEvent.SETTLE).value
    proforma.settled_minor = proforma.total_minor


def brought_for(session: Session, document: Document, *, besides: int = 0) -> int:
    """Minor units that payers have sent for a top-up in parts, and that did not go back."""
    kept = func.coalesce(func.sum(Payment.amount_minor - Payment.refunded_minor), 0)
    parts = select(kept).join(PaymentAttempt, PaymentAttempt.id == Payment.attempt_id)
    theirs = parts.where(PaymentAttempt.document_id == document.id, Payment.id != besides)
    return int(session.scalar(theirs) or 0)


def stop_if_auto(tx: Tx, document_id: int, because: str) -> bool:
    """The saved method can't be charged for a top-up that came by itself: none comes again. True if it was one."""
    one = tx.session.get(AutoTopUp, document_id)
    if one is None:
        return False
    stop_auto_top_up(tx, one.customer_id, because)
    return True


def void_if_stopped(tx: Tx, document_id: int) -> bool:
    """An order that came by itself, where that was stopped meanwhile: nobody is charged for it any more. True if so."""
    one = tx.session.get(AutoTopUp, document_id)
    wallet = tx.session.get(CustomerWallet, one.customer_id, populate_existing=True) if one is not None else None
    if wallet is None or not wallet.stopped_because:
        return False
    order = tx.session.get_one(Document, document_id, with_for_update=True)
    if order.state == ProformaState.OPEN:
        order.state = next_state(PROFORMA_TRANSITIONS, ProformaState.OPEN, ProformaEvent.VOID).value
    return True


def stop_auto_top_up(tx: Tx, customer_id: int, because: str) -> None:
    """Nothing is topped up by itself until the customer turns it on again; they are told."""
    wallet = tx.session.get(CustomerWallet, customer_id, with_for_update=True)
    if wallet is None or not wallet.top_up_minor or wallet.stopped_because:
        return
    wallet.stopped_because = because
    at = clock.business_now()
    queue_notice(tx, customer_id, "top_up_stopped", f"top_up_stopped:{customer_id}:{at:%Y%m%dT%H%M%S}", {})
