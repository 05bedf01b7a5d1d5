"""Parts of periods to the cent."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.periods import Period, Term, cycle
from billhead.domain.proration import ProrationMode, prorate, whole_of

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


@st.composite
def parts_of_a_cycle(draw):
    whole = cycle(draw(st.dates(date(2024, 1, 1), date(2027, 12, 31))), Term("month", draw(st.integers(1, 12))), 0)
    cuts = draw(st.sets(st.integers(1, whole.days - 1), max_size=6))
    edges = [whole.start, *(whole.start + timedelta(days=cut) for cut in sorted(cuts)), whole.end]
    return whole, [Period(start, end) for start, end in pairwise(edges)]


@given(st.integers(0, 10**7), parts_of_a_cycle())
def test_parts_are_half_a_cent_from_their_share_at_most(minor, cut):
    whole, parts = cut
    priced = [prorate(Money(minor, "EUR"), part, whole, ACTUAL).minor for part in parts]
    for part, price in zip(parts, priced, strict=True):
        assert abs(price - Fraction(minor * part.days, whole.days)) <= Fraction(1, 2)
    # Each line is rounded by itself, so k lines may differ from the whole by k half minor units and no more.
    assert abs(sum(priced) - minor) <= Fraction(len(parts), 2)


@given(st.integers(0, 10**7), parts_of_a_cycle(), st.sampled_from(list(ProrationMode)))
def test_the_whole_of_a_part_makes_the_same_part_again(minor, cut, mode):
    whole, (part, *_) = cut
    assert prorate(Money(whole_of(minor, part, whole, mode), "EUR"), part, whole, mode) == Money(minor, "EUR")
