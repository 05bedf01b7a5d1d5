"""What of an invoice is disputed: as long as that waits for staff, nobody asks for it, takes it, or acts because of it.

It waits until it is settled, or until the seller's days for that are over. What is paid goes on the rest first.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.bulk import among
from billhead.domain.support import DisputeState
from billhead.models.documents import Document
from billhead.models.support import BillDispute

__all__ = ["asked_now", "asked_of", "disputed_of", "has_undisputed", "undisputed"]


def has_undisputed() -> ColumnElement[bool]:
    """Of Document: something is open of what nobody disputes."""
    return Document.total_minor - Document.settled_minor > _disputed_now()


def disputed_of(session: Session, documents: Collection[int]) -> dict[int, int]:
    """Document → the minor units that wait, with tax; without those of which nothing does."""
    rows = session.execute(
        select(BillDispute.document_id, func.sum(BillDispute.disputed_minor))
        .where(among(BillDispute.document_id, documents, session), _waits())
        .group_by(BillDispute.document_id)
    )
    return {key: int(minor) for key, minor in rows}


def undisputed(session: Session, document: Document) -> int:
    """What is open of it, less what is disputed."""
    owed = document.total_minor - document.settled_minor
    return max(owed - disputed_of(session, [document.id]).get(document.id, 0), 0)


def asked_of(session: Session, documents: Sequence[Document]) -> dict[int, int]:
    """Of each what its payer is asked for: what is not disputed; all that is open where that is nothing, as they ask
    for it."""
    open_of = {one.id: one.total_minor - one.settled_minor for one in documents}
    disputed = disputed_of(session, open_of)
    return {key: max(owed - disputed.get(key, 0), 0) or owed for key, owed in open_of.items()}


def asked_now(session: Session, document: Document) -> int:
    """The same of one."""
    return asked_of(session, [document])[document.id]


def _waits() -> ColumnElement[bool]:
    today = clock.business_now().date()
    return and_(BillDispute.state == DisputeState.OPEN.value, BillDispute.waits_until >= today)


def _disputed_now() -> ScalarSelect[int]:
    return (
        select(func.coalesce(func.sum(BillDispute.disputed_minor), 0))
        .where(BillDispute.document_id == Document.id, _waits())
        .correlate(Document)
        .scalar_subquery()
    )
