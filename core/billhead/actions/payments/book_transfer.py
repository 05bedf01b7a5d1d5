"""Staff have seen the money in the bank: book it for a document."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from billhead.actions.credits._usable import usable_credit
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._transfers import announced, answer_proofs, manual_account, new_reference, succeed
from billhead.actions.subscriptions._offers import locked_to_pay
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.people import Customer

__all__ = ["Booked", "book_transfer"]


@dataclass(frozen=True, slots=True)
class Booked:
    """`open_minor` is what is owed of it afterwards, `credit_minor` what the customer's credit has grown by: below zero
    where it pays what the transfer left of a proforma."""

    payment_id: int
    document_id: int
    open_minor: int
    credit_minor: int


@verb("payments.book_transfer", permission="payments.write")
def book_transfer(
    tx: Tx, document_id: int, account_id: int, amount_minor: int, currency: str, reference: str
) -> Booked:
    """Book money that a person has seen arrive. `reference` (statement line, transfer id) is unique per account.

    Raises InvalidInput, CurrencyMismatch, or Conflict: a proforma takes what credit leaves of it, or nothing; a
    transfer with this reference is booked already; the account is one whose gateway reports by itself.
    """
    attempt = announced(tx, [document_id], account_id)  # before its document, as by everybody who books for one
    document = locked_to_pay(tx, [document_id]).get(document_id)
    if document is None:
        raise NotFound("document", document_id)
    if document.kind == Kind.CREDIT_NOTE:
        raise Conflict(f"{document.number_text} is a credit note: nobody pays on it")
    account = manual_account(tx, account_id, document.seller_id)
    if currency != document.currency:
        raise CurrencyMismatch(document.currency, currency)
    if amount_minor <= 0:
        raise InvalidInput("amount", "must be above zero")
    customer = tx.session.get_one(Customer, document.customer_id)
    had = usable_credit(tx.session, customer, currency).minor
    if document.kind == Kind.PROFORMA and amount_minor + had < document.total_minor:
        raise Conflict("a proforma is settled by its whole amount", hint="book what came as the customer's credit")
    reference = new_reference(tx, account_id, reference)
    if attempt is not None:
        succeed(attempt)
    receipt = Receipt(account, Money(amount_minor, currency), reference, attempt.id if attempt else None)
    payment = book(tx, document, receipt)
    answer_proofs(tx, payment)
    gained = usable_credit(tx.session, customer, currency).minor - had
    return Booked(payment.id, document_id, _open_of(tx, document_id), gained)


def _open_of(tx: Tx, document_id: int) -> int:
    """Of the document, or of the invoice that was made of it."""
    tx.session.flush()
    of_it = Document.owed(), or_(Document.id == document_id, Document.proforma_id == document_id)
    left = select(func.coalesce(func.sum(Document.total_minor - Document.settled_minor), 0)).where(*of_it)
    return int(tx.session.scalar(left) or 0)
