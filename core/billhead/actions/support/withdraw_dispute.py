"""A customer agrees with a line after all: dunning goes on where it stood."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.support._disputed import go_on, open_dispute_of
from billhead.actions.support._writing import author_of, say
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.support import DisputeState
from billhead.models.sellers import Seller

__all__ = ["Withdrawn", "withdraw_dispute"]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    bill_dispute_id: int
    ticket_id: int


@verb("support.withdraw_dispute")
def withdraw_dispute(tx: Tx, dispute_id: int) -> Withdrawn:
    """Raises NotFound (also for another customer's), Conflict when it is decided already."""
    row, ticket = open_dispute_of(tx, dispute_id)
    row.state, row.decided_by = DisputeState.WITHDRAWN.value, author_of(tx)
    row.decided_on = clock.today_in(tx.session.get_one(Seller, ticket.seller_id).zone)
    go_on(tx, row.document_id)
    say(tx, ticket, "the dispute was withdrawn")
    return Withdrawn(row.id, ticket.id)
