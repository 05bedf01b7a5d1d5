"""A reseller says what it sells a plan for itself: what its margin is counted by, and what its own shop asks."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.catalogue._versions import Tag, add_version, normal_term
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.actions.resellers._floor import floors
from billhead.actions.resellers._rights import effective_rights
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, PriceBook
from billhead.models.people import Customer, Reseller

__all__ = ["OwnPriceSet", "preview_set_own_price", "set_own_price"]

_ADDONS = ("bouquet", "connection")
_INCLUSIVE = True  # it is what its users pay


@dataclass(frozen=True, slots=True)
class OwnPriceSet:
    price_id: int
    amount_minor: int


def preview_set_own_price(session: Session, reseller: Reseller, plan: Plan, term: str) -> Money | None:
    """The least that it may ask: the operator's floor, or None where there is none."""
    percent = effective_rights(session, reseller.id).floor_percent
    own = session.scalars(select(Customer).where(Customer.buys_for_reseller_id == reseller.id)).one()
    if not percent:
        return None
    listed = prices_for(session, _operators(own), {plan.id})
    least = floors(session, listed, {plan.id: plan}, percent, seller_id=reseller.seller_id, inclusive=_INCLUSIVE)
    return least.get((plan.id, term))


@verb("resellers.set_own_price")
def set_own_price(tx: Tx, reseller_id: int, plan_code: str, term: str, amount: Money) -> OwnPriceSet:
    """From now on, for new subscribers. Raises NotFound (out of sight, not sold by it for that term), NotAllowed, or
    InvalidInput (another currency than its own, below the operator's floor)."""
    (reseller,) = lock_resellers(tx, reseller_id)
    own = tx.session.scalars(select(Customer).where(Customer.buys_for_reseller_id == reseller.id)).one()
    plan = tx.session.scalar(select(Plan).where(Plan.seller_id == reseller.seller_id, Plan.code == plan_code))
    term = normal_term(term)
    sells = effective_rights(tx.session, reseller.id).sells
    if plan is None or (plan.code not in sells and plan.kind not in _ADDONS):
        raise NotFound("plan", plan_code)
    prices_for(tx.session, _operators(own), {plan.id}).of(plan, term)
    if amount.currency != own.currency or amount.minor < 0:
        raise InvalidInput("amount", f"must be in {own.currency}, from zero up")
    least = preview_set_own_price(tx.session, reseller, plan, term)
    if least is not None and amount < least:
        raise InvalidInput("amount", f"must be at least {least}: the operator has set that floor")
    book = _book(tx, reseller, own.currency)
    price = add_version(tx, book, plan, term, Tag(amount.minor), valid_from=None, existing_from=None)
    return OwnPriceSet(price.id, price.amount_minor)


def _operators(own: Customer) -> Audience:
    """The price list that everybody has in the reseller's currency and country."""
    audience = Audience.of(own)
    return Audience(audience.seller_id, audience.currency, audience.country, audience.on)


def _book(tx: Tx, reseller: Reseller, currency: str) -> PriceBook:
    code = f"own-{reseller.code}-{currency.lower()}"
    book = tx.session.scalar(
        select(PriceBook).where(PriceBook.seller_id == reseller.seller_id, PriceBook.code == code).with_for_update()
    )
    if book is None:
        book = PriceBook(
            seller_id=reseller.seller_id,
            code=code,
            currency=currency,
            tax_inclusive=_INCLUSIVE,
            reseller_id=reseller.id,
            resellers_own=True,
        )
        tx.session.add(book)
        tx.session.flush()
    return book
