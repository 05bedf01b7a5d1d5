"""Credit packages and reseller plans as they are sold: to whom, and for how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from billhead.actions.catalogue._versions import Tag, add_version
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.actions.resellers._joining import TIERS
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money, exponent
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller

__all__ = ["Offered", "costs_of", "offered_to", "package_of", "places_for", "places_on_sale", "put_costs", "saved_plan"]


@dataclass(frozen=True, slots=True)
class Offered:
    """One package, or plan that makes somebody a reseller; `cost` as the price book has it."""

    code: str
    name: str
    kind: str
    credits: Money
    cost: Money


def package_of(session: Session, reseller: Reseller, code: str) -> Plan:
    """Raises NotFound for what is no package, or not in the list of its tier."""
    plan = session.scalar(select(Plan).where(Plan.seller_id == reseller.seller_id, Plan.code == code))
    if (
        plan is None
        or plan.kind != "credit_package"
        or plan.retired
        or reseller.tier not in plan.details.get("roles", ())
    ):
        raise NotFound("credit package", code)
    return plan


def offered_to(session: Session, reseller: Reseller) -> list[Offered]:
    """The packages of its tier that have a price in its currency, the smallest first."""
    own = session.scalar(select(Customer).where(Customer.buys_for_reseller_id == reseller.id))
    plans = session.scalars(
        select(Plan).where(Plan.seller_id == reseller.seller_id, Plan.kind == "credit_package", Plan.retired.is_(False))
    ).all()
    mine = [plan for plan in plans if reseller.tier in plan.details.get("roles", ())]
    return _priced(session, Audience.of(own), mine) if own is not None else []


def places_for(session: Session, customer: Customer) -> list[Offered]:
    """The plans by which this customer becomes a reseller, or a super-reseller."""
    has = session.get(Reseller, customer.buys_for_reseller_id) if customer.buys_for_reseller_id else None
    kinds = TIERS if has is None else () if has.tier == "super_reseller" else ("super_reseller",)
    return places_on_sale(session, Audience.of(customer), kinds)


def places_on_sale(session: Session, audience: Audience, kinds: Sequence[str] = TIERS) -> list[Offered]:
    """The plans by which anybody of this audience becomes a reseller."""
    plans = session.scalars(
        select(Plan).where(
            Plan.seller_id == audience.seller_id, Plan.kind.in_(kinds), Plan.retired.is_(False), Plan.listed
        )
    ).all()
    return _priced(session, audience, plans)


def _priced(session: Session, audience: Audience, plans: Sequence[Plan]) -> list[Offered]:
    prices = prices_for(session, audience, [plan.id for plan in plans])
    found = [
        Offered(
            plan.code,
            plan.name,
            plan.kind,
            Money(plan.credits_minor if plan.kind == "credit_package" else plan.start_up_credits_minor, CREDITS),
            Money(prices[plan.id, ""].price.amount_minor, audience.currency),
        )
        for plan in plans
        if (plan.id, "") in prices
    ]
    return sorted(found, key=lambda one: (one.credits.minor, one.code))


def saved_plan(tx: Tx, seller_id: int, plan_id: int | None, code: str, name: str, kind: str) -> Plan:
    """The row to fill. Raises NotFound, InvalidInput (code, name) or Conflict (the code is taken)."""
    if tx.session.get(Seller, seller_id) is None:
        raise NotFound("seller", seller_id)
    if not name.strip():
        raise InvalidInput("name", "is needed")
    if not code or not code.replace("-", "").replace("_", "").isalnum() or not code.isascii() or code != code.lower():
        raise InvalidInput("code", f"{code!r} is no code", hint="use a-z, 0-9, '-' and '_'")
    other = tx.session.scalar(select(Plan.id).where(Plan.seller_id == seller_id, Plan.code == code))
    if plan_id is None:
        if other is not None:
            raise Conflict(f"there is a plan {code} already", hint="choose another code")
        plan = Plan(seller_id=seller_id, code=code, name=name.strip(), kind=kind)
        tx.session.add(plan)
        return plan
    found = tx.session.get(Plan, plan_id, with_for_update=True)
    of_kind = found is not None and (found.kind == kind or {found.kind, kind} <= set(TIERS))
    if found is None or found.seller_id != seller_id or not of_kind:
        raise NotFound("plan", plan_id)
    if found.code != code:
        raise InvalidInput("code", f"it is {found.code}, and stays so: files and links name it")
    found.name, found.kind = name.strip(), kind
    return found


def costs_of(session: Session, plan: Plan) -> Mapping[str, Price]:
    """Currency → the price that everybody pays now."""
    rows: Any = session.execute(
        select(PriceBook.currency, Price)
        .join(Price, Price.book_id == PriceBook.id)
        .where(Price.plan_id == plan.id, Price.term == "", Price.withdrawn_on.is_(None), *_for_all(plan.seller_id))
        .order_by(PriceBook.id.desc(), Price.version)
    ).all()
    return dict(rows)


def put_costs(tx: Tx, plan: Plan, costs: Sequence[Money], credit_price: Money | None = None) -> None:
    """A new version of each price that differs; in the seller's book for everybody of that currency, made if need be.

    Raises InvalidInput for no price, one that is below zero, or two in a currency.
    """
    if not costs or len({cost.currency for cost in costs}) != len(costs):
        raise InvalidInput("costs", "give one price in each currency, and at least one")
    if credit_price is not None and (credit_price.currency != CREDITS or credit_price.minor < 0):
        raise InvalidInput("credit_price", "must be credits from zero up")
    now = costs_of(tx.session, plan)
    for cost in costs:
        if cost.minor < 0 or cost.currency == CREDITS:
            raise InvalidInput("costs", f"{cost} is no price")
        credit_minor = credit_price.minor if credit_price is not None else None
        had = now.get(cost.currency)
        if had is not None and (had.amount_minor, had.credit_minor) == (cost.minor, credit_minor):
            continue
        tag = Tag(cost.minor, credit_minor=credit_minor)
        add_version(tx, _book(tx, plan.seller_id, cost.currency), plan, "", tag, valid_from=None, existing_from=None)


def _for_all(seller_id: int) -> tuple[ColumnElement[bool], ...]:
    book = PriceBook
    return (book.seller_id == seller_id, book.country == "", book.price_group == "", book.reseller_id.is_(None))


def _book(tx: Tx, seller_id: int, currency: str) -> PriceBook:
    exponent(currency)
    book = tx.session.scalar(
        select(PriceBook)
        .where(*_for_all(seller_id), PriceBook.currency == currency)
        .order_by(PriceBook.id)
        .limit(1)
        .with_for_update()
    )
    if book is None:
        book = PriceBook(seller_id=seller_id, code=f"credits-{currency.lower()}", currency=currency)
        tx.session.add(book)
        tx.session.flush()
    return book
