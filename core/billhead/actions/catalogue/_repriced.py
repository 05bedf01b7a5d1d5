"""Which prices a change of many is to touch, and how."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.catalogue._versions import normal_term
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.domain.periods import by_length
from billhead.models.catalogue import Plan, Price, PriceBook

__all__ = ["RepriceWish", "newest_prices"]


@dataclass(frozen=True, slots=True)
class RepriceWish:
    """Which prices (empty: all of the seller's), and how they change: by `percent_ppm` (parts per million: 50000 are
    5 %), and then by `add_minor`; rounded to a multiple of `round_to_minor`, less `below_minor` (100 and 1 give 9.99).
    Or they become `to`, as it is. What is free stays free. `prices`: ids of newest versions.

    `existing_from`: existing subscriptions pay it from their first period that starts on that day or later; None: new
    customers only. `tell_days`: how many days before that day their customers are told; None: they are not.
    """

    seller_id: int
    existing_from: date | None
    percent_ppm: int = 0
    add_minor: int = 0
    round_to_minor: int = 1
    below_minor: int = 0
    books: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    prices: tuple[int, ...] = ()
    to: Money | None = None
    valid_from: date | None = None
    tell_days: int | None = 30


def newest_prices(session: Session, wish: RepriceWish) -> list[tuple[PriceBook, Plan, Price]]:
    """Of the prices that the wish means, the version that would be changed; a plan that is retired has none. Of
    each book and plan the shortest term first.

    Raises InvalidInput (a code or term that is none) and Conflict (one of `prices` is not the newest any more).
    """
    query = (
        select(PriceBook, Plan, Price)
        .join(Price, Price.book_id == PriceBook.id)
        .join(Plan, Plan.id == Price.plan_id)
        .where(PriceBook.seller_id == wish.seller_id, Price.withdrawn_on.is_(None), Plan.retired.is_(False))
        .order_by(PriceBook.id, Plan.id, Price.version.desc())
    )
    if wish.books:
        query = query.where(PriceBook.code.in_(_known(session, PriceBook, wish.seller_id, wish.books, "books")))
    if wish.plans:
        query = query.where(Plan.code.in_(_known(session, Plan, wish.seller_id, wish.plans, "plans")))
    if wish.terms:
        query = query.where(Price.term.in_([normal_term(term, "terms") for term in wish.terms]))
    newest: dict[tuple[int, int, str], tuple[PriceBook, Plan, Price]] = {}
    for book, plan, price in session.execute(query):
        newest.setdefault((book.id, plan.id, price.term), (book, plan, price))
    known = sorted(newest.values(), key=lambda row: (row[0].id, row[1].id, by_length(row[2].term), row[2].term))
    if not wish.prices:
        return known
    meant = [found for found in known if found[2].id in wish.prices]
    if len(meant) < len(set(wish.prices)):
        raise Conflict("one of these prices has changed in the meantime", hint="choose them again")
    return meant


def _known(
    session: Session, model: type[Plan] | type[PriceBook], seller_id: int, codes: tuple[str, ...], field: str
) -> tuple[str, ...]:
    there = set(session.scalars(select(model.code).where(model.seller_id == seller_id)))
    for code in codes:
        if code not in there:
            raise InvalidInput(field, f"there is no {code!r}")
    return codes
