"""Whether a line can be watched, and if not, why, in words for the one who pays for it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.freeze import is_frozen
from billhead.actions.provisioning.label_of import label_of
from billhead.domain.service import Label
from billhead.domain.subscription import State
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription
from billhead.wording import marked

__all__ = ["LineState", "line_state"]

_STOPPED = {
    "debt": marked("It is stopped because something is not paid. It runs again by itself when it is."),
    "customer": marked("It is on hold, as you asked. End the hold and it runs again."),
    "staff": marked("We have stopped it. Please get in touch with us."),
    "reseller": marked("Whoever sold it to you has stopped it. Please ask there."),
    "payer": marked("Whoever sold it to you has stopped it. Please ask there."),
}


@dataclass(frozen=True, slots=True)
class LineState:
    """`word`: ready · being_checked · being_made · changing · unpaid · stopped · maintenance · trouble · ended."""

    word: str
    text: str

    @property
    def moves(self) -> bool:
        """Whether it is worth looking again in a moment."""
        return self.word in ("being_made", "changing")


_CHECKED = marked("Your order is being checked. It starts by itself as soon as that is done.")
_CLOSED = marked("Our servers are being worked on. What you changed is done right after that.")
_WORKED_ON = marked("Our servers are being worked on. It may stutter or pause until that is done.")
_TROUBLE = marked("This takes longer than it should. We are on it; your paid time is not lost.")
_BEING_MADE = LineState("being_made", marked("It is being made."))
_CHANGING = LineState("changing", marked("A change is on its way."))


def line_state(session: Session, service: Service, subscription: Subscription) -> LineState:
    """What the customer must know first. No network."""
    label, panel = label_of(service), session.get_one(Panel, service.panel_id)
    if service.lifecycle != "wanted" or subscription.state == State.CANCELED:
        return LineState("ended", marked("This line has ended."))
    if subscription.state == State.SUSPENDED:
        return LineState("stopped", _STOPPED.get(subscription.suspended_for, _STOPPED["staff"]))
    if service.in_review and subscription.state != State.PENDING and service.desired_expires_at is None:
        return LineState("being_checked", _CHECKED)
    # credits are held while the line is made, and the subscription is pending until it is there
    unpaid = subscription.state == State.PENDING and subscription.settlement != "credits"
    if unpaid or service.desired_expires_at is None:
        return LineState("unpaid", marked("It starts as soon as it is paid."))
    if service.desired_expires_at <= clock.business_now():
        return LineState("unpaid", marked("Its paid time is over. It runs again as soon as it is renewed."))
    waits = service.converged_version < service.desired_version
    if waits and _is_closed(session, panel):
        return LineState("maintenance", _CLOSED)
    if label in (Label.FAILED, Label.UNKNOWN):
        return LineState("trouble", _TROUBLE)
    if waits:
        made = service.observed_at is not None
        return _CHANGING if made else _BEING_MADE
    if service.desired_blocked:
        return LineState("stopped", _STOPPED["staff"])
    if panel.maintenance:
        return LineState("maintenance", _WORKED_ON)
    return LineState("ready", marked("It can be watched."))


def _is_closed(session: Session, panel: Panel) -> bool:
    shut = panel.open_until is not None and panel.open_until > clock.business_now()
    return panel.maintenance or shut or is_frozen(session, "panels")
