"""Money has arrived: book it, allocate it to the document's lines, and give what it has bought. One transaction."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.events import emit
from billhead.actions.ledger.post import post
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._stages import stages_of
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._state import live_services, move
from billhead.actions.subscriptions.restore import restore
from billhead.crash import crash_point
from billhead.db import Tx
from billhead.domain.document import OWED, Kind, ProformaState, State, settlement_event
from billhead.domain.document import TRANSITIONS as DOCUMENT_TRANSITIONS
from billhead.domain.dunning import StageAction, stages_reached
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money
from billhead.domain.periods import start_of_day
from billhead.domain.state import next_state
from billhead.domain.subscription import Event, SuspendedBy
from billhead.domain.subscription import State as Life
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["Receipt", "book"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """How money came in. `provider_ref` is unique per gateway account: the same money is never booked twice."""

    account: GatewayAccount
    amount: Money
    provider_ref: str
    attempt_id: int | None = None
    fee: Money | None = None


def book(tx: Tx, document: Document, receipt: Receipt) -> Payment:
    """Book a payment for a document; what is more than is owed becomes the customer's credit.

    An open or expired proforma is settled first: its invoice is issued with its number and period. Money for a document
    that takes none any more (void, paid otherwise), or that would buy time which nobody gives, is credit as a whole.
    """
    seller = tx.session.get_one(Seller, document.seller_id)
    target = _target(tx, document)
    owed = target.total_minor - target.settled_minor if target is not None else 0
    allocated = min(receipt.amount.minor, owed)
    payment = _payment(tx, document, receipt)
    payment.entry_id = _post(tx, seller, payment, allocated)
    if payment.amount_minor > allocated:
        _credit(tx, payment, document, payment.amount_minor - allocated)
    if target is not None and allocated:
        _allocate(tx, target, payment, allocated, clock.today_in(seller.zone))
        if target.state == State.PAID:
            _paid(tx, seller, target)
    crash_point("settle.booked")
    data = {
        "payment_id": payment.id,
        "customer_id": payment.customer_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
    }
    emit(tx, "payment.received", f"customer:{payment.customer_id}", data)
    shown = {"payment_id": payment.id, "document_id": target.id if target else document.id}
    queue_notice(tx, payment.customer_id, "receipt", f"receipt:{payment.id}", shown)
    return payment


def _target(tx: Tx, document: Document) -> Document | None:
    """The invoice that the money pays, or None when it can only become credit."""
    if _ended(tx, document):
        return None
    if document.kind == Kind.PROFORMA:
        if document.state not in (ProformaState.OPEN, ProformaState.EXPIRED):
            return None
        invoice_id = settle_proforma(tx, document.id)
        return tx.session.get_one(Document, invoice_id)
    return document if document.state in OWED else None


def _ended(tx: Tx, document: Document) -> bool:
    """Paid after the subscription has ended: no term begins with it, and what debt had stopped was never watched.

    Who cancelled otherwise has had what the invoice is for, and pays it.
    """
    if document.subscription_id is None:
        return False
    subscription = tx.session.get_one(Subscription, document.subscription_id)
    unwatched = document.kind == Kind.PROFORMA or subscription.suspended_for == SuspendedBy.DEBT
    return subscription.state == Life.CANCELED and unwatched


def _payment(tx: Tx, document: Document, receipt: Receipt) -> Payment:
    # a fee in another currency is booked with the payout that shows it
    fee = receipt.fee if receipt.fee is not None and receipt.fee.currency == receipt.amount.currency else None
    payment = Payment(
        customer_id=document.customer_id,
        account_id=receipt.account.id,
        attempt_id=receipt.attempt_id,
        provider_ref=receipt.provider_ref,
        amount_minor=receipt.amount.minor,
        fee_minor=fee.minor if fee else 0,
        currency=receipt.amount.currency,
        received_at=clock.business_now(),
    )
    tx.session.add(payment)
    tx.session.flush()
    return payment


def _post(tx: Tx, seller: Seller, payment: Payment, allocated: int) -> int:
    currency, subject = payment.currency, f"gateway:{payment.account_id}"
    legs: list[Posting] = []
    cleared = Money(payment.amount_minor - payment.fee_minor, currency)
    if cleared:
        side = debit if cleared.minor > 0 else credit  # a fixed fee may be more than a small payment
        legs.append(side(AccountCode.CLEARING, abs(cleared), subject))
    if payment.fee_minor:
        legs.append(debit(AccountCode.FEES, Money(payment.fee_minor, currency), subject))
    if allocated:
        legs.append(credit(AccountCode.RECEIVABLE, Money(allocated, currency)))
    if payment.amount_minor > allocated:
        legs.append(credit(AccountCode.CREDIT_BOUGHT, Money(payment.amount_minor - allocated, currency)))
    day = clock.today_in(seller.zone)
    return post(tx, seller.id, "payment", day, f"payment:{payment.id}", legs, customer_id=payment.customer_id)


def _credit(tx: Tx, payment: Payment, document: Document, minor: int) -> None:
    """Keep it for the customer, and say so: staff may owe them an answer."""
    tx.session.add(
        CustomerCredit(
            customer_id=payment.customer_id,
            kind="bought",
            currency=payment.currency,
            amount_minor=minor,
            remaining_minor=minor,
            reason=f"overpaid: payment {payment.id}",
            entry_id=payment.entry_id,
            created_at=clock.now(),
        )
    )
    data = {
        "payment_id": payment.id,
        "customer_id": payment.customer_id,
        "document_id": document.id,
        "amount_minor": minor,
        "currency": payment.currency,
    }
    emit(tx, "payment.credited", f"customer:{payment.customer_id}", data)


def _allocate(tx: Tx, document: Document, payment: Payment, minor: int, day: date) -> None:
    """Fill the lines in their order, each up to what is still open on it."""
    rows = tx.session.execute(
        select(Allocation.line_id, func.sum(Allocation.amount_minor))
        .where(Allocation.document_id == document.id)
        .group_by(Allocation.line_id)
    )
    settled = {line_id: int(total) for line_id, total in rows}
    lines = tx.session.scalars(
        select(DocumentLine).where(DocumentLine.document_id == document.id).order_by(DocumentLine.position)
    ).all()
    left = minor
    for line in lines:
        part = min(left, line.net_minor + line.tax_minor - settled.get(line.id, 0))
        if part <= 0:
            continue
        tx.session.add(
            Allocation(
                document_id=document.id,
                line_id=line.id,
                payment_id=payment.id,
                amount_minor=part,
                day=day,
                created_at=clock.now(),
            )
        )
        left -= part
    before = document.settled_minor
    document.settled_minor = before + minor
    event = settlement_event(document.total_minor, before, document.settled_minor)
    if event is not None:
        document.state = next_state(DOCUMENT_TRANSITIONS, State(document.state), event).value


def _paid(tx: Tx, seller: Seller, invoice: Document) -> None:
    data = {"document_id": invoice.id, "customer_id": invoice.customer_id}
    emit(tx, "document.paid", f"document:{invoice.id}", data)
    if invoice.subscription_id is None:
        return
    tx.session.flush()
    # issuing the invoice wrote past the session: read what stands now
    subscription = tx.session.get_one(
        Subscription, invoice.subscription_id, with_for_update=True, populate_existing=True
    )
    _extend(tx, seller, subscription, invoice)
    today = clock.today_in(seller.zone)
    oldest_due = tx.session.scalar(
        select(func.min(Document.due_on)).where(
            Document.subscription_id == subscription.id,
            Document.kind == Kind.INVOICE,
            Document.state.in_([s.value for s in OWED]),
            Document.due_on < today,
        )
    )
    if subscription.state == Life.PAST_DUE and oldest_due is None:
        move(tx, subscription, Event.CLEAR_DEBT, clock.today_in(subscription.zone))
    elif subscription.state == Life.SUSPENDED:
        reached = {stage.action for stage in stages_reached(stages_of(seller), oldest_due, today)}
        if not reached & {StageAction.SUSPEND, StageAction.TERMINATE}:  # else another debt is as old as that
            restore(tx, subscription.id, SuspendedBy.DEBT.value)


def _extend(tx: Tx, seller: Seller, subscription: Subscription, invoice: Document) -> None:
    """What is paid for may be watched: panel expiry = paid-through + grace, in the customer's own zone."""
    through = tx.session.scalar(
        select(func.max(DocumentLine.period_end)).where(
            DocumentLine.document_id == invoice.id, DocumentLine.kind.in_(["recurring", "trial"])
        )
    )
    if through is None or (subscription.paid_through is not None and subscription.paid_through >= through):
        through = subscription.paid_through
    if through is None or subscription.state == Life.CANCELED:
        return
    subscription.paid_through = through
    expires = start_of_day(through, subscription.zone) + timedelta(hours=seller.grace_hours)
    for service in live_services(tx, subscription):
        want(tx, service, desired_expires_at=expires, trial=subscription.phase == "trial")
