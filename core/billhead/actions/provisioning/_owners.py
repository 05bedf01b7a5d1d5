"""Which owner on a panel a line belongs to: the reseller who looks after its customer, by the panel's own id.

A reseller that is not named on a panel stands there under the nearest one above it that is. "" is no wish: nobody above
it is named, or the panel knows no resellers.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.provisioning._desired import PanelView
from billhead.models.panels import PanelOwner
from billhead.models.people import Customer, ResellerClosure
from billhead.models.subscriptions import Service, Subscription

__all__ = ["owner_of", "owners_on"]


def owner_of(session: Session, service: Service, view: PanelView) -> str:
    """The owner of one line."""
    if not view.capabilities.owners:
        return ""
    of_customer = select(Customer.reseller_id).join(Subscription).where(Subscription.id == service.subscription_id)
    reseller_id = session.scalar(of_customer)
    named = select(PanelOwner.remote).where(PanelOwner.panel_id == view.id)
    if reseller_id is None:
        return session.scalar(named.where(PanelOwner.reseller_id.is_(None))) or ""
    above = (
        named.join(ResellerClosure, ResellerClosure.ancestor_id == PanelOwner.reseller_id)
        .where(ResellerClosure.descendant_id == reseller_id)
        .order_by(ResellerClosure.depth)
        .limit(1)
    )
    return session.scalar(above) or ""


def owners_on(session: Session, view: PanelView) -> Mapping[int | None, str]:
    """Every reseller that has an owner there, and None for the house itself: for a whole panel at once."""
    if not view.capabilities.owners:
        return {}
    below = (
        select(ResellerClosure.descendant_id, PanelOwner.remote)
        .join(PanelOwner, PanelOwner.reseller_id == ResellerClosure.ancestor_id)
        .where(PanelOwner.panel_id == view.id)
        .order_by(ResellerClosure.depth.desc())  # the nearest comes last and stays
    )
    house = select(PanelOwner.reseller_id, PanelOwner.remote).where(
        PanelOwner.panel_id == view.id, PanelOwner.reseller_id.is_(None)
    )
    return dict([*session.execute(below), *session.execute(house)])
