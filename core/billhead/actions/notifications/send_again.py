"""Staff send a notice again: one that failed, one whose fate is unknown, or a copy that its receiver has lost."""

from billhead.actions.notifications._queueing import may_be_sent_again, queue_sending
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.operations import Notice

__all__ = ["send_again"]


@verb("notifications.send_again", permission="customers.write")
def send_again(tx: Tx, notice_id: int) -> None:
    """Raises NotFound, and Conflict for what waits, is under way, or has arrived and is no copy."""
    notice = tx.session.get(Notice, notice_id, with_for_update=True)
    if notice is None:
        raise NotFound("notice", notice_id)
    if not may_be_sent_again(notice):
        raise Conflict(f"Message {notice_id} is {notice.state}: there is nothing to send again.")
    notice.state, notice.error, notice.tries = "queued", "", 0
    queue_sending(tx, notice_id)
