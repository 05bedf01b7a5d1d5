"""Staff leave the area that they looked into."""

from billhead import clock
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.sign_in import Impersonation

__all__ = ["stop_looking"]


@verb("people.stop_looking")
def stop_looking(tx: Tx, visit_id: int) -> None:
    """Nothing happens to a visit that is another's or over."""
    row = tx.session.get(Impersonation, visit_id)
    if row is None or row.staff_id != tx.ctx.user_id or row.ended_at is not None:
        return
    row.ended_at = clock.now()
    subject = f"customer:{row.customer_id}" if row.customer_id is not None else f"reseller:{row.reseller_id}"
    note(tx, subject)
