"""What a shop asks for a plan and a term. The operator says what that takes in credits, and how little may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billhead.actions.catalogue._versions import Tag, add_version, normal_term
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.actions.resellers._floor import floors
from billhead.actions.resellers._prices import credit_prices
from billhead.actions.resellers._rights import effective_rights
from billhead.actions.shops._own import OwnShop, customer_of, lock_shop
from billhead.actions.shops._sells import ADDED
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan, PriceBook

__all__ = ["ShopPrice", "ShopPriceSet", "preview_set_shop_price", "set_shop_price"]

_LINES = ("stream", "mag", "paired", "enigma2", "bundle")
_INCLUSIVE = True  # consumers are told what they pay, with tax


class ShopPrice(NamedTuple):
    """One plan and term that may be sold. `least`: the operator's floor; `asked`: None while it is not for sale."""

    plan: Plan
    term: str
    credits: Money
    least: Money | None
    asked: Money | None
    left_out: bool


@dataclass(frozen=True, slots=True)
class ShopPriceSet:
    price_id: int
    amount_minor: int


def preview_set_shop_price(session: Session, own: OwnShop) -> list[ShopPrice]:
    """Every plan and add-on that the operator lets this reseller sell for credits, with what the shop asks now."""
    rights = effective_rights(session, own.reseller.id)
    plans = session.scalars(
        select(Plan)
        .where(Plan.seller_id == own.reseller.seller_id, Plan.retired.is_(False), Plan.kind.in_((*_LINES, *ADDED)))
        .order_by(Plan.kind.in_(ADDED), Plan.name, Plan.id)
    ).all()
    sold = {plan.id: plan for plan in plans if plan.kind in ADDED or plan.code in rights.sells}
    credits = credit_prices(session, own.reseller, customer_of(session, own.reseller), sold)
    asked = prices_for(session, _shops(own), sold)
    least = _floors(session, own, sold, rights.floor_percent)
    currency, found = own.seller.currency, []
    for plan in sold.values():
        terms = sorted((term for plan_id, term in credits if plan_id == plan.id and term), key=_length)
        for term in terms:
            price, now = credits[plan.id, term].price, asked.get((plan.id, term))
            if price.credit_minor is None:
                continue
            amount = Money(now.price.amount_minor, currency) if now is not None else None
            left_out = plan.code in own.shop.left_out
            takes = Money(price.credit_minor, CREDITS)
            found.append(ShopPrice(plan, term, takes, least.get((plan.id, term)), amount, left_out))
    return found


@verb("shops.set_price")
def set_shop_price(tx: Tx, reseller_id: int, plan_code: str, term: str, amount: Money) -> ShopPriceSet:
    """From now on, for new orders; who has ordered keeps the price. Raises NotFound (not sold by it for that term),
    NotAllowed, or InvalidInput (another currency, below the operator's floor)."""
    own = lock_shop(tx, reseller_id)
    term = normal_term(term)
    known = preview_set_shop_price(tx.session, own)
    row = next((one for one in known if one.plan.code == plan_code and one.term == term), None)
    if row is None:
        raise NotFound("plan", plan_code)
    if amount.currency != own.seller.currency or amount.minor < 0:
        raise InvalidInput("amount", f"must be in {own.seller.currency}, from zero up")
    percent = effective_rights(tx.session, own.reseller.id).floor_percent
    if percent and row.least is None:
        raise InvalidInput("amount", f"the operator has no price in {own.seller.currency} to hold it against")
    if row.least is not None and amount < row.least:
        raise InvalidInput("amount", f"must be at least {row.least}: the operator has set that floor")
    tag = Tag(amount.minor)
    if row.asked is not None and row.asked == amount:
        same = prices_for(tx.session, _shops(own), {row.plan.id}).of(row.plan, term)
        return ShopPriceSet(same.id, same.amount_minor)
    price = add_version(tx, _book(tx, own), row.plan, term, tag, valid_from=None, existing_from=None)
    return ShopPriceSet(price.id, price.amount_minor)


def _length(term: str) -> tuple[str, int]:
    number, _, unit = term.partition(" ")
    return unit.rstrip("s"), int(number) if number.isdigit() else 0


def _floors(session: Session, own: OwnShop, plans: Mapping[int, Plan], percent: int) -> Mapping[tuple[int, str], Money]:
    if not percent:
        return {}
    book = session.scalar(_books(own))
    inclusive = book.tax_inclusive if book is not None else _INCLUSIVE
    listed = prices_for(session, _operators(session, own), plans)
    return floors(session, listed, plans, percent, seller_id=own.seller.id, inclusive=inclusive)


def _shops(own: OwnShop) -> Audience:
    return Audience.of_visitor(own.seller)


def _operators(session: Session, own: OwnShop) -> Audience:
    """The price list that everybody has, in the shop's currency and the reseller's country."""
    like = Audience.of(customer_of(session, own.reseller))
    return Audience(own.reseller.seller_id, own.seller.currency, like.country, like.on)


def _book(tx: Tx, own: OwnShop) -> PriceBook:
    """The shop's only one, or its first."""
    book = tx.session.scalar(_books(own).with_for_update())
    if book is None:
        currency = own.seller.currency
        book = PriceBook(seller_id=own.seller.id, code=currency.lower(), currency=currency, tax_inclusive=_INCLUSIVE)
        tx.session.add(book)
        tx.session.flush()
    return book


def _books(own: OwnShop) -> Select[PriceBook]:
    query = select(PriceBook).where(PriceBook.seller_id == own.seller.id, PriceBook.currency == own.seller.currency)
    return query.order_by(PriceBook.id).limit(1)
