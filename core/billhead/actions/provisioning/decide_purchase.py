"""A person says whether a purchase was made that nobody could find out about."""

from billhead.actions.provisioning._purchase_row import PurchaseDecided, is_open, locked_purchase
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.provisioning._settling import Outcome, confirm, refuse
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, PanelError
from billhead.domain.upstream import State

__all__ = ["decide_purchase"]


@verb("purchases.decide", permission="panels.write")
def decide_purchase(tx: Tx, purchase_id: int, bought: bool) -> PurchaseDecided:
    """Whoever says that it was not bought allows another try, which spends again if they are wrong.

    Raises NotFound, or Conflict when its outcome is known, or it may still be being sent.
    """
    row, panel = locked_purchase(tx, purchase_id)
    if row.state == State.SENT and not is_open(row):
        raise Conflict("this is being bought right now")
    if not is_open(row):
        raise Conflict("whether this was bought is known already", code="purchase_known")
    if bought:
        confirm(tx, row, panel, Outcome(State.BOUGHT))
    else:
        refuse(tx, row, Outcome(State.NOT_BOUGHT, error=PanelError(f"decided by {tx.ctx.actor}")))
    queue_converge(tx, row.service_id, row.panel_id, ahead=True)
    return PurchaseDecided(row.service_id, row.id, row.state)
