"""What pays which document: money is put on a document's lines, taken off again, and moved. No ledger entry by itself.

A payment's money is always somewhere: on documents, in the customer's credit, or gone back to its source. Whoever
takes it off a document says in the same transaction where it goes.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Select, func, or_, select

from billhead import clock
from billhead.actions.documents._days_bought import let_days_follow
from billhead.actions.ledger._reversing import reverse
from billhead.db import Tx
from billhead.domain.document import TRANSITIONS, Kind, State, settlement_event
from billhead.domain.errors import Conflict
from billhead.domain.state import next_state
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.payments import Payment
from billhead.models.sellers import Seller

__all__ = ["Freed", "Source", "lock_payers", "locked_documents", "put_on", "settle_note", "take_off"]


class Source(NamedTuple):
    """What pays: one of a payment, a lot of the customer's credit, a credit note."""

    payment_id: int | None = None
    customer_credit_id: int | None = None
    credit_note_id: int | None = None


class Freed(NamedTuple):
    """Money that was taken off a document, and what had paid it."""

    source: Source
    minor: int


def locked_documents(tx: Tx, ids: Collection[int]) -> dict[int, Document]:
    """These documents, locked in one order for everybody, as they stand now."""
    tx.session.flush()
    rows = tx.session.scalars(
        select(Document)
        .where(Document.id.in_(ids))
        .order_by(Document.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def lock_payers(tx: Tx, documents: Select[int] | Sequence[int]) -> None:
    """What has paid these, directly or as credit, so that none of it is sent back meanwhile. Before the documents, as a
    refund does it; whoever holds a document may still move its money."""
    paid_by = (
        select(func.coalesce(Allocation.payment_id, CustomerCredit.payment_id))
        .outerjoin(CustomerCredit, CustomerCredit.id == Allocation.customer_credit_id)
        .where(Allocation.document_id.in_(documents))
    )
    payments = select(Payment.id).where(Payment.id.in_(paid_by)).order_by(Payment.id)
    tx.session.execute(payments.with_for_update(key_share=True)).all()


def put_on(tx: Tx, document: Document, source: Source, minor: int) -> bool:
    """Pay so much of a locked document, its lines from the top; True if that settles it now.

    The amount must be open on it. A debt that was written off is owed again as soon as something comes for it.
    Raises Conflict for a credit note: that is what we owe.
    """
    if document.kind == Kind.CREDIT_NOTE:
        raise Conflict(f"{document.number_text} is a credit note: nobody pays on it")
    if minor <= 0:
        return False
    settled = _settled_by_line(tx, document.id)
    lines = tx.session.scalars(
        select(DocumentLine).where(DocumentLine.document_id == document.id).order_by(DocumentLine.position)
    ).all()
    left = minor
    for line in lines:
        part = min(left, line.net_minor + line.tax_minor - settled[line.id])
        if part > 0:
            _allocate(tx, document, line.id, source, part)
            left -= part
    if left:
        # a credit note may have overfilled one line and left another open: the document's sum decides
        _allocate(tx, document, lines[-1].id, source, left)
    return _settle(tx, document, document.settled_minor + minor)


def take_off(tx: Tx, document: Document, minor: int, only: Source | None = None) -> list[Freed]:
    """Take up to so much off a locked document, what came last first: the state is as if it had been smaller always.

    What a credit note has paid stays. `only`: nothing but what this source has paid. The result is what was freed.
    """
    if minor <= 0:
        return []
    tx.session.flush()
    net: defaultdict[tuple[int, Source], int] = defaultdict(int)
    query = select(Allocation).where(
        Allocation.document_id == document.id,
        or_(Allocation.payment_id.is_not(None), Allocation.customer_credit_id.is_not(None)),
    )
    for row in tx.session.scalars(query.order_by(Allocation.id)):
        key = row.line_id, Source(row.payment_id, row.customer_credit_id)
        before = net.pop(key, 0)  # it moves to the end: what came last is taken first
        net[key] = before + row.amount_minor
    freed: dict[Source, int] = {}
    left = minor
    for (line_id, source), paid in reversed(net.items()):
        part = min(left, paid)
        if part <= 0 or (only is not None and source != only):
            continue
        _allocate(tx, document, line_id, source, -part)
        freed[source] = freed.get(source, 0) + part
        left -= part
    if freed:
        _settle(tx, document, document.settled_minor - (minor - left))
    return [Freed(source, part) for source, part in freed.items()]


def hand_over(tx: Tx, lot_id: int, to_id: int, minor: int) -> None:
    """So much of what one lot of credit has paid is paid by another: what is settled where stays as it is."""
    net: defaultdict[tuple[int, int], int] = defaultdict(int)
    rows = tx.session.scalars(select(Allocation).where(Allocation.customer_credit_id == lot_id).order_by(Allocation.id))
    for row in rows:
        net[row.document_id, row.line_id] += row.amount_minor
    left = minor
    for (document_id, line_id), paid in net.items():
        part = min(left, paid)
        if part > 0:
            document = tx.session.get_one(Document, document_id)
            _allocate(tx, document, line_id, Source(customer_credit_id=lot_id), -part)
            _allocate(tx, document, line_id, Source(customer_credit_id=to_id), part)
            left -= part


def settle_note(note: Document, minor: int) -> None:
    """So much more of a locked credit note has found its place."""
    after = note.settled_minor + minor
    event = settlement_event(note.total_minor, note.settled_minor, after)
    if event is not None:
        note.state = next_state(TRANSITIONS, State(note.state), event).value
    note.settled_minor = after


def _settled_by_line(tx: Tx, document_id: int) -> defaultdict[int, int]:
    tx.session.flush()
    settled: defaultdict[int, int] = defaultdict(int)
    rows = tx.session.execute(
        select(Allocation.line_id, Allocation.amount_minor).where(Allocation.document_id == document_id)
    )
    for line_id, minor in rows:
        settled[line_id] += minor
    return settled


def _allocate(tx: Tx, document: Document, line_id: int, source: Source, minor: int) -> None:
    row = Allocation(
        document_id=document.id,
        line_id=line_id,
        amount_minor=minor,
        day=clock.today_in(tx.session.get_one(Seller, document.seller_id).zone),
        created_at=clock.now(),
        **source._asdict(),
    )
    tx.session.add(row)


def _settle(tx: Tx, document: Document, after: int) -> bool:
    before, state = document.settled_minor, State(document.state)
    event = settlement_event(document.total_minor, before, after)
    if event is None:
        return False
    reached = next_state(TRANSITIONS, state, event)
    if state is State.WRITTEN_OFF:
        _revive(tx, document)
    document.settled_minor, document.state = after, reached.value
    return reached is State.PAID and state is not State.PAID


def _revive(tx: Tx, document: Document) -> None:
    """What was written off is owed again: somebody pays it, or takes back what they had paid."""
    if document.closing_entry_id is None:
        raise Conflict(f"{document.number_text} was written off by no entry, so that nothing can be put on it")
    day = clock.today_in(tx.session.get_one(Seller, document.seller_id).zone)
    reverse(tx, document.closing_entry_id, "recovery", day, f"recovery:{document.closing_entry_id}")
    let_days_follow(tx, document.id)
