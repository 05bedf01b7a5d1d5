"""What is left of the credits that a subscription cost: credits × unused days ÷ days of the term, rounded down.

A day that has begun is used. Trials are worth nothing. Where a change took over the days of several purchases, each of
them stays a stretch of its own: a day of a dear short term is not worth what one of a cheap long term is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import exists, select

from billhead import clock
from billhead.actions.resellers._rights import Rights
from billhead.db import Tx
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Period
from billhead.models.credits import CreditHold
from billhead.models.subscriptions import Service, Subscription
from billhead.models.viewings import Viewing

__all__ = [
    "SetOff",
    "Stretch",
    "gives_back",
    "giving_back",
    "set_off",
    "still_paid",
    "tomorrow_of",
    "unused",
    "unused_of",
]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days that cost `worth_minor`, a share of a `term` of so many days as it was bought ("": not known)."""

    days: Period
    worth_minor: int
    term: str
    term_days: int

    @classmethod
    def priced(cls, days: Period, price_minor: int, term: str, term_days: int) -> Stretch:
        """At the price of a whole term, rounded up."""
        return cls(days, -(-price_minor * days.days // term_days), term, term_days)

    def left_minor(self, on: date) -> int:
        left = self.days.overlap(Period(on, date.max))
        return self.worth_minor * left.days // self.days.days if left else 0

    def stored(self) -> list[str | int]:
        return [self.days.start.isoformat(), self.days.end.isoformat(), self.worth_minor, self.term, self.term_days]


@dataclass(frozen=True, slots=True)
class SetOff:
    """What it costs, what was left, what is to be paid beside it or comes back; `told` is kept with the hold."""

    costs: Money
    left: Money
    pay: Money
    back: Money
    told: dict[str, Any]

    @property
    def lapses(self) -> Money:
        return self.left + self.pay - self.costs - self.back


def tomorrow_of(subscription: Subscription) -> date:
    return clock.today_in(subscription.zone) + timedelta(days=1)


def gives_back(tx: Tx, rights: Rights, subscription: Subscription) -> bool:
    """Whether unused credits come back to whoever pays, by ending as by changing to what takes less."""
    return bool(giving_back(tx, [(rights, subscription)]))


def giving_back(tx: Tx, asked: Collection[tuple[Rights, Subscription]]) -> set[int]:
    """As `gives_back`, of many in one query: those to whom they come back, by id."""
    by_right = {row.id for rights, row in asked if rights.refund_unused and not rights.refund_only_unwatched}
    if_unwatched = {row.id for rights, row in asked if rights.refund_unused and rights.refund_only_unwatched}
    if not if_unwatched:
        return by_right
    lines = select(Service.subscription_id).where(Service.subscription_id.in_(if_unwatched))
    watched = lines.where(exists().where(Viewing.service_id == Service.id))
    return by_right | (if_unwatched - set(tx.session.scalars(watched.distinct())))


def unused(tx: Tx, subscription: Subscription) -> list[tuple[CreditHold, Money]]:
    """Per purchase that was captured and has days left; each counts once, however often the plan was changed."""
    return unused_of(tx, [subscription])[subscription.id]


def unused_of(tx: Tx, subscriptions: Collection[Subscription]) -> dict[int, list[tuple[CreditHold, Money]]]:
    """As `unused`, of many in one query, by id."""
    paid, found = _still_paid_of(tx, subscriptions), {}
    for row in subscriptions:
        tomorrow = tomorrow_of(row)
        left = [(held, sum(one.left_minor(tomorrow) for one in parts)) for held, parts in paid[row.id]]
        found[row.id] = [(held, Money(minor, CREDITS)) for held, minor in left if minor]
    return found


def still_paid(tx: Tx, subscription: Subscription) -> list[tuple[CreditHold, list[Stretch]]]:
    """Purchases that were captured, have days left, and were neither carried along nor given back."""
    return _still_paid_of(tx, [subscription])[subscription.id]


def _still_paid_of(
    tx: Tx, subscriptions: Collection[Subscription]
) -> dict[int, list[tuple[CreditHold, list[Stretch]]]]:
    tomorrow = {row.id: tomorrow_of(row) for row in subscriptions}
    captured = tx.session.execute(
        select(CreditHold, Service.subscription_id)
        .join(Service, Service.id == CreditHold.service_id)
        .where(Service.subscription_id.in_(tomorrow), CreditHold.state == "captured")
        .order_by(CreditHold.id)
    )
    found: dict[int, list[tuple[CreditHold, list[Stretch]]]] = {key: [] for key in tomorrow}
    for held, key in captured:
        told = held.details
        trial = told["kind"] == "trial" or told.get("trial")
        if not trial and "carried_minor" not in told and "returned_minor" not in told:
            parts = [one for one in _stretches(held) if one.days.end > tomorrow[key]]
            if parts:
                found[key].append((held, parts))
    return found


def _stretches(held: CreditHold) -> list[Stretch]:
    told = held.details
    if "stretches" in told:
        return [
            Stretch(Period(date.fromisoformat(start), date.fromisoformat(end)), worth, term, term_days)
            for start, end, worth, term, term_days in told["stretches"]
        ]
    days = Period(*(date.fromisoformat(told[name]) for name in ("start", "end")))
    return [Stretch(days, int(told.get("worth_minor", held.amount_minor)), told.get("term", ""), days.days)]


def set_off(costs: Money, left: list[tuple[CreditHold, Money]], *, gives_back: bool) -> SetOff:
    """What costs so much, against what was left. What is over lapses where nothing is given back: it was spent too."""
    none = Money(0, CREDITS)
    was = sum((minor for _, minor in left), none)
    pay, less = max(costs - was, none), max(was - costs, none)
    back = less if gives_back else none
    told = {
        "worth_minor": costs.minor,
        "spent_minor": (pay + was - back).minor,
        "back_minor": back.minor,
        "carried": [[held.id, minor.minor] for held, minor in left],
    }
    return SetOff(costs, was, pay, back, told)
