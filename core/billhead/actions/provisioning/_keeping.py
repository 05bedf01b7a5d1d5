"""What a panel said about a line, kept on its service."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.provisioning._desired import PanelView
from billhead.actions.provisioning._observed import as_json
from billhead.actions.provisioning._queue import queue_converge
from billhead.db import Tx
from billhead.models.subscriptions import Service
from billhead.plugin import Observed

__all__ = ["keep_observed"]


def keep_observed(tx: Tx, service: Service, observed: Observed, view: PanelView) -> None:
    """With what the module keeps to find the line again; boxes that hang on the line are told when that changes."""
    service.observed, service.observed_at = as_json(observed), clock.now()
    kept = dict(observed.handle_data)
    if kept == service.handle_data:
        return
    service.handle_data = kept
    if service.kind == "stream" and view.capabilities.pairs:
        hanging = select(Service.id).where(
            Service.paired_with_id == service.id, Service.lifecycle.in_(("wanted", "arriving"))
        )
        for box_id in tx.session.scalars(hanging):
            queue_converge(tx, box_id, service.panel_id, ahead=True)
