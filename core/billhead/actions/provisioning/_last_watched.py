"""A line that is to go is stopped first, and stays until what was watched on it is read.

With a line panels forget whose its sessions were: what ended after the last reading would be nobody's, and never
billed. Only where its seller counts what is watched, and the panel tells it.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.provisioning._desired import PanelView
from billhead.db import Tx
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.models.viewings import ViewingCursor, ViewingRule

__all__ = ["STOPPED", "look_again", "must_stop_first", "unread_until", "when_logged"]

STOPPED = "it is stopped, and goes when what was watched on it is read from the panel"

_LOGGED = timedelta(minutes=5)  # a panel writes a session into its log some minutes after its end
_AGAIN = timedelta(minutes=10)
_LONGEST = timedelta(days=1)  # a panel that does not tell keeps no line for ever


def must_stop_first(tx: Tx, service: Service, panel: Panel, view: PanelView) -> bool:
    if service.stopped_at is not None or service.observed_at is None or not view.capabilities.viewings:
        return False
    counted = select(ViewingRule.id).where(ViewingRule.seller_id == panel.seller_id).limit(1)
    return tx.session.scalar(counted) is not None


def when_logged(stopped_at: datetime) -> datetime:
    """From then on a reading of the panel has all that was watched."""
    return stopped_at + _LOGGED


def look_again() -> datetime:
    return clock.business_now() + _AGAIN


def unread_until(tx: Tx, service: Service) -> datetime | None:
    """When to look again whether the panel has been read since the line was stopped; None: it may go."""
    if service.stopped_at is None or clock.business_now() >= service.stopped_at + _LONGEST:
        return None
    cursor = tx.session.get(ViewingCursor, service.panel_id)
    read = cursor is not None and cursor.read_to >= when_logged(service.stopped_at)
    return None if read else look_again()
