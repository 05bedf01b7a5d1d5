"""Stop a message that is being sent: who has it has it, nobody else gets it."""

from dataclasses import dataclass

from sqlalchemy import update

from billhead import clock
from billhead.actions.resellers._seen import seen_message
from billhead.actions.verb import note, verb
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.resellers import ResellerMessageItem

__all__ = ["MessageStopped", "stop_message"]


@dataclass(frozen=True, slots=True)
class MessageStopped:
    """`left`: how many do not get it."""

    message_id: int
    left: int


@verb("resellers.stop_message")
def stop_message(tx: Tx, message_id: int) -> MessageStopped:
    """Raises NotFound (also for somebody else's), or Conflict where it went to all."""
    message = seen_message(tx.session, tx.ctx, message_id)
    tx.session.refresh(message, with_for_update=True)
    if message.state != "running":
        raise Conflict("this is over: there is nothing to stop")
    waiting = ResellerMessageItem.message_id == message_id, ResellerMessageItem.state == "waiting"
    left = rows_changed(tx.session, update(ResellerMessageItem).where(*waiting).values(state="stopped"))
    message.state, message.finished_at = "stopped", clock.now()
    note(tx, f"reseller_message:{message_id}", left=left)
    return MessageStopped(message_id, left)
