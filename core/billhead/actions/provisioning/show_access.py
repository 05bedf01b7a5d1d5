"""What a customer needs to watch: addresses and credentials, as the panel's module makes them. No network."""

from sqlalchemy.orm import Session

from billhead.actions.provisioning._desired import desired_of, panel_view
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin import Access

__all__ = ["show_access"]


def show_access(session: Session, service: Service) -> Access:
    """Raises NotFound (its module is not active) or InvalidInput (the panel's settings no longer fit)."""
    view = panel_view(session, session.get_one(Panel, service.panel_id))
    return view.module.access(view.connection, desired_of(service, view))
