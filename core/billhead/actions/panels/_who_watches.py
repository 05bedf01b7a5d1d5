"""The lines that run on a panel, and whose they are."""

from typing import Any

from sqlalchemy import Select, select

from billhead.domain.subscription import RUNNING
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription

__all__ = ["who_watches"]


def who_watches(panel_id: int, *columns: Any) -> Select[Any]:
    """What runs on the panel. Who is suspended reads the addresses in the account when it is paid."""
    return (
        select(*columns)
        .select_from(Service)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(
            Service.panel_id == panel_id,
            Service.lifecycle == "wanted",
            Service.observed_at.is_not(None),
            Subscription.state.in_([state.value for state in RUNNING]),
        )
    )
