"""Let a paid period be bought once more, since what was bought for it is lost."""

from sqlalchemy import select

from billhead.actions.provisioning._entitled import FORGOTTEN
from billhead.actions.provisioning._purchase_row import PurchaseDecided, locked_purchase
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.upstream import State
from billhead.models.panels import UpstreamPurchase

__all__ = ["buy_again"]


@verb("purchases.again", permission="panels.write")
def buy_again(tx: Tx, purchase_id: int) -> PurchaseDecided:
    """Let a paid period be bought once more, as when the line was deleted on the panel. What it cost stays booked.

    Raises NotFound, or Conflict for what is not bought, was given up before, or is not the newest: while a later period
    counts as bought, those before it do as well.
    """
    row, _ = locked_purchase(tx, purchase_id)
    if row.state != State.BOUGHT or FORGOTTEN in row.entitlement:
        raise Conflict("only what is bought can be bought again, once")
    later = select(UpstreamPurchase.id).where(
        UpstreamPurchase.service_id == row.service_id,
        UpstreamPurchase.panel_id == row.panel_id,
        UpstreamPurchase.state == State.BOUGHT,
        UpstreamPurchase.paid_until > row.paid_until,
        UpstreamPurchase.entitlement.not_like(f"%{FORGOTTEN}%"),
    )
    newest = tx.session.scalar(later.order_by(UpstreamPurchase.paid_until.desc()).limit(1))
    if newest is not None:
        raise Conflict(f"a later period of this line is bought as well: have purchase {newest} bought again first")
    row.entitlement = f"{row.entitlement}{FORGOTTEN}{row.id}"
    queue_converge(tx, row.service_id, row.panel_id, ahead=True)
    return PurchaseDecided(row.service_id, row.id, row.state)
