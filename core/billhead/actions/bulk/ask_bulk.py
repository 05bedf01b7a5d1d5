"""Decide something about many subscriptions: a row for the decision, one for each of them, and the job."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, func, insert, literal, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.bulk._kinds import KINDS, Kind
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.changes import DAYS_A_MONTH, price_per_day
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money, Rounding
from billhead.domain.periods import Term
from billhead.models.bulk import BulkAction, BulkItem
from billhead.models.catalogue import Price, PriceBook
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["BulkAsked", "BulkPreview", "BulkWish", "ask_bulk", "preview_ask_bulk"]


@dataclass(frozen=True, slots=True)
class BulkWish:
    """`kind` of actions/bulk/_kinds.py, with what it needs: days, or subject and words; `chosen` in words."""

    seller_id: int
    kind: str
    more: Mapping[str, Any]
    chosen: str = ""


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """How many it is done to, whose month is worth so much by the price list, and why others are left out."""

    count: int
    customers: int
    a_month: list[Money]
    left_out: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class BulkAsked:
    bulk_id: int
    total: int


def preview_ask_bulk(session: Session, wish: BulkWish, chosen: Select[Any]) -> BulkPreview:
    """In three statements, however many are chosen. `chosen` selects ids of subscriptions. Raises InvalidInput."""
    kind = _checked(wish)
    ids = chosen.subquery()
    mine = Subscription.id.in_(select(ids.c[0])), Subscription.seller_id == wish.seller_id
    why = kind.why_not().label("why")
    counted = session.execute(select(why, func.count()).where(*mine).group_by(why).order_by(why)).all()
    counts = {reason: int(count) for reason, count in counted}
    can = (*mine, kind.why_not() == literal(""))
    customers = session.scalar(select(func.count(Subscription.customer_id.distinct())).where(*can))
    left_out = [(reason, count) for reason, count in counts.items() if reason]
    return BulkPreview(counts.get("", 0), int(customers or 0), _a_month(session, can), left_out)


def _a_month(session: Session, can: tuple[Any, ...]) -> list[Money]:
    """What a month of all parts costs by the prices at which they were sold."""
    part = SubscriptionComponent
    rows = session.execute(
        select(PriceBook.currency, Price.term, func.sum(Price.amount_minor * part.quantity))
        .select_from(part)
        .join(Price, Price.id == part.price_id)
        .join(PriceBook, PriceBook.id == Price.book_id)
        .join(Subscription, Subscription.id == part.subscription_id)
        .where(part.ends_on.is_(None), Price.term != "", *can)
        .group_by(PriceBook.currency, Price.term)
    )
    sums: dict[str, Fraction] = {}
    for currency, term, minor in rows:
        worth = price_per_day(Money(int(minor), currency), Term.parse(term)) * DAYS_A_MONTH
        sums[currency] = sums.get(currency, Fraction(0)) + worth
    return [Money(1, currency).times(worth, Rounding.HALF_UP) for currency, worth in sorted(sums.items())]


@verb("bulk.ask", permission="subscriptions.write")
def ask_bulk(tx: Tx, wish: BulkWish, chosen: list[int] | Select[Any], reason: str) -> BulkAsked:
    """Fix who is meant now; a job does one after the other. Raises InvalidInput when nobody is left."""
    kind = _checked(wish)
    if not reason.strip():
        raise InvalidInput("reason", "is needed: colleagues read it in the audit trail")
    bulk = BulkAction(
        seller_id=wish.seller_id, kind=wish.kind, wish=dict(wish.more), chosen=wish.chosen, reason=reason.strip(),
        asked_by=tx.ctx.actor, created_at=clock.now(),
    )  # fmt: skip
    tx.session.add(bulk)
    tx.session.flush()
    which = Subscription.id.in_(chosen if isinstance(chosen, list) else select(chosen.subquery().c[0]))
    meant = (
        select(literal(bulk.id), Subscription.id, literal("waiting"), literal(""))
        .where(which, Subscription.seller_id == wish.seller_id, kind.why_not() == literal(""))
        .order_by(Subscription.id)
    )
    columns = ["bulk_id", "subscription_id", "state", "said"]
    tx.session.execute(insert(BulkItem).from_select(columns, meant, include_defaults=False))
    bulk.total = int(tx.session.scalar(select(func.count()).where(BulkItem.bulk_id == bulk.id)) or 0)
    if not bulk.total:
        raise InvalidInput("kind", "nobody is left to whom this can be done")
    enqueue(tx, "subscriptions.bulk", {"bulk_id": bulk.id}, key=f"bulk:{bulk.id}")
    note(tx, f"bulk:{bulk.id}", kind=wish.kind, subscriptions=bulk.total, chosen=wish.chosen)
    return BulkAsked(bulk.id, bulk.total)


def _checked(wish: BulkWish) -> Kind:
    kind = KINDS.get(wish.kind)
    if kind is None:
        raise InvalidInput("kind", f"{wish.kind!r} is not one of {', '.join(KINDS)}")
    kind.check(wish.more)
    return kind
