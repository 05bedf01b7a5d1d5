"""What resellers' subscribers cost in credits and money, against what the resellers themselves ask for them.

Credits count on the day on which they were consumed, came back, or went along to another plan: of a reseller and a
span they are what its consumed credits in the ledger grew by. A purchase is sold for the reseller's own price on the
day when it was made, for the plan and its add-ons; it has no price where a part that took credits has none. An order of
its shop is sold for what the invoice says without tax. What leaves a purchase takes its share of that along. Trials
bring nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from billhead.domain.money import Rounding, round_ratio
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.credits import CreditHold, CreditUse
from billhead.models.people import Customer, Reseller
from billhead.reports._source import BATCH

__all__ = ["Margin", "credits_used", "margins"]

_Prices = Mapping[tuple[int, int, str, str], list[tuple[date | None, int]]]


@dataclass(slots=True)
class Margin:
    """Of one reseller, plan and term, and of one month (its first day) where that is asked for. Minor units; `costs` by
    currency. `priced`: how many of the purchases have an own price; without one `sold` is None. `priced_cost_minor`:
    what these had cost, in the reseller's own currency."""

    reseller_id: int
    reseller: str
    plan: str
    term: str
    currency: str
    month: date | None = None
    purchases: int = 0
    priced: int = 0
    credits_minor: int = 0
    costs: dict[str, int] = field(default_factory=dict)
    sold: Fraction | None = None
    priced_cost_minor: int = 0

    @property
    def sold_minor(self) -> int:
        sold = self.sold or Fraction(0)
        return round_ratio(sold.numerator, sold.denominator, Rounding.HALF_UP)

    @property
    def cost_minor(self) -> int:
        """In the reseller's own currency."""
        return self.costs.get(self.currency, 0)

    @property
    def earned_minor(self) -> int:
        """Of what has a price alone: what a purchase without one had cost is no loss."""
        return self.sold_minor - self.priced_cost_minor


def margins(
    session: Session,
    resellers: Select[int] | None,
    start: date | None,
    until: date,
    seller_id: int | None = None,
    *,
    by_month: bool = False,
) -> list[Margin]:
    """By reseller, plan and term; streamed, in three queries. `resellers`: the ids that count, None: all."""
    use = CreditUse
    columns = use.reseller_id, use.kind, use.plan_id, use.day, use.credits_minor, use.costs
    query = (
        _within(select(*columns), resellers, start, until, seller_id)
        .add_columns(CreditHold.details, CreditHold.amount_minor, Reseller.name, Customer.currency)
        .join(Customer, Customer.buys_for_reseller_id == Reseller.id)
        .outerjoin(CreditHold, CreditHold.id == use.hold_id)
        .order_by(use.id)
    )
    names = dict(session.execute(select(Plan.id, Plan.name)).all())
    prices = _own_prices(session)
    found: dict[tuple[int, str, str, date | None], Margin] = {}
    for one in session.execute(query.execution_options(yield_per=BATCH)):
        told = one.details or {}
        sold, term = told.get("sold") or ([one.plan_id, 1],), told.get("term", "")
        plan, month = names.get(sold[0][0], "–"), one.day.replace(day=1) if by_month else None
        key = one.reseller_id, plan, term, month
        row = found.setdefault(key, Margin(one.reseller_id, one.name, plan, term, one.currency, month))
        _count(row, one, told, prices)
    return sorted(
        found.values(), key=lambda row: (row.reseller, row.reseller_id, row.plan, row.term, row.month or date.min)
    )


def credits_used(session: Session, start: date | None, until: date, seller_id: int | None = None) -> int:
    """All that the rows of `margins` count, in hundredths."""
    query = _within(select(func.sum(CreditUse.credits_minor)), None, start, until, seller_id)
    return int(session.scalar(query) or 0)


def _within(
    query: Select[*tuple[Any, ...]],
    resellers: Select[int] | None,
    start: date | None,
    until: date,
    seller_id: int | None,
) -> Select[*tuple[Any, ...]]:
    query = query.join(Reseller, Reseller.id == CreditUse.reseller_id).where(CreditUse.day < until)
    if start is not None:
        query = query.where(CreditUse.day >= start)
    if seller_id is not None:
        query = query.where(Reseller.seller_id == seller_id)
    return query if resellers is None else query.where(CreditUse.reseller_id.in_(resellers))


def _count(row: Margin, one: Any, told: Mapping[str, Any], prices: _Prices) -> None:
    bought = one.kind in ("bought", "place")
    row.purchases += bought
    row.credits_minor += one.credits_minor
    for currency, minor in one.costs.items():
        row.costs[currency] = row.costs.get(currency, 0) + minor
    sale = _sale(row, one, bought, told, prices)
    if sale is not None:
        row.priced += bought
        row.sold = (row.sold or Fraction(0)) + sale
        row.priced_cost_minor += one.costs.get(row.currency, 0)


def _sale(row: Margin, one: Any, bought: bool, told: Mapping[str, Any], prices: _Prices) -> Fraction | None:
    """Of the credits that moved; None: it has no price of its own."""
    if told.get("kind", "trial") == "trial":  # a place has no price either
        return Fraction(0)
    asked = _asked(row, told, prices)
    if asked is None:
        return None
    worth = int(told.get("worth_minor", one.amount_minor))
    if one.credits_minor > 0:
        worth = int(told.get("spent_minor", worth))
    return (Fraction(one.credits_minor, worth) if worth else Fraction(bought)) * asked


def _asked(row: Margin, told: Mapping[str, Any], prices: _Prices) -> Fraction | None:
    if "sold_minor" in told:  # a shop that sells in another currency says nothing in this one
        return Fraction(told["sold_minor"]) if told["sold_currency"] == row.currency else None
    if told["kind"] != "change":
        return _listed(row, told, prices)
    asked = Fraction(0)
    for start, end, _, term, term_days in told["stretches"]:
        whole = _listed(row, told, prices, term)
        if whole is None:
            return None
        asked += whole * Fraction((date.fromisoformat(end) - date.fromisoformat(start)).days, term_days)
    return asked


def _listed(row: Margin, told: Mapping[str, Any], prices: _Prices, of_term: str = "") -> Fraction | None:
    """For a whole term of all its parts; `of_term`: where it is not the one that each was sold for."""
    on = date.fromisoformat(told["sold_on"])
    asked = 0
    for key, units, minor, term in told["sold"]:
        price = _price(prices.get((row.reseller_id, key, of_term or term, row.currency)), on, units)
        if price is None and minor:
            return None
        asked += price or 0
    return Fraction(asked)


def _price(versions: list[tuple[date | None, int]] | None, day: date, units: int) -> int | None:
    """The newest version that held on the day, else the first there ever was: prices may be entered late."""
    if not versions:
        return None
    held = [minor for since, minor in versions if since is None or since <= day]
    return (held[-1] if held else versions[0][1]) * units


def _own_prices(session: Session) -> _Prices:
    found: dict[tuple[int, int, str, str], list[tuple[date | None, int]]] = {}
    for row in _price_rows(session):
        found.setdefault((row.reseller_id, row.plan_id, row.term, row.currency), []).append(
            (row.valid_from, row.amount_minor)
        )
    return found


def _price_rows(session: Session) -> Iterator[Any]:
    yield from session.execute(
        select(
            PriceBook.reseller_id, PriceBook.currency, Price.plan_id, Price.term, Price.valid_from, Price.amount_minor
        )
        .join(Price, Price.book_id == PriceBook.id)
        .where(PriceBook.resellers_own, Price.withdrawn_on.is_(None))
        .order_by(Price.version)
    )
