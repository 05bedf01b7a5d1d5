"""Which price somebody is sold something at: one answer for the shop, a quote, a sale, an import, a change of plan."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.domain.errors import NotFound
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["Audience", "PriceList", "SoldAt", "prices_for"]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who buys, and on which day of theirs: decides which price books count. `seen_in`: where a visitor seems to be,
    whose own country nobody knows; it hides what is not sold there, and decides nothing."""

    seller_id: int
    currency: str
    country: str
    on: date
    price_group: str = ""
    reseller_id: int | None = None
    seen_in: str = ""

    @classmethod
    def of(cls, customer: Customer) -> "Audience":
        today = clock.today_in(customer.zone)
        return cls(
            customer.seller_id,
            customer.currency,
            customer.country,
            today,
            customer.price_group,
            customer.reseller_id,
        )

    @classmethod
    def of_visitor(cls, seller: Seller, currency: str = "", seen_in: str = "") -> "Audience":
        """Whom nobody knows yet: the seller's country, and its currency unless another was chosen."""
        today = clock.today_in(seller.zone)
        return cls(seller.id, currency or seller.currency, seller.country, today, seen_in=seen_in)

    def may_use(self, book: PriceBook) -> bool:
        return (
            book.seller_id == self.seller_id
            and book.currency == self.currency
            and book.country in ("", self.country)
            and book.price_group in ("", self.price_group)
            and book.reseller_id in (None, self.reseller_id)
        )


@dataclass(frozen=True, slots=True)
class SoldAt:
    price: Price
    tax_inclusive: bool


class PriceList(dict[tuple[int, str], SoldAt]):
    """(plan, term) → the price; the term "" is something that is sold once."""

    def __init__(self, audience: Audience) -> None:
        super().__init__()
        self.audience = audience

    def of(self, plan: Plan, term: str) -> Price:
        """Raises NotFound when it is not sold to them for that term."""
        found = self.get((plan.id, term))
        if found is None:
            raise NotFound(f"price of {plan.name} for", f"{term or 'one time'} in {self.audience.currency}")
        return found.price


def prices_for(
    session: Session, audience: Audience, plans: Collection[int] | None = None, *, in_credits: bool = False
) -> PriceList:
    """The prices of these plans (None: of all), per term the one in the most specific book that has it.

    A book for their reseller goes before one for their group, that before one for their country, that before one for
    everybody; within a book the newest version that holds on the day counts. Of two books for the same audience the
    older one goes first; what a reseller asks of its users is between them. `in_credits`: books that have a price in
    credits go before all others.
    """
    found = PriceList(audience)
    if plans is not None and not plans:
        return found
    book, on = PriceBook, audience.on
    query = (
        select(Price, book.tax_inclusive)
        .join(book, book.id == Price.book_id)
        .where(
            book.seller_id == audience.seller_id,
            book.currency == audience.currency,
            book.country.in_(["", audience.country]),
            book.price_group.in_(["", audience.price_group]),
            book.resellers_own.is_(False),
            or_(book.reseller_id.is_(None), book.reseller_id == audience.reseller_id),
            or_(Price.valid_from.is_(None), Price.valid_from <= on),
            or_(Price.valid_until.is_(None), Price.valid_until > on),
            Price.withdrawn_on.is_(None),
        )
        .order_by(book.reseller_id.is_(None), book.price_group == "", book.country == "", book.id, Price.version.desc())
    )
    if plans is not None:
        query = query.where(Price.plan_id.in_(plans))
    newest = set[tuple[int, int, str]]()
    for price, inclusive in session.execute(query):
        key = (price.plan_id, price.term)
        if (price.book_id, *key) in newest:
            continue
        newest.add((price.book_id, *key))
        better = in_credits and price.credit_minor is not None
        if key not in found or (better and found[key].price.credit_minor is None):
            found[key] = SoldAt(price, inclusive)
    return found
