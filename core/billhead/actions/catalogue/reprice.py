"""Change many prices at once, for new customers and for who has them already, and have everybody told in time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue._repriced import RepriceWish, newest_prices
from billhead.actions.catalogue._versions import Affected, Tag, add_version, affected, totals
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import CurrencyMismatch, InvalidInput, NotFound
from billhead.domain.money import Rounding, round_ratio
from billhead.domain.periods import refuse_far
from billhead.models.catalogue import Plan, Price, PriceBook, Reprice
from billhead.models.sellers import Seller

__all__ = ["RepriceWish", "Repriced", "preview_reprice", "reprice"]

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Repriced:
    """`reprice_id` is None when only new customers pay the new prices."""

    reprice_id: int | None
    prices: int
    subscriptions: int


def preview_reprice(session: Session, wish: RepriceWish) -> list[Affected]:
    """Old and new price of each that would change, who pays it, and how much more that is a month."""
    _check(session, wish)
    return [found for _, _, _, found in _changes(session, wish)]


@verb("catalogue.reprice", permission="catalogue.write")
def reprice(tx: Tx, wish: RepriceWish) -> Repriced:
    """Add a version to each of the prices. No subscription is written: they pay by the versions that hold.

    Raises NotFound, InvalidInput (a day that is too early, an amount below zero, nothing to change), CurrencyMismatch
    and Conflict (another change of one of these prices comes later, or it has a newer version by now).
    """
    session = tx.session
    _check(session, wish)
    session.scalars(select(PriceBook).where(PriceBook.seller_id == wish.seller_id).with_for_update()).all()
    changes = list(_changes(session, wish))
    if not changes:
        raise InvalidInput("plans", "no price changes by that")
    row = _row(wish, [found for _, _, _, found in changes]) if wish.existing_from else None
    if row is not None:
        session.add(row)
        session.flush()
    for book, plan, old, found in changes:
        tag = Tag(found.new_minor, *(getattr(old, field) for field in Tag.__slots__[1:]))
        new = add_version(
            tx, book, plan, old.term, tag,
            valid_from=wish.valid_from, existing_from=wish.existing_from,
        )  # fmt: skip
        new.valid_until = old.valid_until  # what is not sold any more stays so
        new.reprice_id = row.id if row else None
    return Repriced(row.id if row else None, len(changes), row.subscriptions if row else 0)


def _row(wish: RepriceWish, found: list[Affected]) -> Reprice:
    assert wish.existing_from is not None, "it holds for somebody"
    tell_on = None if wish.tell_days is None else wish.existing_from - timedelta(days=wish.tell_days)
    return Reprice(
        seller_id=wish.seller_id,
        existing_from=wish.existing_from,
        tell_on=tell_on,
        subscriptions=sum(one.subscriptions for one in found),
        a_month_minor=dict(totals(found)),
        created_at=clock.now(),
    )


def _check(session: Session, wish: RepriceWish) -> None:
    if session.get(Seller, wish.seller_id) is None:
        raise NotFound("seller", wish.seller_id)
    if wish.round_to_minor < 1:
        raise InvalidInput("round_to", "must be above zero")
    if not 0 <= wish.below_minor < wish.round_to_minor:
        raise InvalidInput("below", "must be less than what is rounded to")
    if wish.tell_days is not None and not 0 <= wish.tell_days <= 365:
        raise InvalidInput("tell_days", "must be from 0 to 365")
    refuse_far("valid_from", wish.valid_from, clock.latest_today())
    refuse_far("existing_from", wish.existing_from, clock.latest_today())
    if wish.existing_from is None:
        return
    first = clock.latest_today() + timedelta(days=1 + (wish.tell_days or 0))
    if wish.existing_from < first:
        told = f", and customers are told {wish.tell_days} days before" if wish.tell_days else ""
        raise InvalidInput("existing_from", f"must lie in the future{told}: not before {first}")


def _changes(session: Session, wish: RepriceWish) -> Iterator[tuple[PriceBook, Plan, Price, Affected]]:
    for book, plan, old in newest_prices(session, wish):
        if wish.to is not None and wish.to.currency != book.currency:
            raise CurrencyMismatch(book.currency, wish.to.currency)
        new = _new_amount(old.amount_minor, wish)
        if new < 0:
            field = "percent" if wish.percent_ppm < 0 else "add"
            raise InvalidInput(field, f"{plan.code} for {old.term or 'one time'} would cost less than nothing")
        if new != old.amount_minor:
            on = wish.existing_from or clock.latest_today()
            yield book, plan, old, affected(session, book, plan, old.term, new, on)


def _new_amount(minor: int, wish: RepriceWish) -> int:
    if not minor:
        return 0
    if wish.to is not None:
        return wish.to.minor
    raised = minor * (_MILLION + wish.percent_ppm) + wish.add_minor * _MILLION
    steps = round_ratio(raised + wish.below_minor * _MILLION, _MILLION * wish.round_to_minor, Rounding.HALF_UP)
    if raised > 0:  # what costs something is not made free by rounding
        return max(steps, 1) * wish.round_to_minor - wish.below_minor
    return steps if wish.round_to_minor == 1 else max(steps * wish.round_to_minor - wish.below_minor, 0)
