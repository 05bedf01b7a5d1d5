"""The face: under whose name, and at whose address, a customer is a customer. Why it is so: docs/decisions/0015.

Whoever is kept by a reseller's credits has the face of the nearest shop above them that is open; everybody else, and
they where there is none, that of their own seller. It is who they see, never who sells: a document keeps its seller.
"""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead.actions.resellers._kept import kept_by_credits
from billhead.actions.shops._sells import assortment
from billhead.domain.context import Role
from billhead.models.people import Customer, Reseller, ResellerClosure, User
from billhead.models.sellers import Seller
from billhead.models.shops import Shop

__all__ = ["face_of", "home_of_login", "logins_at", "sellers_at", "shop_above"]


def shop_above(session: Session, reseller_id: int | None) -> Seller | None:
    """The nearest shop that is open: the reseller's own, or of one above it."""
    if reseller_id is None:
        return None
    above = (
        select(Seller)
        .join(Shop, Shop.seller_id == Seller.id)
        .join(ResellerClosure, ResellerClosure.ancestor_id == Shop.reseller_id)
        .where(ResellerClosure.descendant_id == reseller_id)
        .order_by(ResellerClosure.depth)
    )
    return next((one for one in session.scalars(above) if not assortment(session, one.id).closed), None)


def face_of(session: Session, customer: Customer) -> int:
    """The seller whose face it is."""
    if customer.reseller_id is None or customer.buys_for_reseller_id is not None:
        return customer.seller_id
    shop = shop_above(session, customer.reseller_id)
    is_kept = shop is not None and kept_by_credits(session, customer.id) is not None
    return shop.id if shop is not None and is_kept else customer.seller_id


def home_of_login(session: Session, user: User) -> int:
    """The seller at whose address somebody signs in."""
    if user.role != Role.CUSTOMER.value or user.customer_id is None:
        return user.seller_id
    return face_of(session, session.get_one(Customer, user.customer_id))


def sellers_at(session: Session, seller_id: int) -> tuple[int, ...]:
    """Whose logins are known at a seller's address: its own and, at a reseller's shop, the operator's as well."""
    operator = select(Reseller.seller_id).join(Shop, Shop.reseller_id == Reseller.id)
    found = session.scalar(operator.where(Shop.seller_id == seller_id))
    return (seller_id,) if found is None else (seller_id, found)


def logins_at(session: Session, seller_id: int, email: str) -> list[User]:
    """Who signs in by this e-mail address at a seller's address: its own login first, then, at a reseller's shop, that
    of somebody who is below the reseller. One of each at most; strangers to the shop are nobody there."""
    below = select(Customer.id).where(
        Customer.seller_id == User.seller_id,
        Customer.buys_for_reseller_id.is_(None),
        Customer.reseller_id.in_(
            select(ResellerClosure.descendant_id)
            .join(Shop, Shop.reseller_id == ResellerClosure.ancestor_id)
            .where(Shop.seller_id == seller_id)
        ),
    )
    theirs = (User.role == Role.CUSTOMER.value) & User.customer_id.in_(below)
    known = or_(User.seller_id == seller_id, User.seller_id.in_(sellers_at(session, seller_id)) & theirs)
    found = session.scalars(select(User).where(User.email == email, known))
    return sorted(found, key=lambda one: one.seller_id != seller_id)
