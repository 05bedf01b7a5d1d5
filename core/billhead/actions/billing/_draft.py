"""What a document says before invoice rules, tax and credit: the periods that are due, and a line for each part."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol

from billhead.actions.billing._catalogue import Catalogue, PlanTerms, PriceTerms
from billhead.actions.billing._coupons import take_off
from billhead.actions.billing._rated import Advance, Buyer, CouponUsed, DueItem, LineDetail, Part, Redeemed, Share
from billhead.actions.billing._stated import stated
from billhead.actions.billing._taxing import TaxedAmount
from billhead.actions.usage._shapes import UsageTaken
from billhead.domain.discounts import Charge, whole_after
from billhead.domain.due import days_ahead, due_periods, offered_on
from billhead.domain.errors import CurrencyMismatch, InvalidInput
from billhead.domain.money import Money
from billhead.domain.owed import Cycle, owed
from billhead.domain.periods import Period, Term, anchor_from, anchor_on_day, cycle, cycle_index, cycle_start, without
from billhead.domain.proration import ProrationMode, mode_of, prorate
from billhead.domain.state import next_state
from billhead.domain.subscription import TRANSITIONS, Event, State

__all__ = [
    "BilledKey",
    "Bridge",
    "Draft",
    "DraftedLine",
    "as_of",
    "bill",
    "comes_within",
    "draft_due",
    "inclusive_of_tax",
    "lead_time",
    "next_period_minor",
    "order_lines",
    "part_line",
    "renewed_next",
    "set_up_lines",
    "whole_price",
]


BilledKey = tuple[int | None, str, date]
"""Component, kind and first day: together with a revision, what is billed once."""


class DraftedLine(NamedTuple):
    """`amount_minor` is net or gross, as the price book has it."""

    component_id: int | None
    price_id: int | None
    plan_id: int | None
    kind: str
    description: str
    term: str
    period_start: date | None
    period_end: date | None
    quantity: int
    unit_minor: int
    amount_minor: int
    tax_class: str
    detail: LineDetail | None = None
    given: TaxedAmount | None = None  # what is given back has the tax that it had


class Draft(NamedTuple):
    """`kind` as in Rated; `due_on` only where the terms of the seller don't decide it.

    `may_return`: below zero it becomes a credit note, of `corrects_id` if that is one document. `shares` as in Rated.
    `charged`: a proforma for which the saved method is used. `mixed`: some of its prices are with tax, some without.
    `used_keys`: how often the days of a subscription that is brought in line were billed, for the revision of what
    rules add to them.
    """

    kind: str
    currency: str
    lines: tuple[DraftedLine, ...]
    tax_inclusive: bool
    advance: Advance | None
    due_on: date | None = None
    may_return: bool = False
    corrects_id: int | None = None
    shares: tuple[Share, ...] = ()
    used: tuple[CouponUsed, ...] = ()
    usage: tuple[UsageTaken, ...] = ()
    charges: tuple[int, ...] = ()  # entitlements
    charged: bool = False
    mixed: bool = False
    used_keys: Mapping[BilledKey, int] | None = None


class Asked(Protocol):
    """What pricing wants to know of a subscription, or of an order that becomes one."""

    @property
    def term(self) -> str: ...

    @property
    def currency(self) -> str: ...

    @property
    def redeemed(self) -> tuple[Redeemed, ...]: ...


class Bridge(NamedTuple):
    """An order whose first period is a part: the days until the account's billing day, of the whole cycle."""

    term: str
    currency: str
    redeemed: tuple[Redeemed, ...]
    period: Period
    whole: Period


class _Span(NamedTuple):
    """A period that is due and the whole cycle that it lies in."""

    period: Period
    cycle: Period


def draft_due(item: DueItem, catalogue: Catalogue, buyer: Buyer, offered: bool) -> Draft:
    """The draft for what is due of a subscription. The customer's zone of now holds from the next period on."""
    if catalogue.sellers[item.seller_id].offers(item.collection, item.timing):
        return _offer(item, catalogue, buyer, offered)
    return bill(item, catalogue, buyer.zone)


