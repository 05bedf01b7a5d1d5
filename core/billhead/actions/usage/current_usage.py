"""What subscriptions have used of their running period, with the allowance and what it costs so far. For screens."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from billhead.actions.billing._calendars import read_formers
from billhead.actions.usage._metered_now import read_metered
from billhead.actions.usage._metering import metered_parts, read_meters
from billhead.actions.usage._totals import read_totals
from billhead.actions.usage._windows import current_windows
from billhead.actions.usage.rate_usage import rate_usage
from billhead.domain.money import Money
from billhead.domain.usage import shown_quantity

__all__ = ["UsageNow", "current_usage"]


@dataclass(frozen=True, slots=True)
class UsageNow:
    """One metric of one stretch. `used` and `allowance` are as people read them; `percent` is of the allowance, None
    where there is none; `amount` is what the use comes to by now, as the price book has it."""

    subscription_id: int
    metric_id: int
    name: str
    unit: str
    starts_on: date
    ends_on: date
    used: str
    allowance: str
    percent: int | None
    amount: Money

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "amount": str(self.amount)}


def current_usage(session: Session, subscriptions: Collection[int]) -> dict[int, list[UsageNow]]:
    """By subscription, those that are metered; a fixed number of queries, however many they are."""
    items, catalogue = read_metered(session, subscriptions)
    if not catalogue.metered or not items:
        return {}
    meters, before = read_meters(session, items), read_formers(session, [item.subscription_id for item in items])
    windows = [
        window
        for item in items
        for window in current_windows(
            item,
            meters[item.subscription_id],
            metered_parts(item, catalogue),
            catalogue,
            before.get(item.subscription_id, ()),
        )
    ]
    found: dict[int, list[UsageNow]] = {}
    for one in rate_usage(zip(windows, read_totals(session, windows), strict=True)):
        window, metered = one.window, one.window.metered
        percent = one.used * 100 // window.allowance if window.allowance else None
        found.setdefault(window.subscription_id, []).append(
            UsageNow(
                window.subscription_id,
                metered.metric_id,
                metered.name,
                metered.unit,
                window.start,
                window.end,
                shown_quantity(one.used, metered.decimals),
                shown_quantity(window.allowance, metered.decimals),
                percent,
                Money(one.amount_minor, metered.terms.currency),
            )
        )
    return found
