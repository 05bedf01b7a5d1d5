"""The names and descriptions of a seller's own that its customers read: what it may say in other languages."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from billhead.actions.shops._sells import catalogue_of
from billhead.domain.subscription import STANDING
from billhead.models.catalogue import Bouquet, Plan
from billhead.models.payments import GatewayAccount
from billhead.models.subscriptions import Subscription
from billhead.models.support import Department
from billhead.models.usage import UsageMetric
from billhead.wording import marked

__all__ = ["WHERE", "OwnText", "texts_of"]

WHERE = {
    "plan": marked("Plan or add-on"),
    "description": marked("Description of a plan"),
    "bouquet": marked("Bouquet"),
    "gateway": marked("Way to pay"),
    "department": marked("Department of support"),
    "metric": marked("What is counted"),
}
"""Where a text stands, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class OwnText:
    text: str
    where: str


def texts_of(session: Session, seller_id: int) -> list[OwnText]:
    """Each text once, as it first stands in the order of WHERE. A shop's are those of the plans that it sells, and its
    own ways to pay and departments."""
    found: dict[str, OwnText] = {}
    for where, text in _all(session, seller_id):
        if text.strip():
            found.setdefault(text, OwnText(text, where))
    return list(found.values())


def _all(session: Session, seller_id: int) -> Iterator[tuple[str, str]]:
    sells = catalogue_of(session, seller_id)
    running = exists().where(
        Subscription.plan_id == Plan.id, Subscription.state.in_([state.value for state in STANDING])
    )
    plans = session.execute(
        select(Plan.name, Plan.description)
        .where(Plan.seller_id == sells, or_(Plan.retired.is_(False), running))
        .order_by(Plan.kind, Plan.tier, Plan.id)
    ).all()
    yield from (("plan", plan.name) for plan in plans)
    yield from (("description", plan.description) for plan in plans)
    bouquets = select(Bouquet.name).where(Bouquet.seller_id == sells).order_by(Bouquet.name)
    yield from (("bouquet", name) for name in session.scalars(bouquets))
    accounts = select(GatewayAccount.name).where(GatewayAccount.seller_id == seller_id, GatewayAccount.enabled)
    yield from (("gateway", name) for name in session.scalars(accounts.order_by(GatewayAccount.position)))
    teams = select(Department.name).where(Department.seller_id == seller_id, Department.retired.is_(False))
    yield from (("department", name) for name in session.scalars(teams.order_by(Department.position)))
    metrics = select(UsageMetric.name).where(UsageMetric.seller_id == sells).order_by(UsageMetric.name)
    yield from (("metric", name) for name in session.scalars(metrics))
