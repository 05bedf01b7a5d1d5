"""An invoice by hand, for a customer with or without a subscription: a draft without lines, to be filled in."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Kind, State
from billhead.domain.errors import NotFound
from billhead.models.documents import Document
from billhead.models.people import Customer

__all__ = ["Drafted", "draft_invoice"]


@dataclass(frozen=True, slots=True)
class Drafted:
    document_id: int


@verb("documents.draft_invoice", permission="documents.write")
def draft_invoice(tx: Tx, customer_id: int, *, tax_inclusive: bool = False) -> Drafted:
    """`tax_inclusive`: whether its prices are meant with tax. It waits for staff to make it final."""
    customer = tx.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    document = Document(
        seller_id=customer.seller_id,
        customer_id=customer.id,
        kind=Kind.INVOICE.value,
        state=State.DRAFT.value,
        currency=customer.currency,
        net_minor=0,
        tax_minor=0,
        total_minor=0,
        tax_inclusive=tax_inclusive,
        held_because="review",
        created_at=clock.now(),
    )
    tx.session.add(document)
    tx.session.flush()
    return Drafted(document.id)