def order_lines(
    parts: Sequence[Part], catalogue: Catalogue, currency: str, phase: str, bridge: Bridge | None = None
) -> tuple[DraftedLine, ...]:
    """The lines of a first order: set-up, then the trial or the first term, or what is sold once. No periods yet.

    `bridge`: only the part of a term until the account's billing day.
    """
    lines: list[DraftedLine] = []
    for part in parts:
        price = _price(part, catalogue, currency)
        if phase == "trial" and price.term:
            # What has no trial price of its own comes with the trial and is charged from its end on.
            if price.trial_term:
                lines.append(_line(part, catalogue, "trial", price.trial_term, price.trial_minor))
            continue
        if price.setup_minor:
            lines.append(_line(part, catalogue, "setup", "", price.setup_minor))
        if price.term and bridge is not None:
            line = _cycle_line(part, catalogue, bridge, bridge.period, bridge.whole)
        else:
            kind = "recurring" if price.term else "one_off"
            line = _line(part, catalogue, kind, price.term, price.amount_minor)
        lines.append(_without_period(line))
    return tuple(lines)


def inclusive_of_tax(parts: Sequence[Part], catalogue: Catalogue) -> bool:
    """What is ordered together has prices with tax or without, never both."""
    found = {catalogue.prices[part.price_id].tax_inclusive for part in parts}
    if len(found) > 1:
        raise InvalidInput("price", "prices with and without tax can't stand on one document")
    return found.pop() if found else False


def _offer(item: DueItem, catalogue: Catalogue, buyer: Buyer, offered: bool) -> Draft:
    """A proforma: a term without a period. The subscription is not looked at again until somebody has paid it.

    What costs nothing needs nobody to pay it: it goes on by an invoice over 0.00.
    """
    length = _parsed(item.term)
    anchor, whole, end = _follows(item, length, buyer.billing_day, catalogue.plans[item.plan_id].renewal_from)
    parts = [part for part in item.parts if (part.starts_on or end) <= end < (part.ends_on or date.max)]
    over = item.billing_ends_on is not None and item.billing_ends_on <= end
    advance = _as_it_is(item, None)
    if offered or over or not parts:
        return Draft("", item.currency, (), False, advance)
    ends = [day for day in (item.billing_ends_on, *(part.ends_on for part in parts)) if day is not None]
    period = Period(end, min([whole.end, *ends]))
    lines = tuple(_offered_lines(item, parts, catalogue, period, whole))
    inclusive, mixed = stated(lines, catalogue.prices)
    if not sum([line.amount_minor for line in take_off(lines, item.redeemed)[0]]):
        cheaper, used = take_off(lines, item.redeemed)
        lead = lead_time(catalogue.plans[item.plan_id], item.term, catalogue.sellers[item.seller_id].lead_days)
        next_bill_on = None if period.end == item.billing_ends_on else offered_on(period, lead.days)
        advance = _moved_on(item, anchor, period.end, next_bill_on, buyer.zone, period.end)
        return Draft("invoice", item.currency, cheaper, inclusive, advance, used=used, mixed=mixed)
    cheaper, used = take_off(tuple([_without_period(line) for line in lines]), item.redeemed)
    charged = item.collection != "manual"
    return Draft("proforma", item.currency, cheaper, inclusive, advance, end, used=used, charged=charged, mixed=mixed)


def _follows(item: DueItem, length: Term, billing_day: int | None, renewal_from: str) -> tuple[date, Period, date]:
    """What is renewed next: its anchor, the whole cycle, and the first day of it.

    An account's billing day is kept: what was paid up to another day goes on as the part of a cycle until it.
    """
    start = item.paid_through or item.target
    anchor = anchor_on_day(item.anchor, length, billing_day, start)
    return anchor, *renewed_next(anchor, length, start, item.target, renewal_from)


def renewed_next(anchor: date, length: Term, start: date, today: date, renewal_from: str) -> tuple[Period, date]:
    """The whole cycle, and the first day of it that is renewed. Where the part that goes on from `start` is over by
    now, and days that have passed are not paid for, it is the part that is left today."""
    whole = cycle(anchor, length, cycle_index(anchor, length, start))
    if whole.start < start and whole.end <= today and renewal_from != "expiry":
        return cycle(anchor, length, cycle_index(anchor, length, today)), today
    return whole, start


