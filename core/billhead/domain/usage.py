"""What the use of a metric costs, as it is agreed: five ways to price it, allowances, minimum and cap.

Quantities are whole steps: a metric with two decimals counts hundredths of its unit. Prices may be far below a cent.
What some steps come to is in `usage_charge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import pairwise
from typing import Any

from billhead.domain.calendar import Calendar
from billhead.domain.counted import counted
from billhead.domain.errors import InvalidInput
from billhead.domain.money import exact, exponent
from billhead.domain.periods import Term

__all__ = [
    "LARGEST_QUANTITY",
    "MOST_DECIMALS",
    "Aggregation",
    "Pricing",
    "UsageTerms",
    "UsageTier",
    "metered_calendar",
    "metered_term",
    "parse_quantity",
    "plain_terms",
    "shown_quantity",
    "terms_from",
]

LARGEST_QUANTITY = 10**12
"""Of one event, in steps. More is a wrong unit or a broken counter."""
MOST_DECIMALS = 6
_MOST_DIGITS = 18


class Aggregation(StrEnum):
    """What the events of a period come to: how many, their sum, the highest, or how many different items."""

    COUNT = "count"
    SUM = "sum"
    MAX = "max"
    UNIQUE = "unique"


class Pricing(StrEnum):
    """STANDARD: a price for every `per` units, the last of them in part. GRADUATED: each tier's units at its own price.
    VOLUME: all units at the price of the tier that the whole falls into. PACKAGE: packages of `per` units, and one that
    is begun counts whole. PERCENTAGE: a share of each event's amount. ALLOWANCE: nothing; it adds to what is included.
    """

    STANDARD = "standard"
    GRADUATED = "graduated"
    VOLUME = "volume"
    PACKAGE = "package"
    PERCENTAGE = "percentage"
    ALLOWANCE = "allowance"


@dataclass(frozen=True, slots=True)
class UsageTier:
    """`up_to` is the last unit of the tier (None: no end), `unit` the price of `per` units, `flat` what its first unit
    costs on top; both in major units of the currency."""

    up_to: Decimal | None
    unit: Decimal
    flat: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class UsageTerms:
    """One metric's price. Amounts are in major units and may be below a cent.

    `included` units a period cost nothing: for all lines of a subscription together, or (`shared` false) for each.
    `minimum` and `cap` bound what a period costs. `percent` of each event's amount, plus `event_fee`, is kept between
    `event_min` and `event_max`.
    """

    pricing: Pricing
    currency: str
    tiers: tuple[UsageTier, ...] = ()
    per: Decimal = Decimal(1)
    percent: Decimal = Decimal(0)
    event_fee: Decimal = Decimal(0)
    event_min: Decimal = Decimal(0)
    event_max: Decimal | None = None
    included: Decimal = Decimal(0)
    shared: bool = True
    minimum: Decimal = Decimal(0)
    cap: Decimal | None = None

    def __post_init__(self) -> None:
        exponent(self.currency)
        amounts = ("per", "percent", "event_fee", "event_min", "event_max", "included", "minimum", "cap")
        for name in amounts:
            value = getattr(self, name)
            if value is not None and exact(value, name) < 0:
                raise InvalidInput(name, f"{value} is below zero")
        if not self.per:
            raise InvalidInput("per", "a price for no units at all charges nothing", hint="Write 1, or how many.")
        if self.cap is not None and self.cap < self.minimum:
            raise InvalidInput("cap", f"{self.cap} is less than the minimum {self.minimum}")
        _check_tiers(self.pricing, self.tiers)
        if self.pricing is Pricing.PERCENTAGE:
            _check_percentage(self)
        elif self.percent or self.event_fee or self.event_min or self.event_max is not None:
            raise InvalidInput("percent", "belongs to percentage prices only")


def _check_tiers(pricing: Pricing, tiers: tuple[UsageTier, ...]) -> None:
    if pricing in (Pricing.PERCENTAGE, Pricing.ALLOWANCE):
        if tiers:
            raise InvalidInput("tiers", f"{pricing} has none")
        return
    if not tiers:
        raise InvalidInput("tiers", "there is no price")
    if pricing in (Pricing.STANDARD, Pricing.PACKAGE) and len(tiers) > 1:
        raise InvalidInput("tiers", f"{pricing} has one price", hint="Use graduated or volume for several.")
    for tier in tiers:
        if exact(tier.unit, "unit") < 0 or exact(tier.flat, "flat") < 0:
            raise InvalidInput("tiers", "a price is below zero")
    ends = [tier.up_to for tier in tiers]
    if ends[-1] is not None or None in ends[:-1]:
        raise InvalidInput("tiers", "the last tier, and no other, has no end")
    if any(exact(end or Decimal(0), "up_to") <= 0 for end in ends[:-1]):
        raise InvalidInput("tiers", "a tier ends above zero")
    if any(later is not None and earlier is not None and later <= earlier for earlier, later in pairwise(ends)):
        raise InvalidInput("tiers", "must rise: each ends above the one before it")


def _check_percentage(terms: UsageTerms) -> None:
    if terms.included:
        raise InvalidInput("included", "a share of an amount has no included units")
    if terms.percent > 100 or (terms.percent * 10_000) % 1:
        raise InvalidInput("percent", f"{terms.percent} is not a percentage of up to four decimals")
    if terms.event_max is not None and terms.event_max < terms.event_min:
        raise InvalidInput("event_max", f"{terms.event_max} is less than the least fee {terms.event_min}")


def terms_from(plain: Mapping[str, Any]) -> UsageTerms:
    """From the catalogue's JSON, where numbers are texts; names the field of what does not fit."""
    known = {field.name for field in fields(UsageTerms)}
    if unknown := sorted(plain.keys() - known):
        raise InvalidInput(unknown[0], "is no part of a usage price")
    values: dict[str, Any] = {
        name: value if isinstance(value, bool) or value is None or name == "currency" else number(value, name)
        for name, value in plain.items()
        if name not in ("pricing", "tiers")
    }
    try:
        pricing = Pricing(plain.get("pricing", ""))
    except ValueError:
        known_ones = ", ".join(Pricing)
        raise InvalidInput("pricing", f"{plain.get('pricing')!r} is not known", hint=f"Use {known_ones}.") from None
    return UsageTerms(pricing, tiers=tuple(_tier(one) for one in plain.get("tiers", ())), **values)


