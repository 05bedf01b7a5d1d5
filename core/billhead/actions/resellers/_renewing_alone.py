"""Which users are renewed from their payer's credits without anybody asking, and when."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from billhead import clock
from billhead.domain.subscription import RUNNING
from billhead.models.people import Customer
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription, SubscriptionEvent

__all__ = ["BROKEN", "DAYS_BEFORE", "SHORT", "due_renewals", "is_due", "renews_alone", "runs_on", "tried"]

DAYS_BEFORE = 2
"""Before the first unpaid day: time to buy credits is left where there are too few."""
SHORT = "there are not enough credits"
BROKEN = "a fault kept it from being renewed: the operator sees it, and it is tried again by itself"


def renews_alone() -> ColumnElement[bool]:
    """For a query of `Subscription` that is joined to its `CreditRenewal`: whoever pays for it has turned it on. Who
    has got it from somebody else decides anew."""
    return and_(
        CreditRenewal.subscription_id == Subscription.id, CreditRenewal.reseller_id == Subscription.payer_reseller_id
    )


def runs_on() -> ColumnElement[bool]:
    """What may be renewed by itself: a trial ends, since nobody has asked for what comes after it; and so does what has
    an end, or is stopped."""
    return and_(
        Subscription.settlement == "credits",
        Subscription.phase == "recurring",
        Subscription.state.in_([state.value for state in RUNNING]),
        Subscription.service_ends_on.is_(None),
    )


def due_renewals() -> Select[*tuple[Any, ...]]:
    """(id, payer, zone, paid_through, why, refused_on), who ends first comes first: all that may be due on the earth's
    latest day, less what a fault has set aside for a while. Each one's own zone decides; `refused_on`, when a panel
    last refused what was bought, is a day in it.
    """
    event = SubscriptionEvent
    refused_on = (
        select(func.max(event.effective_on))
        .where(event.subscription_id == Subscription.id, event.kind == "credits_released")
        .scalar_subquery()
        .label("refused_on")
    )
    whose = Subscription.id, Subscription.payer_reseller_id, Customer.zone, Subscription.paid_through
    return (
        select(*whose, CreditRenewal.why, refused_on)
        .join(CreditRenewal, renews_alone())
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(
            runs_on(),
            Subscription.paid_through <= clock.latest_today() + timedelta(days=DAYS_BEFORE),
            or_(CreditRenewal.retry_at.is_(None), CreditRenewal.retry_at <= clock.business_now()),
        )
        .order_by(Subscription.paid_through, Subscription.id)
    )


def tried(row: CreditRenewal, why: str = "") -> None:
    """It came to an answer: renewed, or refused for a reason. What a fault had set aside is over."""
    row.why, row.failures, row.retry_at = why, 0, None


def is_due(paid_through: date | None, zone: str) -> bool:
    return paid_through is not None and (paid_through - clock.today_in(zone)).days <= DAYS_BEFORE
