"""Somebody wants to be forgotten: it is done after a time in which it can be revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.privacy._own import person_to_decide
from billhead.actions.privacy._standing import Outlook, outlook, privacy_rules
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.privacy import OPEN
from billhead.models.privacy import ErasureRequest

__all__ = ["ErasureAsked", "ask_erasure", "preview_ask_erasure"]


@dataclass(frozen=True, slots=True)
class ErasureAsked:
    erasure_id: int
    due_at: datetime


def preview_ask_erasure(tx: Tx, customer_id: int) -> Outlook:
    """What would be deleted, what stays, and what stands against it."""
    return outlook(tx.session, person_to_decide(tx, customer_id))


@verb("privacy.ask_erasure")
def ask_erasure(tx: Tx, customer_id: int, *, ends_lines: bool = False) -> ErasureAsked:
    """What stands against it may be settled until it is due. Raises NotAllowed, NotFound, or Conflict."""
    customer = person_to_decide(tx, customer_id)
    mine = select(ErasureRequest.id).where(ErasureRequest.customer_id == customer_id, ErasureRequest.state.in_(OPEN))
    if tx.session.scalar(mine) is not None:
        raise Conflict("erasure was asked for already", hint="it can be revoked")
    due = clock.business_now() + timedelta(days=privacy_rules(tx.session, customer.seller_id).erasure_days)
    row = ErasureRequest(
        customer_id=customer_id,
        ends_lines=ends_lines,
        figures=outlook(tx.session, customer).stored(),
        asked_by=tx.ctx.actor,
        asked_at=clock.now(),
        due_at=due,
    )
    tx.session.add(row)
    tx.session.flush()
    enqueue(tx, "privacy.erase", {"erasure_id": row.id}, key=f"erasure:{row.id}", lane=f"erasure:{row.id}", due_at=due)
    queue_notice(tx, customer_id, "erasure_asked", f"erasure_asked:{row.id}", {"erasure_id": row.id})
    note(tx, f"customer:{customer_id}", erasure_id=row.id, ends_lines=ends_lines)
    return ErasureAsked(row.id, due)
