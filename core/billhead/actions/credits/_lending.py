"""Credit that a trusted customer has at once: lent until its order is paid, and taken back where it is not.

It is bought credit from the first day, so that it is spent and comes back like any other, and it stands against an
account of its own: `receivable` is what invoices say is owed, and reports hold it against them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.credits._charged_back import charged_back_debt
from billhead.actions.credits._draw import use_credit
from billhead.actions.credits._lots import post_credit
from billhead.actions.credits._top_up import BOUGHT_AHEAD
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._allocating import Source, hand_over, locked_documents, take_off
from billhead.actions.payments._attempts import under_way
from billhead.actions.payments._crediting import locked_lots
from billhead.actions.payments._time_bought import pull_back_time
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED
from billhead.models.credits import CustomerCredit, LentCredit
from billhead.models.documents import Allocation, Document
from billhead.models.payments import Payment
from billhead.models.people import Customer

__all__ = ["Lent", "lend", "lent_to", "repay", "room", "take_back"]

_NOT_PAID = "to be paid"
"""The reason of a lot that is lent."""


@dataclass(frozen=True, slots=True)
class Lent:
    """Minor units of an order's credit that nobody has paid yet, and how many of them are spent. `due_on`: the last
    day to pay them. `gives_way`: nobody is paying it just now, so that the next order takes its place."""

    document_id: int
    currency: str
    minor: int
    spent_minor: int
    due_on: date | None
    gives_way: bool


def lent_to(session: Session, customer_id: int) -> list[Lent]:
    """The oldest first."""
    lot = CustomerCredit
    rows = session.execute(
        select(
            Document.id, lot.currency, lot.amount_minor, lot.remaining_minor, Document.due_on, ~under_way(UNRESOLVED)
        )
        .select_from(LentCredit)
        .join(lot, lot.id == LentCredit.lot_id)
        .join(Document, Document.id == LentCredit.document_id)
        .where(LentCredit.customer_id == customer_id, LentCredit.state == "open")
        .order_by(Document.id)
    )
    return [Lent(key, code, minor, minor - left, due, bool(free)) for key, code, minor, left, due, free in rows]


def room(session: Session, customer: Customer, giving_way: Collection[int]) -> int:
    """Minor units up to which the customer's next order is there at once, when these orders give way to it.

    0 while something is owed that money had paid which went back or did not come, as it would be when what was spent of
    an order that gives way is taken back.
    """
    if not customer.credit_at_once_minor or charged_back_debt(session, customer.id, customer.currency):
        return 0
    lent = [one for one in lent_to(session, customer.id) if one.currency == customer.currency]
    if any(one.spent_minor for one in lent if one.document_id in giving_way):
        return 0
    stays = sum(one.minor for one in lent if one.document_id not in giving_way)
    return max(customer.credit_at_once_minor - stays, 0)


def lend(tx: Tx, customer: Customer, order_id: int, amount: Money) -> None:
    """The order's amount is credit before it is paid. The customer is locked, and there is `room` for it."""
    lot = _lot(customer.id, amount.currency, amount.minor, amount.minor, _NOT_PAID, order_id)
    tx.session.add(lot)
    tx.session.flush()
    legs = [debit(AccountCode.CREDIT_LENT, amount), credit(AccountCode.CREDIT_BOUGHT, amount)]
    lot.entry_id = post_credit(tx, customer, "credit_lent", f"credit_lent:{order_id}", legs)
    tx.session.add(LentCredit(document_id=order_id, customer_id=customer.id, lot_id=lot.id, taken=[]))
    use_credit(Tx(Context.system("credits:lend"), tx.session), customer.id)


def repay(tx: Tx, payment: Payment, order_id: int, minor: int) -> int:
    """So much has come for the order: what is lent of it, as far as that goes, is the payment's credit from now on,
    with what it was spent on. Returns minor units, which the payment's entry takes off what is lent."""
    loan = _open(tx, order_id)
    if loan is None:
        return 0
    lot = locked_lots(tx, [loan.lot_id])[loan.lot_id]
    part = min(minor, lot.amount_minor)
    if part == lot.amount_minor:
        lot.payment_id, lot.reason, loan.state = payment.id, BOUGHT_AHEAD, "paid"
        return part
    left = min(part, lot.remaining_minor)
    paid = _lot(lot.customer_id, lot.currency, part, left, BOUGHT_AHEAD, order_id)
    paid.payment_id, paid.entry_id = payment.id, lot.entry_id
    tx.session.add(paid)
    lot.amount_minor, lot.remaining_minor = lot.amount_minor - part, lot.remaining_minor - left
    tx.session.flush()
    hand_over(tx, lot.id, paid.id, part - left)
    return part


def take_back(tx: Tx, order_id: int) -> None:
    """What of the order is lent and not paid is lent no more: what is left goes, what it had paid is owed again and the
    time that this bought ends, as after a chargeback that is lost. Done once; the order is locked."""
    loan = _open(tx, order_id)
    if loan is None:
        return
    house = Tx(Context.system("credits:take_back_lent"), tx.session)
    spent_on = select(Allocation.document_id).where(Allocation.customer_credit_id == loan.lot_id).distinct()
    documents = locked_documents(tx, tx.session.scalars(spent_on).all())
    lot = locked_lots(tx, [loan.lot_id])[loan.lot_id]
    left, lot.remaining_minor = lot.remaining_minor, 0
    reopened = dict[int, int]()
    for document in documents.values():
        freed = take_off(tx, document, lot.amount_minor, Source(None, lot.id))
        if freed:
            reopened[document.id] = sum(one.minor for one in freed)
    loan.state, loan.taken = "taken_back", [["document", key, minor] for key, minor in reopened.items()]
    parts = {AccountCode.CREDIT_BOUGHT: left, AccountCode.RECEIVABLE: sum(reopened.values())}
    legs = [debit(account, Money(minor, lot.currency)) for account, minor in parts.items() if minor]
    legs.append(credit(AccountCode.CREDIT_LENT, Money(lot.amount_minor, lot.currency)))
    customer = tx.session.get_one(Customer, loan.customer_id)
    post_credit(tx, customer, "credit_lent_back", f"credit_lent_back:{order_id}", legs)
    pull_back_time(house, list(reopened), f"order {order_id} was not paid")
    if reopened:
        use_credit(house, customer.id)
        queue_notice(tx, customer.id, "lent_unpaid", f"lent_unpaid:{order_id}", {"document_id": order_id})


def _open(tx: Tx, order_id: int) -> LentCredit | None:
    tx.session.flush()
    loan = tx.session.get(LentCredit, order_id, with_for_update=True, populate_existing=True)
    return loan if loan is not None and loan.state == "open" else None


def _lot(customer_id: int, currency: str, minor: int, left: int, reason: str, order_id: int) -> CustomerCredit:
    return CustomerCredit(
        customer_id=customer_id,
        kind="bought",
        currency=currency,
        amount_minor=minor,
        remaining_minor=left,
        reason=reason,
        order_id=order_id,
        created_at=clock.business_now(),
    )
