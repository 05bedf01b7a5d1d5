"""A panel that somebody wants to ask about one line, now: whether it may be asked, and what it answered."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from billhead import clock
from billhead.actions.provisioning._desired import PanelView, desired_of, lead_of, panel_view
from billhead.db import Tx
from billhead.domain.errors import BillheadError, PanelError, PanelUnreachable
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin import Desired

__all__ = ["NO_ANSWER", "Asking", "asked_of", "should_serve", "told"]

log = logging.getLogger(__name__)

NO_ANSWER = "The server does not answer right now. Try again in a minute."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asking:
    service_id: int
    desired: Desired
    view: PanelView


def asked_of(tx: Tx, service: Service) -> Asking | str:
    """What the call needs, or in words why there is none."""
    panel = tx.session.get_one(Panel, service.panel_id)
    if panel.maintenance:
        return "Our servers are being worked on. Try again later."
    if panel.open_until is not None and panel.open_until > clock.business_now():
        return NO_ANSWER
    try:
        view = panel_view(tx.session, panel)
        return Asking(service.id, desired_of(service, view, lead_of(tx.session, service)), view)
    except BillheadError as error:
        log.warning("panel %s can't be asked about its lines: %s", panel.code, error)
        return NO_ANSWER


def should_serve(desired: Desired) -> bool:
    return not desired.blocked and (desired.expires_at is None or desired.expires_at > clock.business_now())


def told(asking: Asking, ask: Callable[[Asking], T]) -> T | str:
    """The answer, or in words why there is none. What a panel says of itself goes to the log, not to the customer."""
    try:
        return ask(asking)
    except PanelUnreachable as error:
        log.info("panel %s gave no answer about line %s: %s", asking.view.code, asking.service_id, error)
        return NO_ANSWER
    except PanelError as error:
        log.warning("panel %s refused about line %s: %s", asking.view.code, asking.service_id, error)
        return "The server did not take it. Tell us if that goes on."
    except Exception:
        log.exception("the module of panel %s failed on line %s", asking.view.code, asking.service_id)
        return "The server did not take it. Tell us if that goes on."
