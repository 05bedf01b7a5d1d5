"""Percentages as people type them, in parts per million."""

import pytest

from billhead.domain.errors import InvalidInput
from billhead.domain.percentage import parse_percent


@pytest.mark.parametrize(
    ("typed", "ppm"),
    [("25", 250_000), ("12.5", 125_000), (" -2.5 ", -25_000), ("0.0001", 1), ("٢٥", 250_000), ("10000", 100_000_000)],
)
def test_digits_with_a_dot_are_a_percentage(typed, ppm):
    assert parse_percent(typed) == ppm


@pytest.mark.parametrize("typed", ["", "1e1", "1_0", "+5", "12,5", "NaN", "0.00001", "10000.1", "5%", ".5", "--5"])
def test_nothing_else_is(typed):
    with pytest.raises(InvalidInput, match="is not a percentage") as refused:
        parse_percent(typed, "off")
    assert refused.value.field == "off"
