"""What can be done about a shared line, by what its panel can do."""

from sqlalchemy.orm import Session

from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin_host import capabilities_of

__all__ = ["out_of_reach"]


def out_of_reach(session: Session, service: Service) -> dict[str, str]:
    """Of the steps of `settle_sharing` those that would change nothing on this line, each with why. No network."""
    able = capabilities_of(session.get_one(Panel, service.panel_id))
    found = {}
    if able is None or not (able.live and able.kick):
        found["kick"] = "This server can't cut a session."
    if able is None or not able.connections or service.kind != "stream":
        found["limit"] = "Its panel decides how many streams this line has."
    return found
