"""Which change of plan is allowed, and when it happens: at once, at the end of the term, or not at all.

Operators write exceptions as rules; the rest follows from what a day costs. Plans of one family can be exchanged, and a
rule opens a way between two families.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from billhead.domain.errors import CurrencyMismatch
from billhead.domain.money import Money
from billhead.domain.periods import Term

__all__ = ["DAYS_A_MONTH", "ChangeRule", "Offering", "When", "allowed_change", "price_per_day"]

DAYS_A_MONTH = Fraction(146097, 4800)
"""400 years of the calendar are 146,097 days."""


class When(StrEnum):
    IMMEDIATE = "immediate"
    END_OF_TERM = "end_of_term"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Offering:
    """One plan for one term, or what a subscription has of it. `amount` is what the whole term costs."""

    plan_id: int
    family: str
    tier: int
    term: Term
    amount: Money


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """What holds for a change between two plans; `term` is the one that is changed to, None: any."""

    from_plan_id: int
    to_plan_id: int
    term: Term | None
    when: When


def price_per_day(amount: Money, term: Term) -> Fraction:
    """Exact minor units a day, a month being as long as an average one: for comparing, never for billing."""
    return amount.minor / (term.days + term.months * DAYS_A_MONTH)


def allowed_change(old: Offering, new: Offering, rules: Iterable[ChangeRule] = (), usual: When | None = None) -> When:
    """When a change from `old` to `new` happens. `usual` is what the old plan says of all changes of plan or term.

    A rule for the term goes before one for any term. Without a rule: never between two families; as is usual; else more
    money a day, or as much for a tier that is not lower, at once; less at the end of the term. What stays the same plan
    and term, with another screen say, goes by money alone. Raises CurrencyMismatch.
    """
    if old.amount.currency != new.amount.currency:
        raise CurrencyMismatch(old.amount.currency, new.amount.currency)
    between = [rule for rule in rules if (rule.from_plan_id, rule.to_plan_id) == (old.plan_id, new.plan_id)]
    for fits in (_is_for(new.term), _is_for(None)):
        for rule in between:
            if fits(rule):
                return rule.when
    if old.family != new.family:
        return When.FORBIDDEN
    if usual is not None and not (old.plan_id == new.plan_id and _as_long(old.term, new.term)):
        return usual
    before, after = price_per_day(old.amount, old.term), price_per_day(new.amount, new.term)
    up = (after, new.tier) >= (before, old.tier)
    return When.IMMEDIATE if up else When.END_OF_TERM


def _is_for(term: Term | None) -> Callable[[ChangeRule], bool]:
    if term is None:
        return lambda rule: rule.term is None
    return lambda rule: rule.term is not None and _as_long(rule.term, term)


def _as_long(one: Term, other: Term) -> bool:
    """12 months are a year."""
    return (one.months, one.days) == (other.months, other.days)
