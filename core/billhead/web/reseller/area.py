"""The blueprint, whose area it is, and what all of its pages share: the balance, the menu, what a suspension stops."""

from typing import Any

from flask import Blueprint, g, request
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from billhead.actions.resellers._rights import Rights, effective_rights
from billhead.actions.resellers._seen import Figures, figures_of
from billhead.actions.resellers._tree import stopped_by, suspended
from billhead.db import reading
from billhead.domain.context import Role
from billhead.domain.errors import NotFound
from billhead.domain.money import CREDITS
from billhead.models.people import Customer, Reseller
from billhead.models.shops import Shop, ShopSupply
from billhead.web.formatting import money
from billhead.web.request_context import signed_in

__all__ = ["in_credits", "my_zone", "own_customer", "own_id", "own_reseller", "own_rights", "reseller", "shared"]

reseller = Blueprint("reseller", __name__, url_prefix="/reseller")


def own_id() -> int:
    """The reseller whose login this is; NotFound for one that stands for nobody."""
    login = signed_in()
    if login is None or login.reseller_id is None:
        raise NotFound("reseller behind", "this login")
    return login.reseller_id


def own_reseller(session: Session) -> Reseller:
    return session.get_one(Reseller, own_id())


def own_customer(session: Session) -> Customer:
    """Who pays the operator for this reseller."""
    found = session.scalar(select(Customer).where(Customer.buys_for_reseller_id == own_id()))
    if found is None:
        raise NotFound("customer who buys for", "this reseller")
    return found


def own_rights(session: Session) -> Rights:
    """What it may do here, never more than those above it."""
    return effective_rights(session, own_id())


def my_zone() -> str:
    """Times are shown where the reseller lives."""
    if "reseller_zone" not in g:
        with reading() as session:
            found = session.scalar(select(Customer.zone).where(Customer.buys_for_reseller_id == own_id()))
        g.reseller_zone = found or "UTC"
    zone: str = g.reseller_zone
    return zone


def suspended_by() -> str:
    """The name of the reseller whose suspension stops this one, or ""."""
    if "reseller_stopped" not in g:
        with reading() as session:
            g.reseller_stopped = stopped_by(session, own_id())
    found: str = g.reseller_stopped
    return found


def _figures() -> Figures:
    with reading() as session:
        return figures_of(session, [own_id()])[own_id()]


def in_credits(minor: int) -> str:
    """1250 → "12.50": the area speaks of nothing but credits."""
    return money(minor, CREDITS)


@reseller.before_request
def only_look_while_suspended() -> None:
    """Most actions refuse it on their own; here it holds for all that a page of the area can do."""
    login = signed_in()
    if request.method in ("GET", "HEAD") or login is None or login.reseller_id is None:
        return
    if stopped := suspended_by():
        raise suspended(stopped)


@reseller.context_processor
def shared() -> dict[str, Any]:
    login = signed_in()
    if login is None or login.reseller_id is None:
        return {"figures": Figures(), "zone": "UTC", "stopped": "", "credits": in_credits, "leads": False,
                "has_shop": False}  # fmt: skip
    leads = login.role is Role.SUPER_RESELLER
    shown = {"figures": _figures(), "zone": my_zone(), "stopped": suspended_by(), "credits": in_credits}
    has_shop, waits = _own_shop()
    return {**shown, "leads": leads, "has_shop": has_shop, "shop_waits": waits}


def _own_shop() -> tuple[bool, int]:
    """Whether it has a shop, and how many paid orders there wait. Not one that was paid just now: without a reason for
    which it waits, the next job makes it."""
    waits = ShopSupply.state == "waiting", ShopSupply.why != ""
    waiting = and_(ShopSupply.seller_id == Shop.seller_id, *waits)
    query = select(Shop.seller_id, func.count(ShopSupply.id)).outerjoin(ShopSupply, waiting)
    with reading() as session:
        found = session.execute(query.where(Shop.reseller_id == own_id()).group_by(Shop.seller_id)).first()
    return (True, int(found[1])) if found is not None else (False, 0)
