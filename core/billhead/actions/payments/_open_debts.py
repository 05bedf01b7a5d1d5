"""What a customer can pay at once: documents that they chose, or all that is owed, oldest due first."""

from collections.abc import Sequence

from sqlalchemy import select

from billhead.actions.payments._allocating import locked_documents
from billhead.actions.payments._putting_back import open_on
from billhead.actions.subscriptions._offers import locked_to_pay
from billhead.db import Tx
from billhead.domain.document import Kind, is_payable
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.documents import Document

__all__ = ["MOST_AT_ONCE", "chosen_or_oldest", "takes_money"]

MOST_AT_ONCE = 100


def takes_money(document: Document) -> bool:
    """It is open, something is left to pay on it, and nothing holds it."""
    held = document.kind == Kind.PROFORMA and document.held_because
    return is_payable(document.kind, document.state) and not held and document.total_minor > document.settled_minor


def chosen_or_oldest(tx: Tx, customer_id: int, currency: str, document_ids: Sequence[int]) -> list[Document]:
    """The documents, locked, in the order in which they are to be paid. A bad debt that is chosen takes money as well.

    Raises NotFound (another customer's), InvalidInput (twice, another currency, too many) or Conflict (not open).
    """
    if len(set(document_ids)) != len(document_ids) or len(document_ids) > MOST_AT_ONCE:
        raise InvalidInput("documents", f"name each once, and at most {MOST_AT_ONCE}")
    if not document_ids:
        return _oldest(tx, customer_id, currency)
    locked = locked_to_pay(tx, document_ids)
    for key in document_ids:
        document = locked.get(key)
        if document is None or document.customer_id != customer_id:
            raise NotFound("document", key)
        if document.currency != currency:
            raise InvalidInput("documents", f"{document.number_text or key} is in {document.currency}, not {currency}")
        if not takes_money(document) and not open_on(document):
            raise Conflict(f"{document.number_text or key} is {document.state}: there is nothing to pay on it")
    return [locked[key] for key in document_ids]


def _oldest(tx: Tx, customer_id: int, currency: str) -> list[Document]:
    ids = tx.session.scalars(
        select(Document.id)
        .where(
            Document.customer_id == customer_id,
            Document.currency == currency,
            Document.owed(),
        )
        .order_by(Document.due_on, Document.id)
        .limit(MOST_AT_ONCE)
    ).all()
    locked = locked_documents(tx, ids)
    return [locked[key] for key in ids if takes_money(locked[key])]
