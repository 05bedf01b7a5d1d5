"""Spend a customer's credit on one invoice: the only place that does, besides the billing run's batches.

Gifted credit goes before bought, what expires first before what lasts, oldest first (`domain.credit`).
"""

from dataclasses import dataclass

from sqlalchemy import exists, func, select

from billhead import clock
from billhead.actions.credits._lots import ACCOUNT_OF
from billhead.actions.credits._usable import open_lots
from billhead.actions.documents._disputed import asked_now, has_undisputed
from billhead.actions.dunning._debts import is_owed
from billhead.actions.ledger.post import post
from billhead.actions.payments._allocating import Source, put_on
from billhead.actions.payments._attempts import under_way
from billhead.actions.payments._paid import paid_in_full, paid_in_part
from billhead.db import Tx
from billhead.domain.credit import consume
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.domain.subscription import State as Life
from billhead.domain.subscription import SuspendedBy
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["AppliedCredit", "draw_credit", "use_credit"]

_MOST = 200


@dataclass(frozen=True, slots=True)
class AppliedCredit:
    """How many invoices were paid in full, and how many in part."""

    customer_id: int
    paid: int
    partly: int


def use_credit(tx: Tx, customer_id: int) -> AppliedCredit:
    """What `apply_credit` does, for who may do it as part of something else."""
    tx.session.flush()
    spendable = select(CustomerCredit.currency).where(
        CustomerCredit.customer_id == customer_id, CustomerCredit.remaining_minor > 0
    )
    currencies = set(tx.session.scalars(spendable))
    if not currencies:
        return AppliedCredit(customer_id, 0, 0)
    ended_by_debt = exists().where(
        DocumentLine.document_id == Document.id,
        Subscription.id == DocumentLine.subscription_id,
        Subscription.state == Life.CANCELED.value,
        Subscription.suspended_for == SuspendedBy.DEBT.value,
    )
    wanted = is_owed(), has_undisputed(), ~under_way(), ~ended_by_debt  # what debt has ended was never watched
    ids = tx.session.scalars(
        select(Document.id)
        .where(Document.customer_id == customer_id, Document.currency.in_(currencies), *wanted)
        .order_by(Document.due_on, Document.id)
        .limit(_MOST)
    ).all()
    paid = partly = 0
    for document_id in ids:
        document = tx.session.get_one(Document, document_id, with_for_update=True, populate_existing=True)
        if not draw_credit(tx, document):
            continue
        whole = document.settled_minor == document.total_minor
        paid, partly = paid + whole, partly + (not whole)
    return AppliedCredit(customer_id, paid, partly)


def draw_credit(tx: Tx, document: Document) -> int:
    """Pay what is asked for of a final invoice as far as credit goes; returns the minor units that were drawn.

    The invoice must be locked. What it gives (service, no more dunning) follows when that pays it in full.
    """
    session = tx.session
    customer = session.get_one(Customer, document.customer_id)
    owed = Money(asked_now(session, document), document.currency)
    session.flush()
    session.execute(
        select(CustomerCredit.id)
        .where(CustomerCredit.customer_id == customer.id, CustomerCredit.remaining_minor > 0)
        .order_by(CustomerCredit.id)
        .with_for_update()
    ).all()
    taken, left = consume(open_lots(session, customer.id, document.currency), owed, clock.today_in(customer.zone))
    if not taken:
        return 0
    seller = session.get_one(Seller, document.seller_id)
    day = clock.today_in(seller.zone)
    legs, paid = [], False
    for lot_id, part in taken:
        lot = session.get_one(CustomerCredit, lot_id, populate_existing=True)
        lot.remaining_minor -= part.minor
        paid = put_on(tx, document, Source(customer_credit_id=lot_id), part.minor) or paid
        legs.append(debit(ACCOUNT_OF[lot.kind], part))
    legs.append(credit(AccountCode.RECEIVABLE, owed - left))
    session.flush()
    # the run has booked what it used under the document alone; what is used later is told apart by its allocation
    last = session.scalar(select(func.max(Allocation.id)).where(Allocation.document_id == document.id))
    post(tx, seller.id, "credit_applied", day, f"credit_applied:{document.id}:{last}", legs, customer_id=customer.id)
    if paid:
        paid_in_full(tx, seller, document)
    else:
        paid_in_part(tx, document)
    return (owed - left).minor
