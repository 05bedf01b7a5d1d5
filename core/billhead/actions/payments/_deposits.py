"""Money that came without being asked for: a payer typed a number at a paybill. Booked once, under its receipt.

The provider may tell of the same money twice, as a deposit and as the answer to a prompt: whichever is first books it.
"""

from collections.abc import Sequence

from sqlalchemy import select

from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._attempts import document_named
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._open_debts import chosen_or_oldest
from billhead.actions.payments._receipts import name_receipt
from billhead.actions.payments._suspense import kept_in_suspense
from billhead.actions.subscriptions._offers import locked_to_pay
from billhead.db import Tx
from billhead.domain.errors import AmountMismatch, Conflict
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.domain.whole_number import whole_number
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt, UnassignedMoney
from billhead.models.people import Customer
from billhead.plugin import Outcome, Verified

__all__ = ["apply_deposit"]


def apply_deposit(tx: Tx, account_id: int, fact: Verified) -> None:
    """For the document whose number the payer typed, or the customer's debts, or kept until staff know whose it is.

    Raises AmountMismatch without a receipt, or without an amount above zero.
    """
    amount, number = fact.outcome.amount, fact.outcome.receipt
    if not number or amount is None or amount.minor <= 0:
        raise AmountMismatch(f"the message about the deposit {number!r} names no amount, or no receipt")
    account = tx.session.get_one(GatewayAccount, account_id)
    document = document_named(tx, account.seller_id, fact.reference)
    document = document if document is not None and document.currency == amount.currency else None
    attempts: list[PaymentAttempt] = []
    if document is not None:
        attempts = _prompts(tx, account, document, amount)
        document = locked_to_pay(tx, [document.id])[document.id]  # other money may come for it at the same time
    if _is_known(tx, account, number):
        return
    for attempt in attempts:
        if AttemptState(attempt.state) in UNRESOLVED:
            apply_outcome(tx, attempt, Outcome(AttemptState.SUCCEEDED, amount=amount, receipt=number))
            return
        if attempt.state == AttemptState.SUCCEEDED and _unnumbered(tx, attempt) and name_receipt(tx, attempt, number):
            return
    customer = _customer(tx, account, fact.reference, amount) if document is None else None
    if document is not None:
        _book_or_keep(tx, account, fact, [document])
    elif customer is not None:
        _book_or_keep(tx, account, fact, chosen_or_oldest(tx, customer.id, amount.currency, ()), customer)
    else:
        _keep(tx, account, fact)


def _book_or_keep(
    tx: Tx, account: GatewayAccount, fact: Verified, documents: Sequence[Document], customer: Customer | None = None
) -> None:
    """The money is there, whatever speaks against booking it: staff find it in suspense then."""
    amount = fact.outcome.amount
    assert amount is not None, "apply_deposit has looked"
    try:
        with tx.session.begin_nested():
            book(tx, documents, Receipt(account, amount, fact.outcome.receipt), customer)
    except Conflict:
        _keep(tx, account, fact)


def _keep(tx: Tx, account: GatewayAccount, fact: Verified) -> None:
    amount = fact.outcome.amount
    assert amount is not None, "apply_deposit has looked"
    wrote = f"{fact.payer} ({fact.reference})" if fact.reference else fact.payer
    kept_in_suspense(tx, account, fact.outcome.receipt, amount, wrote)


def _prompts(tx: Tx, account: GatewayAccount, document: Document, amount: Money) -> list[PaymentAttempt]:
    """The tries of this document that this money may be the answer to, the newest first. Locked: that answer may be
    read at the same time."""
    query = (
        select(PaymentAttempt)
        .where(
            PaymentAttempt.document_id == document.id,
            PaymentAttempt.account_id == account.id,
            PaymentAttempt.amount_minor == amount.minor,
        )
        .order_by(PaymentAttempt.id.desc())
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(tx.session.scalars(query))


def _unnumbered(tx: Tx, attempt: PaymentAttempt) -> bool:
    """It was looked up and paid, and the look-up did not know the receipt."""
    booked = tx.session.scalar(select(Payment.provider_ref).where(Payment.attempt_id == attempt.id))
    return booked in (attempt.provider_ref, attempt.key)


def _is_known(tx: Tx, account: GatewayAccount, number: str) -> bool:
    """It is booked, or waits for an owner."""
    return any(
        tx.session.scalar(select(kind.id).where(kind.account_id == account.id, kind.provider_ref == number))
        for kind in (Payment, UnassignedMoney)
    )


def _customer(tx: Tx, account: GatewayAccount, text: str, amount: Money) -> Customer | None:
    """By the customer's number, as it stands on their statement."""
    number = whole_number(text.strip(), 11)
    customer = tx.session.get(Customer, number) if number is not None else None
    mine = customer is not None and customer.seller_id == account.seller_id and customer.currency == amount.currency
    return customer if mine else None
