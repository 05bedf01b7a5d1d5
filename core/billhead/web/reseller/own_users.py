"""One subscriber of the reseller's: read as its pages show it, and "not found" where it is somebody else's."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.access.line_state import LineState, line_state
from billhead.actions.resellers._seen import seen_user
from billhead.domain.errors import NotFound
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.web.request_context import current_ctx

__all__ = ["Line", "Seen", "own_line", "own_user"]


@dataclass(frozen=True, slots=True)
class Line:
    service: Service
    state: LineState


@dataclass(frozen=True, slots=True)
class Seen:
    """A subscriber with the plan and the lines that are wanted on a panel."""

    subscription: Subscription
    customer: Customer
    plan: Plan
    lines: Sequence[Line]

    @property
    def moves(self) -> bool:
        return any(line.state.moves for line in self.lines)

    @property
    def told(self) -> bool:
        """Whether there is something to hand out."""
        return any(line.service.observed_at is not None for line in self.lines)


def own_user(session: Session, key: int) -> Seen:
    """Raises NotFound for one that nobody in the reseller's subtree looks after."""
    subscription = seen_user(session, current_ctx(), key)
    services = session.scalars(
        select(Service).where(Service.subscription_id == key, Service.lifecycle == "wanted").order_by(Service.id)
    ).all()
    return Seen(
        subscription,
        session.get_one(Customer, subscription.customer_id),
        session.get_one(Plan, subscription.plan_id),
        [Line(one, line_state(session, one, subscription)) for one in services],
    )


def own_line(session: Session, key: int, service_id: int) -> tuple[Seen, Service]:
    """A line of that subscriber's; NotFound for every other."""
    seen = own_user(session, key)
    for line in seen.lines:
        if line.service.id == service_id:
            return seen, line.service
    raise NotFound("line", service_id)
