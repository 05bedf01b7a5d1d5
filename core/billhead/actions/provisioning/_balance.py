"""Our own credit at a panel as it was read last, and one alert, as an event and by mail to
staff, each time that it falls below the operator's mark."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.notifications.queue_to_staff import queue_to_staff
from billhead.actions.provisioning._desired import panel_view
from billhead.actions.usage._lines import epoch
from billhead.db import Tx
from billhead.domain.errors import BillheadError
from billhead.models.panels import Panel

__all__ = ["note_balance", "panels_with_balance"]


def note_balance(tx: Tx, panel: Panel, balance_minor: int) -> None:
    """`panel` is locked."""
    panel.balance_minor, panel.balance_at = balance_minor, clock.business_now()
    low = balance_minor < panel.balance_low_minor
    if low and not panel.balance_told:
        data = {"panel_id": panel.id, "balance_minor": balance_minor, "threshold_minor": panel.balance_low_minor}
        emit(tx, "panel.credit_low", f"panel:{panel.id}", data)
        key = f"upstream_low:{panel.id}:{epoch(panel.balance_at)}:{balance_minor}"
        queue_to_staff(tx, panel.seller_id, "panels.write", "upstream_low", key, {"panel_id": panel.id})
    panel.balance_told = low


def panels_with_balance(session: Session) -> list[int]:
    """The panels that are in service and keep a credit for us. No network."""
    panels = session.scalars(select(Panel).where(Panel.maintenance.is_(False)).order_by(Panel.id)).all()
    return [panel.id for panel in panels if _keeps_credit(session, panel)]


def _keeps_credit(session: Session, panel: Panel) -> bool:
    try:
        return panel_view(session, panel, bouquets=False).capabilities.balance
    except BillheadError:
        return False
