"""What a shop asks for a plan and a term, and for a trial of it. The operator says what that takes in credits, how long
it may be tried, and how little may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
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
from billhead.actions.subscriptions._sale import LINE_KINDS
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import by_length
from billhead.models.catalogue import Plan, Price, PriceBook

__all__ = [
    "ShopPrice",
    "ShopPriceSet",
    "ShopTrial",
    "check_amount",
    "list_prices",
    "priced_in_shop",
    "prices_of_shop",
    "put_price",
]

_INCLUSIVE = True  # consumers are told what they pay, with tax


class ShopTrial(NamedTuple):
    """How long the operator lets it be tried. `asked`: None while the shop gives no trial."""

    term: str
    credits: Money
    least: Money | None
    asked: Money | None


class ShopPrice(NamedTuple):
    """One plan and term that may be sold. `least`: the operator's floor; `asked`: None while it is not for sale.
    `trial`: None where it can't be tried. `price_id`: of what is asked."""

    plan: Plan
    term: str
    credits: Money
    least: Money | None
    asked: Money | None
    left_out: bool
    trial: ShopTrial | None
    price_id: int | None


@dataclass(frozen=True, slots=True)
class ShopPriceSet:
    price_id: int
    amount_minor: int


def prices_of_shop(session: Session, own: OwnShop) -> list[ShopPrice]:
    """Every plan and add-on that the operator lets this reseller sell for credits, with what the shop asks now."""
    rights = effective_rights(session, own.reseller.id)
    plans = session.scalars(
        select(Plan)
        .where(Plan.seller_id == own.reseller.seller_id, Plan.retired.is_(False), Plan.kind.in_((*LINE_KINDS, *ADDED)))
        .order_by(Plan.kind.in_(ADDED), Plan.name, Plan.id)
    ).all()
    sold = {plan.id: plan for plan in plans if plan.kind in ADDED or plan.code in rights.sells}
    credits = credit_prices(session, own.reseller, customer_of(session, own.reseller), sold)
    asked = prices_for(session, _shops(own), sold)
    percent = rights.floor_percent
    least, of_trials = _floors(session, own, sold, percent)
    currency, found = own.seller.currency, []
    for plan in sold.values():
        terms = sorted((term for plan_id, term in credits if plan_id == plan.id and term), key=by_length)
        for term in terms:
            price, now = credits[plan.id, term].price, asked.get((plan.id, term))
            if price.credit_minor is None:
                continue
            amount = Money(now.price.amount_minor, currency) if now is not None else None
            left_out = plan.code in own.shop.left_out
            takes = Money(price.credit_minor, CREDITS)
            floor = least.get((plan.id, term))
            trial = None
            if rights.trials_per_day and price.trial_term and price.trial_credit_minor is not None:
                trial = _trial(price, now.price if now else None, of_trials.get((plan.id, term)), currency)
            found.append(ShopPrice(plan, term, takes, floor, amount, left_out, trial, now.price.id if now else None))
    return found


def list_prices(session: Session, own: OwnShop, plans: Mapping[int, Plan]) -> Mapping[tuple[int, str], Money]:
    """(plan, term) → what the operator's list asks in the shop's currency, with the tax that the shop's prices have."""
    listed, _of_trials = _floors(session, own, plans, 100)
    return listed


def _trial(price: Price, now: Price | None, least: Money | None, currency: str) -> ShopTrial:
    """One that the shop has for another length is none: the operator gives this one."""
    gives = now is not None and now.trial_term == price.trial_term
    asked = Money(now.trial_minor, currency) if now is not None and gives else None
    return ShopTrial(price.trial_term, Money(price.trial_credit_minor or 0, CREDITS), least, asked)


def priced_in_shop(tx: Tx, reseller_id: int, plan_code: str, term: str) -> tuple[OwnShop, ShopPrice]:
    """The shop, locked, and what it asks now. Raises NotFound or NotAllowed."""
    own = lock_shop(tx, reseller_id)
    term = normal_term(term)
    known = prices_of_shop(tx.session, own)
    row = next((one for one in known if one.plan.code == plan_code and one.term == term), None)
    if row is None:
        raise NotFound("plan", plan_code)
    return own, row


def check_amount(tx: Tx, own: OwnShop, amount: Money, least: Money | None) -> None:
    if amount.currency != own.seller.currency or amount.minor < 0:
        raise InvalidInput("amount", f"must be in {own.seller.currency}, from zero up")
    percent = effective_rights(tx.session, own.reseller.id).floor_percent
    if percent and least is None:
        raise InvalidInput("amount", f"the operator has no price in {own.seller.currency} to hold it against")
    if least is not None and amount < least:
        raise InvalidInput("amount", f"must be at least {least}: the operator has set that floor")


def put_price(tx: Tx, own: OwnShop, row: ShopPrice) -> ShopPriceSet:
    """As `asked` of the row and of its trial, for new orders from now on."""
    asked, trial = row.asked, row.trial
    assert asked is not None, "what is put is asked"
    tag = Tag(asked.minor)
    if trial is not None and trial.asked is not None:
        tag = Tag(asked.minor, trial_term=trial.term, trial_minor=trial.asked.minor)
    price = add_version(tx, _book(tx, own), row.plan, row.term, tag, valid_from=None, existing_from=None)
    return ShopPriceSet(price.id, price.amount_minor)


_Floors = Mapping[tuple[int, str], Money]


def _floors(session: Session, own: OwnShop, plans: Mapping[int, Plan], percent: int) -> tuple[_Floors, _Floors]:
    """Of what is sold, and of its trials."""
    if not percent:
        return {}, {}
    book = session.scalar(_books(own))
    inclusive = book.tax_inclusive if book is not None else _INCLUSIVE
    listed = prices_for(session, _operators(session, own), plans)
    ask = partial(floors, session, listed, plans, percent, seller_id=own.seller.id, inclusive=inclusive)
    return ask(), ask(trials=True)


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
