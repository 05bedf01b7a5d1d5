"""One purchase, locked as everybody does it: service, panel, then the row. And what deciding about it returns."""

from dataclasses import dataclass

from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.subscriptions import Service

__all__ = ["PurchaseDecided", "locked_purchase"]


@dataclass(frozen=True, slots=True)
class PurchaseDecided:
    service_id: int
    purchase: int
    state: str


def locked_purchase(tx: Tx, purchase_id: int) -> tuple[UpstreamPurchase, Panel]:
    row = tx.session.get(UpstreamPurchase, purchase_id)
    if row is None:
        raise NotFound("purchase", purchase_id)
    tx.session.get_one(Service, row.service_id, with_for_update=True)
    panel = tx.session.get_one(Panel, row.panel_id, with_for_update=True)
    tx.session.refresh(row, with_for_update=True)
    return row, panel
