"""Lines move between drafts or proformas of one customer: they keep their keys, and know where they were before."""

from collections.abc import Sequence
from datetime import date

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._coupons import move_used
from billhead.actions.billing.numbers import take_numbers
from billhead.actions.documents._changeable import lines_of
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.db import Tx
from billhead.domain.document import PROFORMA_TRANSITIONS, TRANSITIONS, Event, Kind, ProformaEvent, ProformaState, State
from billhead.domain.errors import Conflict
from billhead.domain.state import next_state
from billhead.models.documents import Document, DocumentLine

__all__ = ["another_like", "move_lines", "moved", "name_subscription", "same_term", "set_apart"]


def another_like(
    tx: Tx, document: Document, held_because: str, finalise_on: date | None, due_on: date | None
) -> Document:
    """A new document of the same kind for the same customer, without lines."""
    new = Document(
        seller_id=document.seller_id,
        customer_id=document.customer_id,
        kind=document.kind,
        state=State.DRAFT.value if document.kind == Kind.INVOICE else ProformaState.OPEN.value,
        issued_on=document.issued_on,
        due_on=due_on,
        currency=document.currency,
        net_minor=0,
        tax_minor=0,
        total_minor=0,
        buyer_id=document.buyer_id,
        issuer_id=document.issuer_id,
        base_currency=document.base_currency,
        tax_inclusive=document.tax_inclusive,
        finalise_on=finalise_on,
        held_because=held_because,
        created_at=clock.now(),
    )
    _reference(tx, new)
    tx.session.add(new)
    tx.session.flush()
    return new


def _reference(tx: Tx, document: Document) -> None:
    catalogue = Catalogue()
    catalogue.need(tx.session, sellers={document.seller_id})
    seller = catalogue.sellers[document.seller_id]
    if document.kind != Kind.PROFORMA or not seller.number_proformas:
        return
    today = clock.today_in(seller.zone)
    numbers = take_numbers(tx.session, document.seller_id, document.kind, seller.fiscal_year(today), 1)
    document.number_text = numbers.text(numbers.first, today)


def move_lines(tx: Tx, lines: Sequence[DocumentLine], target: Document, *, back: bool = False) -> None:
    """To the end of the target. `back`: they return to where they came from."""
    last = max((line.position for line in lines_of(tx, target.id)), default=0)
    for origin in {line.document_id for line in lines}:
        going = [line for line in lines if line.document_id == origin]
        staying = [line for line in lines_of(tx, origin) if line not in going]
        move_used(tx.session, going, staying, target.id)
    for position, line in enumerate(lines, last + 1):
        line.moved_from_id = None if back else line.document_id
        line.document_id, line.position = target.id, position
    tx.session.flush()


def set_apart(
    tx: Tx, lines: Sequence[DocumentLine], document: Document, held_because: str, finalise_on: date | None
) -> Document:
    """These of its lines on a new document of their own; what both come to is for the caller to reckon."""
    new = another_like(tx, document, held_because, finalise_on, document.due_on)
    move_lines(tx, lines, new)
    for one in (document, new):
        name_subscription(tx, one)
    return new


def moved(document: Document, event: Event, of_proforma: ProformaEvent) -> None:
    """The document's next state, by the table of its kind."""
    if document.kind == Kind.PROFORMA:
        document.state = next_state(PROFORMA_TRANSITIONS, ProformaState(document.state), of_proforma).value
    else:
        document.state = next_state(TRANSITIONS, State(document.state), event).value


def name_subscription(tx: Tx, document: Document) -> None:
    """The document's own subscription, while it is about one alone."""
    found = subscriptions_of(tx.session, document.id)
    document.subscription_id = found[0] if len(found) == 1 else None


def _term_of(line: DocumentLine) -> tuple[int, date | None] | None:
    """What must be paid together: the parts of one subscription's period, and what makes them cheaper."""
    timed = line.kind in ("recurring", "trial", "usage") or line.kind.startswith("discount")
    if line.subscription_id is None or not timed:
        return None
    return line.subscription_id, line.period_start


def same_term(lines: Sequence[DocumentLine], rest: Sequence[DocumentLine]) -> None:
    """Raises Conflict when one subscription's period would stand on two documents: paying one would give all of it."""
    torn = {_term_of(line) for line in lines} & {_term_of(line) for line in rest} - {None}
    if torn:
        raise Conflict(
            "the parts of one subscription's period stay on one document", hint="split off all of them, or none"
        )
