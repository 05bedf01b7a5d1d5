"""Which stretches of a subscription's time are to be rated: pure, from its parts, its meter and the target date.

A metric has one tariff: that of the first part that has one (the plan goes before its add-ons). A stretch ends where
the period of usage ends or where the tariff does: a part that follows with the same, taxed alike, goes on with it, and
what both include is one allowance. The other parts that count the same metric add their allowance to the stretch, those
that begin or end within it by their days.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from billhead.actions.usage._lines import epoch, start_of
from billhead.actions.usage._shapes import (
    BilledRow,
    Meter,
    Metered,
    MeteredPart,
    MovedMeter,
    Tariffs,
    Timed,
    Window,
)
from billhead.domain.calendar import Calendar, Former
from billhead.domain.due import ended_periods
from billhead.domain.periods import Period, Term, local_date, without
from billhead.domain.proration import ProrationMode
from billhead.domain.usage import Pricing, metered_calendar
from billhead.domain.usage_charge import allowance_steps

__all__ = ["billed_window", "current_windows", "due_windows", "usage_ends_on", "whole_in_parts"]


def due_windows(
    one: Timed,
    meter: Meter,
    parts: Sequence[MeteredPart],
    tariffs: Tariffs,
    free: Sequence[Period] = (),
    before: Sequence[Former] = (),
) -> tuple[list[Window], MovedMeter]:
    """The stretches that have ended by the target date, and the meter after them.

    The first goes on at the very instant to which was billed, so that a move to another zone counts no hour twice.
    Usage of a trial is not charged, and no minimum for `free` days: the day of a cancellation at once that gives it
    back is one. What has expired without being renewed ends where it was paid to. `before`: how its cycles were counted
    earlier.
    """
    calendar, ends_on, zone = _calendar(one, before), usage_ends_on(one), one.zone
    if ends_on is not None and one.billing_ends_on is not None and one.billing_ends_on < ends_on:
        free = (*free, Period(one.billing_ends_on, ends_on))
    if one.state == "expired" and one.paid_through is not None:
        ends_on = one.paid_through if ends_on is None else min(ends_on, one.paid_through)
    start, begin = meter.through, meter.billed_to
    if one.phase_ends_on is not None and one.phase_ends_on > start:
        start = one.phase_ends_on
        begin = start_of(start, zone)
    found: list[Window] = []
    periods = ended_periods(calendar, start, one.target, ends_on)
    for period in periods:
        whole = calendar.cycle_at(period.start)
        found += _stretches(one, period, whole, begin, parts, tariffs, free)
        begin = start_of(period.end, zone)
    through = periods[-1].end if periods else start
    if ends_on is not None and through >= ends_on:
        return found, MovedMeter(max(meter.through, through), max(meter.billed_to, begin), None)
    following = calendar.period_at(through).end
    due_on = following if ends_on is None else min(following, ends_on)
    moved = periods or start > meter.through
    through, begin = (through, begin) if moved and one.target >= start else (meter.through, meter.billed_to)
    return found, MovedMeter(through, begin, due_on)


def current_windows(
    one: Timed, meter: Meter, parts: Sequence[MeteredPart], tariffs: Tariffs, before: Sequence[Former] = ()
) -> list[Window]:
    """The stretches of the period that runs now, up to its end: what allowances and alerts are about."""
    calendar = _calendar(one, before)
    start = max(meter.through, one.phase_ends_on or meter.through)
    day = max(start, one.target)
    running = calendar.period_at(day)
    ends_on = usage_ends_on(one)
    ends = running.end if ends_on is None else min(running.end, ends_on)
    start = max(start, running.start)
    if start >= ends:
        return []
    begin = meter.billed_to if start == meter.through else start_of(start, one.zone)
    whole = calendar.cycle_at(day)
    return list(_stretches(one, Period(start, ends), whole, begin, parts, tariffs))


def usage_ends_on(one: Timed) -> date | None:
    """The first day of which no use is billed: a day on which it was canceled at once is not that yet."""
    ends_on = one.billing_ends_on
    if one.ended_at is None or ends_on is None:
        return ends_on
    return max(ends_on, local_date(one.ended_at, one.zone) + timedelta(days=1))


def _calendar(one: Timed, before: Sequence[Former]) -> Calendar:
    """In periods of usage."""
    return metered_calendar(Calendar(one.anchor, Term.parse(one.term), tuple(before)))


def _stretches(
    one: Timed,
    period: Period,
    whole: Period,
    begin: int,
    parts: Sequence[MeteredPart],
    tariffs: Tariffs,
    free: Sequence[Period] = (),
) -> Iterator[Window]:
    zone = one.zone
    priced = [(part, *tariffs.metered_at(part.price_id, period.start)) for part in parts]
    for start, end, payer, price_id, metered in _tariffs(priced, period, tariffs):
        from_at = begin if start == period.start else start_of(start, zone)
        to_at = start_of(end, zone)
        if one.ended_at is not None:  # what runs on to the end of what is paid is not used any more
            to_at = max(from_at, min(to_at, epoch(one.ended_at)))
        charged = sum(left.days for left in without([Period(start, end)], free))
        span = (start, end, from_at, to_at, charged, whole.days)
        allowance = _allowance(priced, metered.metric_id, Period(start, end), whole)
        yield Window(one.subscription_id, payer.component_id, payer.plan_id, price_id, metered, *span, allowance)


_Priced = tuple[MeteredPart, int, tuple[Metered, ...]]
_Payer = tuple[MeteredPart, int, Metered]
_Tariff = tuple[date, date, MeteredPart, int, Metered]


def _tariffs(priced: Sequence[_Priced], period: Period, tariffs: Tariffs) -> list[_Tariff]:
    """(from, to, who is charged for it, its price and terms) of each metric, by their beginning."""
    parts = [part for part, _, _ in priced]
    edges = {day for part in parts for day in (part.starts_on, part.ends_on) if day is not None and day in period}
    open_ones: dict[int, _Tariff] = {}
    found: list[_Tariff] = []
    for start, end in pairwise(sorted(edges | {period.start, period.end})):
        there = [one for one in priced if _days(one[0], Period(start, end))]
        now = {metered.metric_id: (part, price_id, metered) for part, price_id, metered in _payers(there)}
        for metric_id in open_ones.keys() - now.keys():
            found.append(open_ones.pop(metric_id))
        for metric_id, payer in now.items():
            before = open_ones.get(metric_id)
            if before is not None and _alike(before[2:], payer, tariffs):
                payer = before[2:]  # tiers, packages and a cap go on
            elif before is not None:
                found.append(before)
                before = None
            open_ones[metric_id] = (before[0] if before else start, end, *payer)
    return sorted([*found, *open_ones.values()], key=lambda one: one[0])


def _alike(one: _Payer, other: _Payer, tariffs: Tariffs) -> bool:
    (part, price_id, metered), (its_part, its_price_id, its_metered) = one, other
    taxed = tariffs.taxed_as(part.plan_id, price_id), tariffs.taxed_as(its_part.plan_id, its_price_id)
    return metered == its_metered and taxed[0] == taxed[1]


def _payers(there: Sequence[_Priced]) -> Iterable[_Payer]:
    first: dict[int, _Payer] = {}
    for part, price_id, found in there:
        for metered in found:
            known = first.get(metered.metric_id)
            only_adds = known is not None and known[2].terms.pricing is Pricing.ALLOWANCE
            if known is None or (only_adds and metered.terms.pricing is not Pricing.ALLOWANCE):
                first[metered.metric_id] = part, price_id, metered
    return first.values()


def _allowance(priced: Sequence[_Priced], metric_id: int, stretch: Period, whole: Period) -> int:
    """The steps that all parts include together; a part that takes over from one with the same terms adds its days."""
    met = [(part, metered) for part, _, found in priced for metered in found if metered.metric_id == metric_id]
    rows: list[tuple[date | None, tuple[Metered, int, bool], int]] = []  # (where the last of a row ends, alike, days)
    for part, metered in sorted(met, key=lambda one: one[0].starts_on or date.min):
        days, alike = _days(part, stretch), (metered, part.quantity, part.whole)
        before = next((one for one in rows if part.starts_on and one[:2] == (part.starts_on, alike)), None)
        if before is not None:
            rows.remove(before)
            days += before[2]
        if days:
            rows.append((part.ends_on, alike, days))
    steps = 0
    for _, (metered, quantity, as_whole), days in rows:
        share = 1 if as_whole else Fraction(days, whole.days)
        steps += allowance_steps(metered.terms, metered.decimals, share) * quantity
    return steps


def _days(part: MeteredPart, within: Period) -> int:
    """On how many of the days the part is there."""
    start = within.start if part.starts_on is None else max(within.start, part.starts_on)
    end = within.end if part.ends_on is None else min(within.end, part.ends_on)
    return max((end - start).days, 0)


def whole_in_parts(proration: str) -> bool:
    """A plan that prorates nothing gives the whole allowance for a part of a period too."""
    return ProrationMode(proration) in (ProrationMode.NONE, ProrationMode.EXTEND)


def billed_window(one: BilledRow, part: MeteredPart, metered: Metered, price_id: int) -> Window:
    """What was billed once, to be rated anew because something came late."""
    return Window(
        one.subscription_id, one.component_id, part.plan_id, price_id, metered, one.period_start, one.period_end,
        one.from_at, one.to_at, one.days, one.cycle_days, one.allowance, one.revision + 1, one.billed_minor,
    )  # fmt: skip