def _offered_lines(
    item: DueItem, parts: Sequence[Part], catalogue: Catalogue, period: Period, whole: Period
) -> Iterator[DraftedLine]:
    for part in parts:
        part = as_of(part, catalogue, period.start)
        if item.phase == "trial" or comes_within(part, item, period):
            yield from set_up_lines(part, catalogue, item, period)
        yield _cycle_line(part, catalogue, item, period, whole)


def next_period_minor(item: DueItem, catalogue: Catalogue, start: date) -> int:
    """What a whole period that begins on this day costs, less what coupons still give; as the price book has it.
    No set-up."""
    period = cycle(start, _parsed(item.term), 0)
    parts = [part for part in item.parts if (part.starts_on or start) <= start < (part.ends_on or date.max)]
    dated = [as_of(part, catalogue, start) for part in parts]
    lines = tuple([_cycle_line(part, catalogue, item, period, period) for part in dated])
    return sum([line.amount_minor for line in take_off(lines, item.redeemed)[0]])


def _without_period(line: DraftedLine) -> DraftedLine:
    return line._replace(period_start=None, period_end=None)


def bill(item: DueItem, catalogue: Catalogue, zone: str) -> Draft:
    """The periods that are due by the calendar, as an invoice."""
    start = _starts(item)
    arrears, ends_on, anchor = item.timing == "arrears", item.billing_ends_on, item.anchor
    plan = catalogue.plans[item.plan_id]
    lead = timedelta(0) if arrears or item.phase == "trial" or not plan.lead_days else lead_time(plan, item.term, 0)
    if plan.proration == ProrationMode.EXTEND:
        anchor = _anchor_extended(anchor, item.term, start)
    spans = _spans(anchor, item.term, start, item.target + lead, ends_on, arrears)
    end = spans[-1].period.end if spans else start
    next_bill_on = _next(anchor, item.term, end, ends_on, arrears)
    if lead and next_bill_on is not None:
        next_bill_on -= lead
    if not spans:
        return Draft("", item.currency, (), False, _as_it_is(item, next_bill_on))
    lines, used = take_off(tuple(_span_lines(item, catalogue, spans)), item.redeemed)
    expires_on = next_bill_on or end if arrears else end
    advance = _moved_on(item, anchor, end, next_bill_on, zone, expires_on)
    kind = "invoice" if lines else ""
    # what is billed before its period begins is due when that begins
    due_on = spans[0].period.start if lead and spans[0].period.start > item.target else None
    inclusive, mixed = stated(lines, catalogue.prices)
    return Draft(kind, item.currency, lines, inclusive, advance, due_on, used=used, mixed=mixed)


def lead_time(plan: PlanTerms, term: str, otherwise: int) -> timedelta:
    """How long before it begins a period is billed: the plan's days for that term, but always less than one term."""
    return timedelta(days=days_ahead(plan.lead(term, otherwise), _parsed(term)))


def _moved_on(
    item: DueItem, anchor: date, end: date, next_bill_on: date | None, zone: str, expires_on: date
) -> Advance:
    state = item.state
    if state == State.TRIAL:
        state = next_state(TRANSITIONS, State.TRIAL, Event.ACTIVATE).value
    return Advance(
        anchor, state, "recurring", item.phase_ends_on, end, item.paid_through, next_bill_on, zone, expires_on
    )


def _starts(item: DueItem) -> date:
    """The first day that is not billed yet."""
    starts_on = item.started_on
    if item.phase == "trial":
        if item.phase_ends_on is None:
            raise InvalidInput("phase_ends_on", "a trial needs the day on which it ends")
        starts_on = item.phase_ends_on
    return starts_on if item.billed_through is None else max(item.billed_through, starts_on)


