"""Which owner on a panel a line belongs to: the reseller who looks after its customer, by the panel's own id.

A reseller that is not named on a panel stands there under the nearest one above it that is. "" is no wish: nobody above
it is named, or the panel knows no resellers.
"""

from collections.abc import Mapping

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from billhead.actions.provisioning._desired import PanelView
from billhead.models.panels import PanelOwner
from billhead.models.people import Customer, ResellerClosure
from billhead.models.subscriptions import Service, Subscription

__all__ = ["owner_of", "owners_on"]


def owner_of(session: Session, service: Service, view: PanelView) -> str:
    """The owner of one line, in one query: each line that is brought in step asks."""
    if not view.capabilities.owners:
        return ""
    of_customer = select(Customer.reseller_id).join(Subscription).where(Subscription.id == service.subscription_id)
    whose = of_customer.scalar_subquery()
    above = and_(ResellerClosure.ancestor_id == PanelOwner.reseller_id, ResellerClosure.descendant_id == whose)
    of_the_house = and_(PanelOwner.reseller_id.is_(None), whose.is_(None))
    nearest = (
        select(PanelOwner.remote)
        .outerjoin(ResellerClosure, above)
        .where(PanelOwner.panel_id == view.id, or_(ResellerClosure.depth.is_not(None), of_the_house))
        .order_by(ResellerClosure.depth)
        .limit(1)
    )
    return session.scalar(nearest) or ""


def owners_on(session: Session, view: PanelView) -> Mapping[int | None, str]:
    """Every reseller that has an owner there, and None for the house itself: for a whole panel at once."""
    if not view.capabilities.owners:
        return {}
    named = (
        select(ResellerClosure.descendant_id, PanelOwner.remote)
        .select_from(PanelOwner)
        .outerjoin(ResellerClosure, ResellerClosure.ancestor_id == PanelOwner.reseller_id)
        .where(PanelOwner.panel_id == view.id)
        .order_by(ResellerClosure.depth.desc())  # the nearest comes last and stays
    )
    return dict([*session.execute(named)])
