"""What notices to resellers about their own shops and their users tell.

kind                                         ids in `data`
shop_waiting, renewals_short                 reseller_id
user_canceled                                reseller_id, subscription_id
user_moved, keeper_changed                   reseller_id, customer_id, came: whether to the reseller
shop_host (to staff)                         shop_host_id
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.notifications._logins import home_of
from billhead.actions.notifications._rows import Parts, found_row, named
from billhead.actions.notifications._values import Address
from billhead.actions.resellers._renewing_alone import SHORT, due_renewals
from billhead.actions.resellers._seen import figures_of
from billhead.actions.staff._standing import ALL, permissions_of
from billhead.domain.errors import NoticeRejected
from billhead.domain.money import CREDITS, Money
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.operations import Notice
from billhead.models.people import Customer, Reseller, User
from billhead.models.resellers import CreditRenewal
from billhead.models.sellers import Seller
from billhead.models.shops import Shop, ShopHost, ShopSupply
from billhead.models.subscriptions import Subscription
from billhead.plugin_host.current import config

__all__ = ["PARTS"]


def _shop(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: nobody is told of orders that were supplied meanwhile."""
    reseller_id = named(notice, "reseller_id")
    waits = ShopSupply.reseller_id == reseller_id, ShopSupply.state == "waiting"
    waiting, takes = session.execute(select(func.count(), func.sum(ShopSupply.credits_minor)).where(*waits)).one()
    own = session.scalar(select(Customer.id).where(Customer.buys_for_reseller_id == reseller_id))
    name = session.scalar(
        select(Seller.name).join(Shop, Shop.seller_id == Seller.id).where(Shop.reseller_id == reseller_id)
    )
    if not waiting or own != notice.customer_id or name is None:
        raise NoticeRejected("no order of this shop waits any more")
    told = {
        "name": name,
        "waiting": waiting,
        "takes": Money(takes or 0, CREDITS),
        "left": Money(figures_of(session, [reseller_id])[reseller_id].balance_minor, CREDITS),
        "buy_url": Address(f"{home_of(session, notice)}/reseller/credits/buy"),
    }
    return {"shop": told}


def _renewals(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: nobody is told of users who were renewed meanwhile."""
    reseller_id = named(notice, "reseller_id")
    short = due_renewals().where(CreditRenewal.reseller_id == reseller_id, CreditRenewal.why == SHORT)
    waiting = session.scalar(select(func.count()).select_from(short.order_by(None).subquery()))
    own = session.scalar(select(Customer.id).where(Customer.buys_for_reseller_id == reseller_id))
    if not waiting or own != notice.customer_id:
        raise NoticeRejected("no user of this reseller waits to be renewed any more")
    told = {
        "waiting": waiting,
        "left": Money(figures_of(session, [reseller_id])[reseller_id].balance_minor, CREDITS),
        "buy_url": Address(f"{home_of(session, notice)}/reseller/credits/buy"),
    }
    return {"renewals": told}


def _host(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: nobody is called for what somebody else has confirmed."""
    host = session.get(ShopHost, named(notice, "shop_host_id"))
    user = session.get(User, notice.user_id) if notice.user_id is not None else None
    if user is None or user.disabled or not {ALL, "resellers.write"} & permissions_of(session, user):
        raise NoticeRejected("whom this notice is for has nothing to do with that shop any more")
    if host is None or host.confirmed_at is not None:
        raise NoticeRejected("that name is not asked for any more")
    shop = session.get_one(Shop, host.seller_id)
    told = {
        "name": host.host,
        "shop": session.get_one(Seller, shop.seller_id).name,
        "reseller": session.get_one(Reseller, shop.reseller_id).name,
        "url": Address(f"{config().base_url}/admin/resellers/{shop.reseller_id}/shop"),
    }
    return {"host": told}


def _canceled(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: nobody is told of what was taken back, or is paid by somebody else meanwhile."""
    reseller_id, key = named(notice, "reseller_id"), int(named(notice, "subscription_id"))
    own = session.scalar(select(Customer.id).where(Customer.buys_for_reseller_id == reseller_id))
    one = found_row(session, Subscription, key, "subscription")
    if own != notice.customer_id or one.payer_reseller_id != reseller_id:
        raise NoticeRejected("somebody else pays for that subscription now")
    over = one.state == State.CANCELED
    if not over and one.service_ends_on is None:
        raise NoticeRejected("it was taken back that this subscription ends")
    told = {
        "name": session.get_one(Customer, one.customer_id).name,
        "plan": session.get_one(Plan, one.plan_id).name,
        "ends_on": None if over or one.service_ends_on is None else one.service_ends_on - timedelta(days=1),
        "url": Address(f"{home_of(session, notice)}/reseller/users/{key}"),
    }
    return {"user": told}


def _moved(session: Session, notice: Notice) -> Mapping[str, Any]:
    """To the reseller: who came to it, or left it for the operator."""
    reseller, key, came = named(notice, "reseller_id"), named(notice, "customer_id"), bool(notice.data.get("came"))
    own = session.scalar(select(Customer.id).where(Customer.buys_for_reseller_id == reseller))
    customer = found_row(session, Customer, key, "customer")
    if own != notice.customer_id or (customer.reseller_id == reseller) is not came:
        raise NoticeRejected("somebody else looks after that customer now")
    told = {"name": customer.name, "came": came, "url": Address(f"{home_of(session, notice)}/reseller/users")}
    return {"moved": told}


def _keeper(session: Session, notice: Notice) -> Mapping[str, Any]:
    """To the customer: who looks after them now, and how to reach a reseller."""
    customer = found_row(session, Customer, notice.customer_id, "customer")
    seller, reseller = session.get_one(Seller, customer.seller_id), session.get(Reseller, customer.reseller_id or 0)
    if (reseller is not None) is not bool(notice.data.get("came")):
        raise NoticeRejected("somebody else looks after this customer now")
    told = {"name": reseller.name if reseller else seller.name, "contact": reseller.contact if reseller else ""}
    return {"keeper": {**told, "came": reseller is not None}}


PARTS: Parts = {
    "keeper_changed": (_keeper,),
    "renewals_short": (_renewals,),
    "shop_host": (_host,),
    "shop_waiting": (_shop,),
    "user_canceled": (_canceled,),
    "user_moved": (_moved,),
}
