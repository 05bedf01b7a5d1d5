"""Give a plan a price for a term in a book, or a new version of the one it has."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue._telling import plan_change
from billhead.actions.catalogue._versions import Affected, Tag, add_version, affected, normal_term, totals
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.counted import counted
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.catalogue import Plan, PriceBook

__all__ = ["NewPrice", "PriceAdded", "Tag", "add_price", "preview_add_price"]


@dataclass(frozen=True, slots=True)
class NewPrice:
    """`valid_from`: from when on it is sold, None: at once. `valid_until`: the first day on which it is not any more,
    None: no end. `existing_from` and `tell_days` as in `reprice`."""

    book_id: int
    plan_id: int
    term: str
    tag: Tag
    valid_from: date | None = None
    existing_from: date | None = None
    tell_days: int | None = 30
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class PriceAdded:
    price_id: int
    version: int


def preview_add_price(session: Session, wanted: NewPrice) -> Affected | None:
    """Who pays the price then and how much more that is a month; None while nobody can have it."""
    book, plan = session.get(PriceBook, wanted.book_id), session.get(Plan, wanted.plan_id)
    if book is None or plan is None:
        raise NotFound("price book" if book is None else "plan", wanted.book_id if book is None else wanted.plan_id)
    if wanted.existing_from is None:
        return None
    try:
        return affected(session, book, plan, normal_term(wanted.term), wanted.tag.amount_minor, wanted.existing_from)
    except NotFound:
        return None


@verb("catalogue.add_price", permission="catalogue.write")
def add_price(tx: Tx, wanted: NewPrice) -> PriceAdded:
    """Raises NotFound, InvalidInput (field and reason), Conflict (nothing changes, or another change comes later)."""
    session = tx.session
    book = session.get(PriceBook, wanted.book_id, with_for_update=True)
    plan = session.get(Plan, wanted.plan_id)
    if book is None or plan is None:
        raise NotFound("price book" if book is None else "plan", wanted.book_id if book is None else wanted.plan_id)
    term = normal_term(wanted.term)
    tag = wanted.tag
    if tag.trial_term:
        tag = Tag(tag.amount_minor, tag.setup_minor, normal_term(tag.trial_term, "trial_term"), tag.trial_minor,
                  tag.credit_minor, tag.trial_credit_minor)  # fmt: skip
    before = preview_add_price(session, wanted)
    price = add_version(
        tx, book, plan, term, tag,
        valid_from=wanted.valid_from, existing_from=wanted.existing_from, valid_until=wanted.valid_until,
    )  # fmt: skip
    if wanted.existing_from is not None:
        price.reprice_id = _telling(tx, wanted, wanted.existing_from, book.seller_id, before)
    return PriceAdded(price.id, price.version)


def _telling(tx: Tx, wanted: NewPrice, existing_from: date, seller_id: int, found: Affected | None) -> int:
    days = wanted.tell_days
    if days is not None and existing_from < clock.latest_today() + timedelta(days=days + 1):
        told = counted(
            days,
            f"customers are told {days} day before: choose a later day",
            f"customers are told {days} days before: choose a later day",
        )
        raise InvalidInput("existing_from", told)
    count, more = (found.subscriptions, totals([found])) if found else (0, {})
    return plan_change(tx, seller_id, existing_from, days, count, more)
