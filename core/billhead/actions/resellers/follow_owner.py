"""One batch of a reseller's lines looks whether its panel shows the right owner: after users were moved."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.resellers._tree import subtree
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.panels import PanelOwner
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription

__all__ = ["OwnerFollowed", "follow_owner"]

_BATCH = 200


@dataclass(frozen=True, slots=True)
class OwnerFollowed:
    """`last_id`: go on after this line; None: all were queued."""

    reseller_id: int
    last_id: int | None


@verb("resellers.follow_owner", permission="resellers.write")
def follow_owner(tx: Tx, reseller_id: int, after: int = 0) -> OwnerFollowed:
    """Queue the lines of the subtree on panels that know owners; a line that is in step is left alone there."""
    lines = tx.session.execute(
        select(Service.id, Service.panel_id)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(
            Customer.reseller_id.in_(subtree(reseller_id)),
            Service.lifecycle == "wanted",
            Service.panel_id.in_(select(PanelOwner.panel_id)),
            Service.id > after,
        )
        .order_by(Service.id)
        .limit(_BATCH)
    ).all()
    for service_id, panel_id in lines:
        queue_converge(tx, service_id, panel_id)
    return OwnerFollowed(reseller_id, lines[-1][0] if len(lines) == _BATCH else None)
