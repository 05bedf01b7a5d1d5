"""A customer takes a channel off: nothing is sent there any more, and what was to go there comes by e-mail."""

from billhead.actions.notifications._codes import check_own, own_address
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["forget_address"]


@verb("notifications.forget_address")
def forget_address(tx: Tx, customer_id: int, channel: str) -> None:
    check_own(tx, customer_id)
    row = own_address(tx, customer_id, channel)
    if row is not None:
        tx.session.delete(row)
