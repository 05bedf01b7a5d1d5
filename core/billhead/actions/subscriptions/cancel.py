"""End a subscription: at once, or at the end of what is paid. Billing never ends before today."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from billhead import clock
from billhead.actions.documents._subscriptions import about
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._state import live_services, move, record, visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import PROFORMA_TRANSITIONS, Kind, ProformaEvent, ProformaState
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.domain.state import next_state
from billhead.domain.subscription import Event, State
from billhead.models.documents import Document
from billhead.plugin_host import plugins

__all__ = ["POLICIES", "Canceled", "cancel", "preview_cancel"]

POLICIES = ("end_of_term", "immediate")


@dataclass(frozen=True, slots=True)
class Canceled:
    """`ends_on` is the first day without service, ISO."""

    subscription_id: int
    ends_on: str


def preview_cancel(tx: Tx, subscription_id: int, policy: str) -> Canceled:
    """What `cancel` would do, without doing it."""
    if policy not in POLICIES:
        raise InvalidInput("policy", f"{policy!r} is not one of {', '.join(POLICIES)}")
    subscription = visible_subscription(tx, subscription_id)
    if subscription.state == State.CANCELED:
        raise Conflict("this subscription is canceled already")
    today = clock.today_in(subscription.zone)
    end = today if policy == "immediate" else max(subscription.paid_through or today, today)
    return Canceled(subscription_id, end.isoformat())


@verb("subscriptions.cancel")
def cancel(tx: Tx, subscription_id: int, policy: str) -> Canceled:
    """End it `immediate` or at `end_of_term` (the default of prepaid plans: what is paid may be watched to its end).

    Raises NotAllowed when a plugin's guard refuses a customer's wish; staff's wish is never refused.
    """
    planned = preview_cancel(tx, subscription_id, policy)
    subscription = visible_subscription(tx, subscription_id)
    if not tx.ctx.may("subscriptions.write"):
        facts = {"plan_id": subscription.plan_id, "policy": policy}
        denied = plugins().guard("before_cancel", subscription_id=subscription_id, facts=facts)
        if denied is not None:
            raise NotAllowed(denied.reason)
    ends_on = date.fromisoformat(planned.ends_on)
    today = clock.today_in(subscription.zone)
    if subscription.service_ends_on == ends_on > today:
        return planned
    subscription.billing_ends_on = subscription.service_ends_on = ends_on
    subscription.next_bill_on = None
    subscription.version += 1
    record(tx, subscription, "cancel_asked", today, ends_on=planned.ends_on, policy=policy)
    _withdraw_offers(tx, subscription.id)
    if ends_on <= today:
        move(tx, subscription, Event.CANCEL, today)
        for service in live_services(tx, subscription):
            want(tx, service, lifecycle="unwanted")
    data = {"subscription_id": subscription.id, "ends_on": planned.ends_on}
    emit(tx, "subscription.canceled", f"subscription:{subscription.id}", data)
    queue_notice(tx, subscription.customer_id, "canceled", f"canceled:{subscription.id}:{planned.ends_on}", data)
    return planned


def _withdraw_offers(tx: Tx, subscription_id: int) -> None:
    """Nobody pays for time that will not come: open and expired proformas are void."""
    offers = tx.session.scalars(
        select(Document).where(
            about(subscription_id),
            Document.kind == Kind.PROFORMA,
            Document.state.in_([ProformaState.OPEN.value, ProformaState.EXPIRED.value]),
        )
    )
    for offer in offers:
        offer.state = next_state(PROFORMA_TRANSITIONS, ProformaState(offer.state), ProformaEvent.VOID).value
