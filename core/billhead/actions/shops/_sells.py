"""Whose plans a seller sells: its own, or, for a reseller's shop, those of the reseller's seller that it may sell.

A shop has no plans: what they are on a panel is the operator's matter, and one plan is one plan in every shop. What it
has are prices: a plan without one in the shop's own books is not for sale there.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from billhead.actions.resellers._rights import effective_rights
from billhead.actions.resellers._tree import is_stopped
from billhead.domain.errors import NotAllowed
from billhead.models.catalogue import Plan
from billhead.models.people import Reseller
from billhead.models.shops import Shop

__all__ = ["ADDED", "Assortment", "assortment", "catalogue_of", "check_open", "is_the_operators", "payer_of"]

ADDED = ("bouquet", "connection")
"""What goes with a plan that may be sold, and needs no right of its own."""


@dataclass(frozen=True, slots=True)
class Assortment:
    """`codes`: of the plans that may be sold; None: all. `left_out`: add-ons that are not."""

    seller_id: int
    codes: frozenset[str] | None = None
    closed: bool = False
    left_out: tuple[str, ...] = ()

    def holds(self) -> ColumnElement[bool]:
        """For a query of plans."""
        mine = Plan.seller_id == self.seller_id
        if self.codes is None:
            return mine
        return mine & or_(Plan.code.in_(sorted(self.codes)), Plan.kind.in_(ADDED) & Plan.code.not_in(self.left_out))

    def has(self, plan: Plan) -> bool:
        """The same, of a plan that is its seller's."""
        if self.codes is None or plan.code in self.codes:
            return True
        return plan.kind in ADDED and plan.code not in self.left_out


def assortment(session: Session, seller_id: int) -> Assortment:
    """What may be sold to somebody new; nothing where the shop is closed or its reseller is suspended."""
    found = session.execute(
        select(Shop, Reseller).join(Reseller, Reseller.id == Shop.reseller_id).where(Shop.seller_id == seller_id)
    ).first()
    if found is None:
        return Assortment(seller_id)
    shop, reseller = found
    rights = effective_rights(session, reseller.id)
    closed = shop.state != "open" or not rights.own_shop or is_stopped(session, reseller)
    sells = frozenset[str]() if closed else frozenset(rights.sells) - set(shop.left_out)
    return Assortment(reseller.seller_id, sells, closed, tuple(shop.left_out))


def catalogue_of(session: Session, seller_id: int) -> int:
    """The seller whose plans they are."""
    query = select(Reseller.seller_id).join(Shop, Shop.reseller_id == Reseller.id).where(Shop.seller_id == seller_id)
    return session.scalar(query) or seller_id


def is_the_operators(seller_id: Any) -> ColumnElement[bool]:
    """Of a column with sellers: it is none of a reseller, whose money comes to accounts of the reseller's own."""
    found: ColumnElement[bool] = seller_id.not_in(select(Shop.seller_id))
    return found


def payer_of(session: Session, seller_id: int) -> int | None:
    """The reseller whose credits pay for what this seller sells; None: nobody's, it is no shop."""
    return session.scalar(select(Shop.reseller_id).where(Shop.seller_id == seller_id))


def check_open(session: Session, seller_id: int) -> Assortment:
    """What may be sold. Raises NotAllowed where nobody new is taken."""
    sold = assortment(session, seller_id)
    if sold.closed:
        raise NotAllowed("This shop is closed.", code="shop_closed", hint="who has an account here signs in as always")
    return sold
