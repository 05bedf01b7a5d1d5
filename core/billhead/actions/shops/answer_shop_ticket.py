"""A reseller answers what a customer of its shop has written."""

from collections.abc import Sequence

from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.support._files import SentFile
from billhead.actions.support.answer_ticket import Answered, answer_ticket
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["answer_shop_ticket"]


@verb("shops.answer_ticket")
def answer_shop_ticket(
    tx: Tx,
    reseller_id: int,
    ticket_id: int,
    text: str,
    afterwards: str,
    files: Sequence[SentFile] = (),
    *,
    seen: int | None = None,
) -> Answered:
    """Raises NotFound (also for a ticket that is not of its shop), NotAllowed (suspended), and what `answer_ticket`
    raises."""
    lock_shop(tx, reseller_id)
    return answer_ticket(as_operator(tx, "tickets.write"), ticket_id, text, afterwards, files, seen=seen)
