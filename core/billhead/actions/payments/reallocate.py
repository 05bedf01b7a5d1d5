"""Move money from one document to another, or off it into the customer's credit. What it leaves is owed again."""

from dataclasses import dataclass

from sqlalchemy import func, select

from billhead.actions.payments._allocating import Freed, Source, locked_documents, put_on, take_off
from billhead.actions.payments._crediting import Return, to_credit
from billhead.actions.payments._paid import paid_in_full
from billhead.actions.payments._putting_back import open_on
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.documents import Allocation, Document
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["Reallocated", "reallocate"]


@dataclass(frozen=True, slots=True)
class Reallocated:
    """Minor units that were moved; `to_document_id` is None where they became credit."""

    document_id: int
    to_document_id: int | None
    amount_minor: int


@verb("payments.reallocate", permission="payments.write")
def reallocate(
    tx: Tx, document_id: int, amount_minor: int, to_document_id: int | None = None, *, payment_id: int | None = None
) -> Reallocated:
    """Take so much off an invoice (what came last first, or only what one payment has paid) and put it elsewhere.

    Both documents are of one customer and currency. Raises NotFound, InvalidInput, or Conflict: so much was not paid
    there, or is not open on the other.
    """
    if amount_minor <= 0:
        raise InvalidInput("amount", "must be above zero")
    if to_document_id == document_id:
        raise InvalidInput("to_document", "is the document that the money is on")
    wanted = [document_id] if to_document_id is None else [document_id, to_document_id]
    documents = locked_documents(tx, wanted)
    for key in wanted:
        if key not in documents:
            raise NotFound("document", key)
    source, customer = documents[document_id], tx.session.get_one(Customer, documents[document_id].customer_id)
    target = documents[to_document_id] if to_document_id is not None else None
    if source.kind != Kind.INVOICE:
        raise Conflict("money is moved off invoices only")
    if target is not None:
        _must_take(source, target, amount_minor)
    freed = take_off(tx, source, amount_minor, Source(payment_id) if payment_id is not None else None)
    there = sum(one.minor for one in freed)
    if there < amount_minor:
        raise Conflict(f"only {Money(there, source.currency)} can be taken off {source.number_text}", code="not_there")
    if target is None:
        _as_credit(tx, customer, source, freed)
    else:
        _put(tx, target, freed)
    return Reallocated(document_id, to_document_id, amount_minor)


def _must_take(source: Document, target: Document, minor: int) -> None:
    if target.customer_id != source.customer_id:
        raise InvalidInput("to_document", "belongs to another customer")
    if target.currency != source.currency:
        raise CurrencyMismatch(source.currency, target.currency)
    if minor > open_on(target):
        there = Money(open_on(target), target.currency)
        raise Conflict(f"only {there} is open on {target.number_text or target.id}", code="not_open")


def _as_credit(tx: Tx, customer: Customer, document: Document, freed: list[Freed]) -> None:
    tx.session.flush()
    latest = tx.session.scalar(select(func.max(Allocation.id)).where(Allocation.document_id == document.id))
    key = f"released:{document.id}:{latest}"
    to_credit(tx, customer, document.currency, freed, Return("released", key, f"taken off {document.number_text}"))


def _put(tx: Tx, target: Document, freed: list[Freed]) -> None:
    paid = [put_on(tx, target, source, minor) for source, minor in freed]
    if any(paid):
        paid_in_full(tx, tx.session.get_one(Seller, target.seller_id), target)