def _as_it_is(item: DueItem, next_bill_on: date | None) -> Advance:
    return Advance(
        item.anchor,
        item.state,
        item.phase,
        item.phase_ends_on,
        item.billed_through,
        item.paid_through,
        next_bill_on,
        item.zone,
        None,
    )


# Thousands of subscriptions share their dates, so the calendar is worked out once for all of them.
_parsed = lru_cache(maxsize=256)(Term.parse)


@lru_cache(maxsize=65536)
def _spans(
    anchor: date, term: str, start: date, target: date, ends_on: date | None, arrears: bool
) -> tuple[_Span, ...]:
    length = _parsed(term)
    periods = due_periods(anchor, length, None, target, starts_on=start, ends_on=ends_on, arrears=arrears)
    return tuple(_Span(period, cycle(anchor, length, cycle_index(anchor, length, period.start))) for period in periods)


@lru_cache(maxsize=65536)
def _next(anchor: date, term: str, end: date, ends_on: date | None, arrears: bool) -> date | None:
    if ends_on is not None and end >= ends_on:
        return None
    if not arrears:
        return end
    length = _parsed(term)
    following = cycle_start(anchor, length, cycle_index(anchor, length, end) + 1)
    return following if ends_on is None else min(following, ends_on)


def _anchor_extended(anchor: date, term: str, start: date) -> date:
    """Where missing days are added at the end, a part period becomes a whole one that starts a new count."""
    return anchor_from(anchor, _parsed(term), start)


def _span_lines(item: DueItem, catalogue: Catalogue, spans: Sequence[_Span]) -> Iterator[DraftedLine]:
    # the day after a trial is the first one also where a draft over it came to nothing
    first = item.billed_through is None or item.phase == "trial" or item.billed_through == item.phase_ends_on
    for span in spans:
        start, end = span.period.start, span.period.end
        for part in item.parts:
            starts = start if part.starts_on is None else max(start, part.starts_on)
            ends = end if part.ends_on is None else min(end, part.ends_on)
            if starts >= ends:
                continue
            part = as_of(part, catalogue, span.cycle.start)
            price = _price(part, catalogue, item.currency)
            _same_term(item, price)
            if first or comes_within(part, item, span.period):
                yield from set_up_lines(part, catalogue, item, Period(starts, ends))
            if any(Period(starts, ends).overlap(one) for one in item.free):
                yield from _watched(part, catalogue, item, Period(starts, ends), span.cycle)
            elif starts == span.cycle.start and ends == span.cycle.end:
                yield _line(part, catalogue, "recurring", item.term, price.amount_minor, starts, ends)
            else:
                yield _cycle_line(part, catalogue, item, Period(starts, ends), span.cycle)
        first = False


def _watched(part: Part, catalogue: Catalogue, item: DueItem, period: Period, whole: Period) -> Iterator[DraftedLine]:
    """The days of a cycle that were watched, a line for each stretch; together they cost what so many days do."""
    days, mode = without([period], item.free), mode_of(catalogue.plans[part.plan_id].proration, item.term)
    minor, told = whole_price(part, catalogue, item, whole, whole), 0
    for count, stretch in enumerate(days, 1):
        costs = owed(Cycle(whole, minor, days[:count], mode))
        yield part_line(part, catalogue, item, stretch, whole, minor, costs - told)
        told = costs


def comes_within(part: Part, item: DueItem, period: Period) -> bool:
    """Whether an add-on was added in this period, which costs its set-up. Another quantity or price of what was there
    costs none, and neither does another plan: it takes the place of one that was set up."""
    if part.kind == "plan" or part.starts_on is None or part.starts_on not in period:
        return False
    return part.component_id == next(one.component_id for one in item.parts if one.plan_id == part.plan_id)


def set_up_lines(part: Part, catalogue: Catalogue, item: Asked, period: Period) -> Iterator[DraftedLine]:
    """The set-up of what begins with the period; none where it has no fee."""
    price = _price(part, catalogue, item.currency)
    if price.setup_minor:
        yield _line(part, catalogue, "setup", "", price.setup_minor, period.start, period.end)