def _tier(plain: Mapping[str, Any]) -> UsageTier:
    end = plain.get("up_to")
    return UsageTier(
        None if end is None else number(end, "up_to"),
        number(plain.get("unit", "0"), "unit"),
        number(plain.get("flat", "0"), "flat"),
    )


def number(text: object, field: str) -> Decimal:
    """A finite decimal from its text; a float is refused, since what was meant can't be told, and so is "1_000", which
    Python alone takes for a thousand."""
    odd = isinstance(text, bool) or (isinstance(text, str) and "_" in text)
    try:
        found = Decimal(text) if isinstance(text, str | int | Decimal) and not odd else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        raise InvalidInput(field, f"{text!r} is not a number", hint='Write it in quotes, like "0.004".')
    if found.adjusted() >= _MOST_DIGITS or int(found.as_tuple().exponent) < -_MOST_DIGITS:
        raise InvalidInput(field, f"{text} is out of any range that is used here")
    return found


def plain_terms(terms: UsageTerms) -> dict[str, Any]:
    """As it is stored: texts for numbers, and what differs from the defaults only."""
    plain: dict[str, Any] = {"pricing": terms.pricing.value, "currency": terms.currency}
    if terms.tiers:
        plain["tiers"] = [_plain_tier(tier) for tier in terms.tiers]
    for field in fields(UsageTerms):
        value = getattr(terms, field.name)
        if field.name not in ("pricing", "currency", "tiers") and value != field.default:
            plain[field.name] = value if isinstance(value, bool) else f"{value:f}"
    return plain


def _plain_tier(tier: UsageTier) -> dict[str, str]:
    plain = {"unit": f"{tier.unit:f}"}
    if tier.up_to is not None:
        plain["up_to"] = f"{tier.up_to:f}"
    if tier.flat:
        plain["flat"] = f"{tier.flat:f}"
    return plain


def metered_term(term: str) -> Term:
    """How long a period of usage is: a cycle of the subscription, but a month where that has several (or is a year)."""
    whole = Term.parse(term)
    return Term("month") if whole.months > 1 else whole


def metered_calendar(calendar: Calendar) -> Calendar:
    """The same, counted in periods of usage."""
    before = tuple(replace(one, term=metered_term(str(one.term))) for one in calendar.before)
    return Calendar(calendar.anchor, metered_term(str(calendar.term)), before)


def parse_quantity(value: object, decimals: int) -> int:
    """Whole steps of an event's quantity. Refuses NaN, what is below zero, too large, or finer than the metric."""
    step = int(10**decimals)
    if type(value) is int and 0 <= value <= LARGEST_QUANTITY // step:
        return value * step
    found = number(value, "quantity")
    if found < 0:
        raise InvalidInput("quantity", f"{value} is below zero", hint="Correct an event by its id instead.")
    if found > LARGEST_QUANTITY // step:
        raise InvalidInput("quantity", f"{value} is too large for one event")
    steps = found.scaleb(decimals)
    if steps != steps.to_integral_value():
        finer = counted(
            decimals, f"{value} has more than {decimals} decimal", f"{value} has more than {decimals} decimals"
        )
        raise InvalidInput("quantity", finer)
    return int(steps)


def shown_quantity(steps: int, decimals: int) -> str:
    """Steps as people read them: 1234.5 with one decimal, without zeros at the end."""
    text = f"{Decimal(steps).scaleb(-decimals):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
