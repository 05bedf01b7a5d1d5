"""One purchase, locked as everybody does it: service, panel, then the row. And what deciding about it returns."""

from dataclasses import dataclass

from billhead import clock
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.domain.upstream import SURE_AFTER, State
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.subscriptions import Service

__all__ = ["PurchaseDecided", "is_open", "locked_purchase"]


@dataclass(frozen=True, slots=True)
class PurchaseDecided:
    service_id: int
    purchase: int
    state: str


def is_open(row: UpstreamPurchase) -> bool:
    """Its outcome is not known, and whoever sent it is not at it any more."""
    overdue = clock.business_now() - row.sent_at >= SURE_AFTER
    return row.state == State.UNKNOWN or (row.state == State.SENT and overdue)


def locked_purchase(tx: Tx, purchase_id: int) -> tuple[UpstreamPurchase, Panel]:
    row = tx.session.get(UpstreamPurchase, purchase_id)
    if row is None:
        raise NotFound("purchase", purchase_id)
    tx.session.get_one(Service, row.service_id, with_for_update=True)
    panel = tx.session.get_one(Panel, row.panel_id, with_for_update=True)
    tx.session.refresh(row, with_for_update=True)
    return row, panel
