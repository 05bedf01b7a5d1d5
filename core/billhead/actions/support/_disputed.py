"""A dispute that nobody has decided yet, locked with its ticket: of two who decide, one does."""

from billhead.actions.payments._attempts import last_charge
from billhead.actions.scheduling import enqueue
from billhead.actions.support._seen import locked_ticket
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.support import DisputeState
from billhead.models.support import BillDispute, Ticket

__all__ = ["go_on", "open_dispute_of"]


def go_on(tx: Tx, document_id: int) -> None:
    """It is settled: what is owed is charged. Dunning goes by the age of the debt, as if it had never waited."""
    last = last_charge(tx, document_id)
    key = f"collect:{document_id}:settled:{last}"
    enqueue(tx, "payments.collect", {"document_id": document_id, "after": last}, key=key)


def open_dispute_of(tx: Tx, dispute_id: int) -> tuple[BillDispute, Ticket]:
    """Raises NotFound, also for what this actor may not see; Conflict when it is decided already."""
    row = tx.session.get(BillDispute, dispute_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("dispute", dispute_id)
    try:
        ticket = locked_ticket(tx, row.ticket_id)
    except NotFound:
        raise NotFound("dispute", dispute_id) from None
    if row.state != DisputeState.OPEN:
        raise Conflict(f"this dispute is {row.state} already", code="decided_already")
    return row, ticket
