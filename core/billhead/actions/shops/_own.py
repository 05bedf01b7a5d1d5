"""A reseller's shop for who may set it up: the reseller itself, whoever stands above it, and staff."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.resellers._rights import effective_rights
from billhead.actions.resellers._tree import check_may_act, lock_resellers
from billhead.db import Tx
from billhead.domain.context import Scope
from billhead.domain.errors import NotAllowed, NotFound
from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller
from billhead.models.shops import Shop

__all__ = ["OwnShop", "as_operator", "check_right", "check_staff", "customer_of", "for_buyer", "lock_shop", "shop_of"]


@dataclass(frozen=True, slots=True)
class OwnShop:
    reseller: Reseller
    shop: Shop
    seller: Seller


def shop_of(session: Session, reseller_id: int) -> OwnShop | None:
    """Without a look at who asks: the caller has seen the reseller."""
    found = session.execute(
        select(Reseller, Shop, Seller)
        .join(Shop, Shop.reseller_id == Reseller.id)
        .join(Seller, Seller.id == Shop.seller_id)
        .where(Reseller.id == reseller_id)
    ).first()
    return OwnShop(*found) if found is not None else None


def lock_shop(tx: Tx, reseller_id: int) -> OwnShop:
    """Reseller and shop, locked in that order. Raises NotFound (out of sight, or it has none), or NotAllowed: it is
    suspended, or has no right to a shop (any more), or staff lack resellers.write."""
    check_staff(tx)
    (reseller,) = lock_resellers(tx, reseller_id)
    shop = tx.session.scalar(
        select(Shop).where(Shop.reseller_id == reseller.id).with_for_update().execution_options(populate_existing=True)
    )
    if shop is None:
        raise NotFound("shop", reseller.code)
    check_right(tx, reseller)
    return OwnShop(reseller, shop, tx.session.get_one(Seller, shop.seller_id))


def as_operator(tx: Tx, permission: str) -> Tx:
    """To do for a shop, within the same transaction, what the operator does for its own seller."""
    return Tx(replace(tx.ctx, permissions=frozenset({permission}), idempotency_key=None), tx.session)


def for_buyer(tx: Tx, reseller_id: int, customer_id: int | None, permission: str, what: str, key: int) -> Tx:
    """To do with a document, payment … of a shop's customer what staff do with the operator's, and with nobody else's.

    Nothing is locked here: money is locked before resellers are. Raises NotFound (`what`, `key`) for what is not of
    this shop, or for a reseller out of sight, NotAllowed as `lock_shop` does.
    """
    check_staff(tx)
    own = shop_of(tx.session, reseller_id)
    if own is None:
        raise NotFound("shop", reseller_id)
    check_may_act(tx, own.reseller)
    check_right(tx, own.reseller)
    customer = tx.session.get(Customer, customer_id) if customer_id is not None else None
    if customer is None or customer.seller_id != own.seller.id:
        raise NotFound(what, key)
    ctx = as_operator(tx, permission).ctx
    return Tx(replace(ctx, scope=Scope(customer_id=customer.id)), tx.session)


def check_staff(tx: Tx) -> None:
    if tx.ctx.scope.everything and not tx.ctx.may("resellers.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not set up shops: it needs resellers.write")


def check_right(tx: Tx, reseller: Reseller) -> None:
    if not effective_rights(tx.session, reseller.id).own_shop:
        raise NotAllowed(f"{reseller.name} has no right to a shop of its own", hint="the operator gives it")


def customer_of(session: Session, reseller: Reseller) -> Customer:
    """The customer that buys for a reseller."""
    return session.scalars(select(Customer).where(Customer.buys_for_reseller_id == reseller.id)).one()
