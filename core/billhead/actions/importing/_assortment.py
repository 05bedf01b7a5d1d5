"""What rows of subscribers are checked against: what is sold, for which terms and currencies, and by whom. A catalogue
file has one (`Catalog.assortment`), and so has a shop that is open already."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.importing._catalog import AddOn, Assortment, Offer, Plan, PriceTag, Trial
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Term
from billhead.models import catalogue
from billhead.models.people import Reseller
from billhead.models.sellers import Seller

__all__ = ["assortment_of"]

_LINES = ("stream", "mag", "paired", "enigma2")


@dataclass(slots=True)
class _Asked:
    """Of one plan: what it costs by term, and its trial."""

    terms: dict[Term, tuple[dict[str, Money], int | None]]
    trial: Term | None = None

    def tags(self) -> dict[Term, PriceTag]:
        return {
            term: PriceTag(amounts, Money(credits, CREDITS) if credits is not None else None)
            for term, (amounts, credits) in self.terms.items()
        }


def assortment_of(session: Session, seller: Seller) -> Assortment:
    """What this seller has plans and prices for today; retired plans too: whoever moves in may have one."""
    plans = session.scalars(select(catalogue.Plan).where(catalogue.Plan.seller_id == seller.id)).all()
    asked = _prices(session, seller.id, clock.today_in(seller.zone))
    lines = {plan.code: _line(plan, asked[plan.id]) for plan in plans if plan.kind in _LINES and plan.id in asked}
    addons = {
        plan.code: _addon(plan, asked[plan.id])
        for plan in plans
        if plan.kind in ("bouquet", "connection") and plan.id in asked
    }
    currencies = {code for plan_id in asked for amounts, _ in asked[plan_id].terms.values() for code in amounts}
    return Assortment(
        language="en",
        currencies=(seller.currency, *sorted(currencies - {seller.currency})),
        base_currency=seller.currency,
        plans=lines,
        offers={offer.code: offer for plan in lines.values() for offer in _offers(plan)},
        addons=addons,
        sells=_sells(session, seller.id),
    )


def _prices(session: Session, seller_id: int, on: date) -> dict[int, _Asked]:
    price, book = catalogue.Price, catalogue.PriceBook
    query = (
        select(price, book.currency)
        .join(book, book.id == price.book_id)
        .where(
            book.seller_id == seller_id,
            book.resellers_own.is_(False),
            price.term != "",
            price.withdrawn_on.is_(None),
            or_(price.valid_from.is_(None), price.valid_from <= on),
            or_(price.valid_until.is_(None), price.valid_until > on),
        )
        .order_by(price.id)
    )
    asked: dict[int, _Asked] = {}
    for row, currency in session.execute(query):
        one = asked.setdefault(row.plan_id, _Asked({}))
        amounts, credits = one.terms.get(Term.parse(row.term), ({}, None))
        amounts[currency] = Money(row.amount_minor, currency)
        one.terms[Term.parse(row.term)] = (amounts, row.credit_minor if row.credit_minor is not None else credits)
        one.trial = Term.parse(row.trial_term) if row.trial_term else one.trial
    return asked


def _line(plan: catalogue.Plan, asked: _Asked) -> Plan:
    return Plan(
        code=plan.code,
        name=plan.name,
        kind=plan.kind,
        tier="",
        tax_class=plan.tax_class,
        services=(),
        bouquets=(),
        connections=plan.connections,
        setup_fee="",
        trial=Trial(asked.trial, PriceTag({}, None)) if asked.trial else None,
        once_per_customer=False,
        prices=asked.tags(),
    )


def _offers(plan: Plan) -> Iterator[Offer]:
    for term, price in plan.prices.items():
        yield Offer.of(plan, term, price)


def _addon(plan: catalogue.Plan, asked: _Asked) -> AddOn:
    return AddOn(
        code=plan.code,
        name=plan.name,
        tax_class=plan.tax_class,
        plans=tuple(plan.details.get("plans", ())),
        bouquets=(),
        connections=plan.connections if plan.kind == "connection" else 0,
        max_units=int(plan.details.get("max_units", 1)),
        prices=asked.tags(),
    )


def _sells(session: Session, seller_id: int) -> Mapping[str, Collection[str]]:
    rows = session.execute(
        select(Reseller.code, Reseller.rights).where(Reseller.seller_id == seller_id, Reseller.removed_on.is_(None))
    )
    return {code: frozenset(rights.get("sells", ())) for code, rights in rows}
