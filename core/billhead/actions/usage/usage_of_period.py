"""What a subscription has used of one period: by day, and what it comes to by the tiers of its tariff. For screens and
programs; the sums and prices are those of the billing run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from sqlalchemy.orm import Session

from billhead.actions.billing._calendars import read_formers
from billhead.actions.billing._free_days import not_charged, read_free_days
from billhead.actions.usage._lines import start_of
from billhead.actions.usage._metered_now import read_metered
from billhead.actions.usage._metering import billed_windows, metered_parts, read_meters
from billhead.actions.usage._shapes import RatedUsage, Totals, Window
from billhead.actions.usage._totals import read_totals
from billhead.actions.usage._windows import current_windows, due_windows
from billhead.actions.usage.rate_usage import rate_usage
from billhead.domain.money import Money
from billhead.domain.usage import Pricing, UsageTerms, shown_quantity
from billhead.domain.usage_charge import by_tier

__all__ = ["TierUsed", "UsageOfPeriod", "UsedDay", "UsedOfMetric", "usage_of_period"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class UsedDay:
    """By the customer's day. `used` is what that day alone comes to, in the metric's unit."""

    day: date
    events: int
    used: str


@dataclass(frozen=True, slots=True)
class TierUsed:
    """`price` is of `per` units in major units of the currency, `up_to` the tier's last unit (None: no end)."""

    up_to: str | None
    price: str
    per: str
    used: str
    amount: Money


@dataclass(frozen=True, slots=True)
class UsedOfMetric:
    """One metric of a stretch of days `[starts_on, ends_on)`. `amount` is what it comes to by now, as in the price
    book; `adjusted` what of that the minimum has added or the cap taken off. `billed`: what of it stands on documents
    already, None while it is not billed."""

    metric: str
    name: str
    unit: str
    starts_on: date
    ends_on: date
    events: int
    used: str
    allowance: str
    percent: int | None
    amount: Money
    adjusted: Money
    billed: Money | None
    tiers: Sequence[TierUsed]
    days: Sequence[UsedDay]


@dataclass(frozen=True, slots=True)
class UsageOfPeriod:
    """`earlier` and `later`: a day of the period before and after, None where there is none."""

    metered: bool
    found: Sequence[UsedOfMetric]
    earlier: date | None
    later: date | None


def usage_of_period(session: Session, subscription_id: int, on: date | None = None) -> UsageOfPeriod:
    """Of the period that a day lies in, or of the running one. A fixed number of queries, however much was used."""
    items, catalogue = read_metered(session, [subscription_id])
    if not items:
        return UsageOfPeriod(False, (), None, None)
    item, parts = items[0], metered_parts(items[0], catalogue)
    meter = read_meters(session, items)[subscription_id]
    before = read_formers(session, [subscription_id]).get(subscription_id, ())
    free = not_charged(read_free_days(session, [subscription_id]).get(subscription_id, ()))
    running = current_windows(item, meter, parts, catalogue, before)
    ended = due_windows(item, meter, parts, catalogue, free, before)[0]
    billed = list(billed_windows(session, catalogue, [subscription_id], {subscription_id: parts}))
    every = [*billed, *ended, *running]
    shown = [one for one in every if one.start <= on < one.end] if on is not None else running
    day = on or item.target  # where no period lies, those around it are told all the same
    start, end = (shown[0].start, shown[0].end) if shown else (day, day)
    earlier = max((one.end - _DAY for one in every if one.end <= start), default=None)
    later = min((one.start for one in every if one.start >= end), default=None)
    by_day = [list(_days(one, item.zone, item.target)) for one in shown]
    totals = iter(read_totals(session, [*shown, *(day for days in by_day for day in days)]))
    rated = rate_usage(zip(shown, islice(totals, len(shown)), strict=True))
    found = [_found(one, list(zip(days, totals, strict=False))) for one, days in zip(rated, by_day, strict=True)]
    return UsageOfPeriod(True, found, earlier, later)


def _days(window: Window, zone: str, today: date) -> Iterator[Window]:
    """Each of its days up to today, counted without its price: a share of an amount has its sum as well."""
    terms = UsageTerms(Pricing.ALLOWANCE, window.metered.terms.currency, shared=window.metered.terms.shared)
    day = window.start
    while day < min(window.end, today + _DAY):
        begin, end = start_of(day, zone), start_of(day + _DAY, zone)
        yield window._replace(
            metered=window.metered._replace(terms=terms),
            start=day,
            from_at=max(begin, window.from_at),
            to_at=min(end, window.to_at),
        )
        day += _DAY


def _found(one: RatedUsage, days: Sequence[tuple[Window, Totals]]) -> UsedOfMetric:
    window, metered = one.window, one.window.metered
    tiers = [
        TierUsed(
            None if part.tier.up_to is None else f"{part.tier.up_to:f}",
            f"{part.tier.unit:f}",
            f"{metered.terms.per:f}",
            shown_quantity(part.steps, metered.decimals),
            part.amount,
        )
        for part in by_tier(metered.terms, metered.decimals, one.charged)
    ]
    currency = metered.terms.currency
    amount = Money(one.amount_minor, currency)
    plain = sum((part.amount for part in tiers), Money(0, currency))
    return UsedOfMetric(
        metered.code,
        metered.name,
        metered.unit,
        window.start,
        window.end,
        one.events,
        shown_quantity(_used(one, days), metered.decimals),
        shown_quantity(window.allowance, metered.decimals),
        one.used * 100 // window.allowance if window.allowance else None,
        amount,
        Money(0, currency) if metered.terms.pricing is Pricing.PERCENTAGE else amount - plain,
        Money(window.billed_minor, currency) if window.revision else None,
        tiers,
        [UsedDay(day.start, told.events, shown_quantity(sum(told.used), metered.decimals)) for day, told in days],
    )


def _used(one: RatedUsage, days: Sequence[tuple[Window, Totals]]) -> int:
    """A share of each event's amount keeps fees alone for its period: the amounts are those of its days."""
    if one.window.metered.terms.pricing is not Pricing.PERCENTAGE:
        return one.used
    return sum(sum(told.used) for _, told in days)
