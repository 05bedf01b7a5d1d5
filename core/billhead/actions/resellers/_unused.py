"""What is left of the credits that a subscription cost: credits × unused days ÷ days of the term, rounded down.

A day that has begun is used. Trials are worth nothing.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.actions.resellers._rights import Rights
from billhead.db import Tx
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditHold
from billhead.models.subscriptions import Service, Subscription
from billhead.models.viewings import Viewing

__all__ = ["SetOff", "gives_back", "set_off", "tomorrow_of", "unused"]


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
    if not rights.refund_unused:
        return False
    if not rights.refund_only_unwatched:
        return True
    lines = select(Service.id).where(Service.subscription_id == subscription.id)
    return tx.session.scalar(select(Viewing.viewing_id).where(Viewing.service_id.in_(lines)).limit(1)) is None


def unused(tx: Tx, subscription: Subscription) -> list[tuple[CreditHold, Money]]:
    """Per purchase that was captured and has days left; each counts once, however often the plan was changed."""
    tomorrow = tomorrow_of(subscription)
    captured = tx.session.scalars(
        select(CreditHold)
        .join(Service, Service.id == CreditHold.service_id)
        .where(Service.subscription_id == subscription.id, CreditHold.state == "captured")
        .order_by(CreditHold.id)
    )
    left = []
    for held in captured:
        told = held.details
        start, end = (date.fromisoformat(told[name]) for name in ("start", "end"))
        days = (end - max(start, tomorrow)).days
        worth = int(told.get("worth_minor", held.amount_minor))
        minor = worth * days // (end - start).days if days > 0 else 0
        trial = told["kind"] == "trial" or told.get("trial")
        if minor and not trial and "carried_minor" not in told and "returned_minor" not in told:
            left.append((held, Money(minor, CREDITS)))
    return left


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