def _cycle_line(part: Part, catalogue: Catalogue, item: Asked, period: Period, whole: Period) -> DraftedLine:
    """The line of a cycle, or of some days of it."""
    price = _price(part, catalogue, item.currency)
    if period == whole:
        _same_term(item, price)
        return _line(part, catalogue, "recurring", item.term, price.amount_minor, period.start, period.end)
    mode = mode_of(catalogue.plans[part.plan_id].proration, item.term)
    whole_minor = whole_price(part, catalogue, item, whole, period)
    amount = prorate(Money(whole_minor, price.currency), period, whole, mode).minor
    return part_line(part, catalogue, item, period, whole, whole_minor, amount)


def as_of(part: Part, catalogue: Catalogue, cycle_start: date) -> Part:
    """The part at the price that holds for a cycle which begins then."""
    price_id = catalogue.price_at(part.price_id, cycle_start)
    return part if price_id == part.price_id else part._replace(price_id=price_id)


def whole_price(part: Part, catalogue: Catalogue, item: Asked, whole: Period, days: Period) -> int:
    """What a whole cycle of the part costs, of which only some days are billed: after the percentages that hold in
    those. In minor units, as the price book has it.
    """
    price = _price(part, catalogue, item.currency)
    _same_term(item, price)
    minor = price.amount_minor * part.quantity
    if not item.redeemed:
        return minor
    return _after_coupons(part, item, minor, whole, days)[0]


def _after_coupons(part: Part, item: Asked, minor: int, whole: Period, days: Period) -> tuple[int, str]:
    charge = Charge(part.plan_id, item.term, minor, (whole.start, whole.end), days=(days.start, days.end))
    return whole_after(charge, [one.coupon for one in item.redeemed])


def part_line(
    part: Part, catalogue: Catalogue, item: Asked, period: Period, whole: Period, whole_minor: int, amount: int
) -> DraftedLine:
    """A line for some days of a cycle, or for what was missing of them, which remembers the cycle and its price."""
    price = _price(part, catalogue, item.currency)
    line = _line(part, catalogue, "recurring", item.term, price.amount_minor, period.start, period.end)
    is_whole = (period, amount) == (whole, whole_minor)
    detail = None if is_whole else LineDetail(cycle=(whole.start, whole.end), cycle_minor=whole_minor)
    if whole_minor < line.amount_minor and item.redeemed:
        detail = _discounted_part(part, catalogue, item, line, whole, amount, detail or LineDetail())
    return line._replace(amount_minor=amount, detail=detail)


def _discounted_part(
    part: Part, catalogue: Catalogue, item: Asked, line: DraftedLine, whole: Period, amount: int, detail: LineDetail
) -> LineDetail:
    assert line.period_start is not None, "a part has days"
    assert line.period_end is not None, "a part has days"
    mode = mode_of(catalogue.plans[part.plan_id].proration, item.term)
    days = Period(line.period_start, line.period_end)
    undiscounted = prorate(Money(line.amount_minor, item.currency), days, whole, mode).minor
    _, code = _after_coupons(part, item, line.amount_minor, whole, days)
    return detail._replace(discount_minor=max(undiscounted - amount, 0), discount_code=code)


def _price(part: Part, catalogue: Catalogue, currency: str) -> PriceTerms:
    price = catalogue.prices[part.price_id]
    if price.currency != currency:
        raise CurrencyMismatch(currency, price.currency)
    return price


def _same_term(item: Asked, price: PriceTerms) -> None:
    if price.term != item.term and (not price.term or _parsed(price.term) != _parsed(item.term)):
        raise InvalidInput("price", f"it is for {price.term or 'one time'}, the subscription for {item.term}")


def _line(
    part: Part,
    catalogue: Catalogue,
    kind: str,
    term: str,
    unit_minor: int,
    start: date | None = None,
    end: date | None = None,
) -> DraftedLine:
    plan = catalogue.plans[part.plan_id]
    return DraftedLine(
        part.component_id,
        part.price_id,
        part.plan_id,
        kind,
        plan.name,
        term,
        start,
        end,
        part.quantity,
        unit_minor,
        unit_minor * part.quantity,
        plan.tax_class,
    )
