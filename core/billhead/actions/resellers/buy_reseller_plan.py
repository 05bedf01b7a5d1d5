"""Become a reseller or a super-reseller: an order that makes somebody one when it is paid."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.resellers._joining import TIERS
from billhead.actions.resellers._ordering import place_order
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.catalogue import Plan
from billhead.models.people import Customer, Reseller

__all__ = ["PlaceOrdered", "buy_reseller_plan"]


@dataclass(frozen=True, slots=True)
class PlaceOrdered:
    """`document_id` is what is to be paid; the customer's login is a reseller's from then on."""

    document_id: int
    customer_id: int


@verb("resellers.buy_plan")
def buy_reseller_plan(tx: Tx, customer_id: int, plan: str) -> PlaceOrdered:
    """For oneself, or by staff; a reseller may buy a super-reseller's plan and goes on with all that it has.

    Raises NotFound (out of sight, no such plan, no price in their currency) or Conflict (they are that already).
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    scope = tx.ctx.scope
    own = customer is not None and (
        scope.customer_id == customer.id
        or (scope.reseller_id is not None and scope.reseller_id == customer.buys_for_reseller_id)
    )
    if customer is None or not (scope.everything or own):
        raise NotFound("customer", customer_id)
    row = tx.session.scalar(select(Plan).where(Plan.seller_id == customer.seller_id, Plan.code == plan))
    if row is None or row.kind not in TIERS or row.retired or not (row.listed or scope.everything):
        raise NotFound("reseller plan", plan)
    has = tx.session.get(Reseller, customer.buys_for_reseller_id) if customer.buys_for_reseller_id else None
    if has is not None and (has.tier == "super_reseller" or row.kind == "reseller"):
        raise Conflict(f"{has.name} is a {has.tier.replace('_', '-')} already")
    order = place_order(tx, customer, row, row.start_up_credits_minor)
    return PlaceOrdered(order.document_id, customer.id)
