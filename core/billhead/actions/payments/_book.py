"""Money has arrived: book it, allocate it to the document's lines, and give what it has bought. One transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead import clock
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.credits._bonus import give_bonus
from billhead.actions.credits._draw import draw_credit, use_credit
from billhead.actions.credits._lending import repay
from billhead.actions.credits._top_up import BOUGHT_AHEAD, brought_for, is_top_up, settle_top_up
from billhead.actions.credits._usable import usable_credit
from billhead.actions.events import emit
from billhead.actions.ledger.post import post
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._allocating import Source, put_on
from billhead.actions.payments._ended import has_ended
from billhead.actions.payments._paid import paid_in_full, paid_in_part
from billhead.actions.payments._putting_back import open_on
from billhead.crash import crash_point
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["Receipt", "book"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """How money came in. `provider_ref` is unique per gateway account: the same money is never booked twice."""

    account: GatewayAccount
    amount: Money
    provider_ref: str
    attempt_id: int | None = None
    part: int = 1
    fee: Money | None = None
    from_suspense: bool = False  # it was booked when it came, before anybody knew whose it is


def book(
    tx: Tx, documents: Document | Sequence[Document], receipt: Receipt, customer: Customer | None = None
) -> Payment:
    """Book a payment for a document, or for several in their order; what is more than is owed is the customer's credit.

    An open or expired proforma is settled first: its invoice is issued with its number and period. Money for a document
    that takes none any more (void, paid otherwise), or that would buy time which nobody gives, is credit as a whole.
    Among several documents a proforma takes its whole amount, or is left out. `customer` pays where there is no
    document.
    """
    wanted = [documents] if isinstance(documents, Document) else list(documents)
    payer = customer or tx.session.get_one(Customer, wanted[0].customer_id)
    seller = tx.session.get_one(Seller, wanted[0].seller_id if wanted else payer.seller_id)
    payment = _payment(tx, payer.id, receipt)
    left, first, bought, topped_up = receipt.amount.minor, None, 0, list[tuple[Document, int]]()
    for document in wanted:
        if len(wanted) > 1 and document.kind == Kind.PROFORMA and document.total_minor > left:
            continue
        rest = _buys_credit(tx, document, payment, left)
        if rest:
            bought, left = bought + rest, left - rest
            topped_up.append((document, rest))
            continue
        target = _target(tx, document, Money(left, receipt.amount.currency))
        if target is None:
            continue
        first = first or target
        part = min(left, open_on(target))
        left -= part
        if put_on(tx, target, Source(payment.id), part):
            paid_in_full(tx, seller, target)
        elif document.kind == Kind.PROFORMA and open_on(target):
            draw_credit(tx, target)  # the payer was asked for what credit does not cover
        else:
            paid_in_part(tx, target)
    allocated = payment.amount_minor - left - bought
    repaid = [repay(tx, payment, order.id, rest) for order, rest in topped_up]
    part = repay(tx, payment, wanted[0].id, left) if left and wanted else 0
    payment.entry_id = _post(tx, seller, payment, allocated, sum(repaid) + part, receipt.from_suspense)
    for (order, rest), lent in zip(topped_up, repaid, strict=True):
        if rest > lent:
            _lot(tx, payment, rest - lent, BOUGHT_AHEAD, order.id)
        give_bonus(tx, order)
    left -= part
    if left:
        _credit(tx, payment, wanted[0] if wanted else None, left)
    if left or bought:
        use_credit(tx, payment.customer_id)
    crash_point("settle.booked")
    data = {
        "payment_id": payment.id,
        "customer_id": payment.customer_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
    }
    emit(tx, "payment.received", f"customer:{payment.customer_id}", data)
    told = first or (wanted[0] if wanted else None)
    if told is not None:
        shown = {"payment_id": payment.id, "document_id": told.id}
        queue_notice(tx, payment.customer_id, "receipt", f"receipt:{payment.id}", shown)
    return payment


def _buys_credit(tx: Tx, document: Document, payment: Payment, minor: int) -> int:
    """What of it settles a top-up: all of its amount, or what is missing where payers send it in parts; else 0.

    Whatever else comes for it is credit all the same, as the parts before the last are.
    """
    if not _waits(tx, document):
        return 0
    rest = document.total_minor - brought_for(tx.session, document, besides=payment.id)
    if not 0 < rest <= minor:
        return 0
    settle_top_up(tx, document)
    return rest


def _waits(tx: Tx, document: Document) -> bool:
    return document.state in (ProformaState.OPEN, ProformaState.EXPIRED) and is_top_up(tx.session, document)


def _target(tx: Tx, document: Document, amount: Money) -> Document | None:
    """The invoice that the money pays, or None when it can only become credit.

    Less than a proforma's amount settles it together with credit: if that was used meanwhile, the money joins it.
    """
    if has_ended(tx, document) or is_top_up(tx.session, document):
        return None
    if document.kind == Kind.PROFORMA:
        if document.state not in (ProformaState.OPEN, ProformaState.EXPIRED):
            return None
        customer = tx.session.get_one(Customer, document.customer_id, with_for_update=True)
        there = amount + usable_credit(tx.session, customer, document.currency)
        if there.minor < document.total_minor:
            return None
        invoice_id = settle_proforma(tx, document.id)
        return tx.session.get_one(Document, invoice_id) if invoice_id is not None else None
    return document if open_on(document) else None


def _payment(tx: Tx, customer_id: int, receipt: Receipt) -> Payment:
    # a fee in another currency than the money's is taken from a balance in it: the exchange books both
    fee = receipt.fee if receipt.fee is not None and receipt.fee.currency == receipt.amount.currency else None
    payment = Payment(
        customer_id=customer_id,
        account_id=receipt.account.id,
        attempt_id=receipt.attempt_id,
        part=receipt.part,
        provider_ref=receipt.provider_ref,
        amount_minor=receipt.amount.minor,
        fee_minor=fee.minor if fee else 0,
        currency=receipt.amount.currency,
        received_at=clock.business_now(),
    )
    tx.session.add(payment)
    tx.session.flush()
    return payment


def _post(tx: Tx, seller: Seller, payment: Payment, allocated: int, repaid: int, from_suspense: bool) -> int:
    currency, subject = payment.currency, f"gateway:{payment.account_id}"
    legs: list[Posting] = []
    cleared = Money(payment.amount_minor - payment.fee_minor, currency)
    if cleared:
        side = debit if cleared.minor > 0 else credit  # a fixed fee may be more than a small payment
        came_from = AccountCode.SUSPENSE if from_suspense else AccountCode.CLEARING
        legs.append(side(came_from, abs(cleared), "" if from_suspense else subject))
    if payment.fee_minor:
        legs.append(debit(AccountCode.FEES, Money(payment.fee_minor, currency), subject))
    if allocated:
        legs.append(credit(AccountCode.RECEIVABLE, Money(allocated, currency)))
    if repaid:
        legs.append(credit(AccountCode.CREDIT_LENT, Money(repaid, currency)))
    if payment.amount_minor > allocated + repaid:
        legs.append(credit(AccountCode.CREDIT_BOUGHT, Money(payment.amount_minor - allocated - repaid, currency)))
    day = clock.today_in(seller.zone)
    return post(tx, seller.id, "payment", day, f"payment:{payment.id}", legs, customer_id=payment.customer_id)


def _credit(tx: Tx, payment: Payment, document: Document | None, minor: int) -> None:
    """Keep it for the customer, and say so: staff may owe them an answer. What is sent for a top-up knows its order."""
    part_of = document.id if document is not None and is_top_up(tx.session, document) else None
    _lot(tx, payment, minor, f"overpaid: payment {payment.id}", part_of)
    data = {
        "payment_id": payment.id,
        "customer_id": payment.customer_id,
        "document_id": document.id if document is not None else None,
        "amount_minor": minor,
        "currency": payment.currency,
    }
    emit(tx, "payment.credited", f"customer:{payment.customer_id}", data)


def _lot(tx: Tx, payment: Payment, minor: int, reason: str, order_id: int | None) -> None:
    tx.session.add(
        CustomerCredit(
            customer_id=payment.customer_id,
            kind="bought",
            currency=payment.currency,
            amount_minor=minor,
            remaining_minor=minor,
            reason=reason,
            payment_id=payment.id,
            order_id=order_id,
            entry_id=payment.entry_id,
            created_at=clock.now(),
        )
    )
