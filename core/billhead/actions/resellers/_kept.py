"""Whom a reseller keeps with its credits: they bought from the reseller, and the operator sells them nothing."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.models.people import Customer
from billhead.models.shops import Shop
from billhead.models.subscriptions import Subscription

__all__ = ["kept_by_credits"]

_AT_MOST = 100


def kept_by_credits(session: Session, customer_id: int) -> int | None:
    """The newest subscription of a reseller's user, where credits pay for all that they have or had. None for everybody
    else: a shop's own customers, and whoever has something that the operator bills."""
    theirs = session.execute(
        select(Subscription.id, Subscription.settlement, Subscription.state)
        .join(Customer, Customer.id == Subscription.customer_id)
        .outerjoin(Shop, Shop.seller_id == Customer.seller_id)
        .where(Customer.id == customer_id, Customer.reseller_id.is_not(None), Shop.seller_id.is_(None))
        .order_by(Subscription.id.desc())
        .limit(_AT_MOST)
    ).all()
    if any(one.settlement != "credits" and one.state != "canceled" for one in theirs):
        return None
    return next((one.id for one in theirs if one.settlement == "credits"), None)
