"""Take one price off sale: a plan for a term in a book. Who pays it goes on paying it."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue._versions import affected
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.periods import refuse_far
from billhead.models.catalogue import Plan, Price, PriceBook

__all__ = ["PriceStopped", "preview_stop_price", "stop_price"]


@dataclass(frozen=True, slots=True)
class PriceStopped:
    """`until` is the first day on which nobody can order at it."""

    price_id: int
    until: date


def preview_stop_price(session: Session, price_id: int) -> int:
    """How many subscriptions pay it, by any of its versions, and keep it. Raises NotFound."""
    price = session.get(Price, price_id)
    if price is None:
        raise NotFound("price", price_id)
    book, plan = session.get_one(PriceBook, price.book_id), session.get_one(Plan, price.plan_id)
    return affected(session, book, plan, price.term, price.amount_minor, clock.latest_today()).subscriptions


@verb("catalogue.stop_price", permission="catalogue.write")
def stop_price(tx: Tx, price_id: int, until: date | None = None) -> PriceStopped:
    """All versions of the price end, so that none before it is sold again; None: at once, wherever the customer is.

    A version that existing subscriptions come to pay still comes. A new version sells it again. Raises NotFound,
    InvalidInput for a day that has passed, or Conflict where it is not sold then anyhow.
    """
    one = tx.session.get(Price, price_id)
    if one is None:
        raise NotFound("price", price_id)
    book = tx.session.get_one(PriceBook, one.book_id, with_for_update=True)
    plan = tx.session.get_one(Plan, one.plan_id)
    today = clock.latest_today()
    if until is not None and until < today:
        raise InvalidInput("until", f"{until} has passed", hint="leave it empty to stop at once")
    refuse_far("until", until, today)
    # two days before the latest of today's dates on earth it is over for everybody
    ends = until if until is not None else today - timedelta(days=2)
    open_ones = [
        version
        for version in tx.session.scalars(
            select(Price).where(Price.book_id == book.id, Price.plan_id == plan.id, Price.term == one.term)
        )
        if version.valid_until is None or version.valid_until > ends
    ]
    if not any(version.withdrawn_on is None for version in open_ones):
        raise Conflict(f"{plan.name} for {one.term or 'one time'} is not sold at this price any more")
    for version in open_ones:
        version.valid_until = ends
    note(tx, f"plan:{plan.id}", book=book.code, term=one.term, until=ends.isoformat())
    return PriceStopped(price_id, ends)
