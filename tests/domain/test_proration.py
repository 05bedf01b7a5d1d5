"""Parts of periods to the cent."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.errors import CurrencyMismatch, InvalidInput
from billhead.domain.money import Money
from billhead.domain.periods import Period, Term, cycle
from billhead.domain.proration import ProrationMode, credit_for_unused, extended, prorate, split_by_days

ACTUAL, FIXED, NONE, EXTEND = ProrationMode


def eur(text):
    return Money.parse(text, "EUR")


def span(start, end):
    return Period(date.fromisoformat(start), date.fromisoformat(end))


JANUARY, FEBRUARY = span("2026-01-01", "2026-02-01"), span("2026-02-01", "2026-03-01")
QUARTER = span("2026-01-01", "2026-04-01")
SUMMER = span("2026-07-01", "2026-10-01")
WEEK = span("2026-01-28", "2026-02-04")


@pytest.mark.parametrize(
    ("mode", "price", "part", "whole", "expected"),
    [
        (ACTUAL, "15.00", span("2026-01-20", "2026-02-01"), JANUARY, "5.81"),  # 15.00 × 12 / 31 = 5.806
        (ACTUAL, "15.00", span("2026-02-20", "2026-03-01"), FEBRUARY, "4.82"),  # 15.00 × 9 / 28 = 4.821
        (ACTUAL, "0.01", span("2026-01-20", "2026-02-01"), JANUARY, "0.00"),  # 0.4 cents
        (ACTUAL, "9.99", span("2026-02-15", "2026-03-01"), FEBRUARY, "5.00"),  # 9.99 × 14 / 28 = 4.995, half-up
        (ACTUAL, "30.00", JANUARY, QUARTER, "10.33"),  # 30.00 × 31 / 90
        (ACTUAL, "7.00", span("2026-01-30", "2026-02-01"), WEEK, "2.00"),
        (FIXED, "15.00", span("2026-01-20", "2026-02-01"), JANUARY, "6.00"),  # 15.00 × 12 / 30
        (FIXED, "15.00", span("2026-02-20", "2026-03-01"), FEBRUARY, "4.50"),  # 15.00 × 9 / 30
        (FIXED, "15.00", span("2026-01-02", "2026-02-01"), JANUARY, "15.00"),  # 30 of 31 days
        (FIXED, "30.00", JANUARY, QUARTER, "10.33"),  # 30.00 × 31 / 90
        (FIXED, "30.00", span("2026-07-02", "2026-10-01"), SUMMER, "30.00"),  # 91 of 92 days, never above the price
        (FIXED, "7.00", span("2026-01-30", "2026-02-01"), WEEK, "2.00"),  # no month in a week: its own 7 days
        (NONE, "15.00", span("2026-01-20", "2026-02-01"), JANUARY, "15.00"),
        (EXTEND, "15.00", span("2026-01-20", "2026-02-01"), JANUARY, "15.00"),
    ],
)
def test_the_price_of_a_part(mode, price, part, whole, expected):
    assert prorate(eur(price), part, whole, mode) == eur(expected)


def test_yen_have_no_cents_and_dinars_have_three():
    half = span("2026-02-15", "2026-03-01")
    assert prorate(Money(1501, "JPY"), half, FEBRUARY, ACTUAL) == Money(751, "JPY")
    assert prorate(Money(1501, "KWD"), half, FEBRUARY, ACTUAL) == Money(751, "KWD")  # 0.751


@pytest.mark.parametrize("mode", list(ProrationMode))
@pytest.mark.parametrize("whole", [JANUARY, FEBRUARY, QUARTER, WEEK])
def test_a_whole_cycle_costs_the_full_price(mode, whole):
    assert prorate(eur("9.99"), whole, whole, mode) == eur("9.99")


def test_a_clamped_month_is_a_month_for_fixed_30_too():
    second = cycle(date(2026, 1, 31), Term("month"), 1)  # 28 February to 31 March
    assert prorate(eur("30.00"), Period(second.start, date(2026, 3, 10)), second, FIXED) == eur("10.00")


def test_a_part_outside_its_cycle_is_refused():
    with pytest.raises(InvalidInput, match="is not inside its cycle"):
        prorate(eur("1.00"), span("2026-01-20", "2026-02-02"), JANUARY, ACTUAL)


def test_extend_gives_the_missing_days_at_the_end():
    assert extended(span("2026-01-20", "2026-02-01"), JANUARY) == span("2026-01-20", "2026-02-20")


def test_pitfall_16_credit_is_on_what_was_billed_after_discount():
    # 20.00 with half off, canceled on the 16th of a month of 30 days: 10.00 × 15 / 30.
    april = span("2026-04-01", "2026-05-01")
    unused = span("2026-04-16", "2026-05-01")
    assert credit_for_unused(eur("10.00"), eur("0.00"), unused, april, ACTUAL) == eur("5.00")


def test_pitfall_17_credit_never_exceeds_what_is_left_on_the_line():
    april, unused = span("2026-04-01", "2026-05-01"), span("2026-04-16", "2026-05-01")
    assert credit_for_unused(eur("10.00"), eur("7.50"), unused, april, ACTUAL) == eur("2.50")
    assert credit_for_unused(eur("10.00"), eur("10.00"), unused, april, ACTUAL) == eur("0.00")
    with pytest.raises(InvalidInput, match="cannot be credited already"):
        credit_for_unused(eur("10.00"), eur("10.01"), unused, april, ACTUAL)
    with pytest.raises(CurrencyMismatch):
        credit_for_unused(eur("10.00"), Money(0, "USD"), unused, april, ACTUAL)


@pytest.mark.parametrize("mode", [NONE, EXTEND])
def test_plans_that_do_not_prorate_give_back_a_whole_period_or_nothing(mode):
    part = span("2026-01-20", "2026-02-01")
    assert credit_for_unused(eur("10.00"), eur("1.00"), part, JANUARY, mode) == eur("0.00")
    assert credit_for_unused(eur("10.00"), eur("1.00"), JANUARY, JANUARY, mode) == eur("9.00")


@st.composite
def parts_of_a_cycle(draw):
    whole = cycle(draw(st.dates(date(2024, 1, 1), date(2027, 12, 31))), Term("month", draw(st.integers(1, 12))), 0)
    cuts = draw(st.sets(st.integers(1, whole.days - 1), max_size=6))
    edges = [whole.start, *(whole.start + timedelta(days=cut) for cut in sorted(cuts)), whole.end]
    return whole, [Period(start, end) for start, end in pairwise(edges)]


@given(st.integers(0, 10**7), parts_of_a_cycle())
def test_parts_sum_to_the_whole(minor, cut):
    whole, parts = cut
    assert sum(part.minor for part in split_by_days(Money(minor, "EUR"), parts)) == minor
    priced = [prorate(Money(minor, "EUR"), part, whole, ACTUAL).minor for part in parts]
    for part, price in zip(parts, priced, strict=True):
        assert abs(price - Fraction(minor * part.days, whole.days)) <= Fraction(1, 2)
    # Each line is rounded by itself, so k lines may differ from the whole by k half minor units and no more.
    assert abs(sum(priced) - minor) <= Fraction(len(parts), 2)


@given(st.integers(0, 10**7), parts_of_a_cycle(), st.sampled_from([ACTUAL, FIXED]))
def test_credits_for_all_parts_give_back_no_more_than_was_billed(minor, cut, mode):
    whole, parts = cut
    credited = Money.zero("EUR")
    for part in parts:
        credited += credit_for_unused(Money(minor, "EUR"), credited, part, whole, mode)
    assert credited <= Money(minor, "EUR")
