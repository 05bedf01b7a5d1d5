"""Queue the convergence of one service now, because somebody wants to see it in step."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.provisioning._queue import close_parked, queue_converge
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service

__all__ = ["ConvergeAsked", "ask_converge"]


@dataclass(frozen=True, slots=True)
class ConvergeAsked:
    service_id: int


@verb("services.converge", permission="services.write")
def ask_converge(tx: Tx, service_id: int) -> ConvergeAsked:
    """A job that was parked or waits for later is not doubled: the parked one is closed, the waiting one comes first.
    The panel is asked at once, even if it did not answer a moment ago.

    Raises Conflict for a line that is gone, or that has never been paid for and so is on no panel yet.
    """
    service = tx.session.get(Service, service_id, with_for_update=True)
    if service is None:
        raise NotFound("service", service_id)
    if service.lifecycle == "gone":
        raise Conflict("This line is gone from its panel: there is nothing to bring in step.")
    if service.in_review and service.desired_expires_at is None:
        raise Conflict("The order of this line is being checked: it is put on its panel when that is approved.")
    if service.lifecycle == "wanted" and service.desired_expires_at is None and service.converged_version == 0:
        raise Conflict("This line is not paid for yet: it is put on its panel when it is.")
    if service.desired_from is not None and service.desired_from > clock.business_now():
        raise Conflict("This line begins later: it is put on its panel on its first day.")
    close_parked(tx, service_id)
    tx.session.get_one(Panel, service.panel_id, with_for_update=True).open_until = None
    queue_converge(tx, service.id, service.panel_id)
    return ConvergeAsked(service_id)
