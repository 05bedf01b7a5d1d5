"""A list price and so many percent, in steps in which prices are told."""

import pytest

from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.price_steps import marked_up, parse_mark_up, price_ways


@pytest.mark.parametrize(
    ("listed", "percent", "least", "asked"),
    [
        ("9.99 EUR", 20, "", "12.00 EUR"),  # 11.988
        ("9.99 EUR", -10, "", "9.00 EUR"),  # 8.991
        ("9.99 EUR", 0, "9.99 EUR", "10.00 EUR"),
        ("10.02 EUR", 0, "10.02 EUR", "10.10 EUR"),  # 10.00 would be below the floor
        ("9.99 EUR", -5, "9.50 EUR", "9.50 EUR"),  # 9.4905, of which the floor of 95 % is 9.50
        ("0.00 EUR", 50, "", "0.00 EUR"),
        ("0.03 EUR", 0, "", "0.10 EUR"),  # not for nothing
        ("1600 JPY", 12, "", "1790 JPY"),  # 1792
        ("4.500 KWD", 5, "", "4.700 KWD"),  # 4.725
        ("150000.00 IDR", 1, "", "152000.00 IDR"),  # 151500
        ("5000 XAF", 3, "", "5150 XAF"),
    ],
)
def test_it_is_rounded_to_the_currencys_step(listed, percent, least, asked):
    read = [Money.parse(*one.split()) if one else None for one in (listed, least)]
    assert str(marked_up(read[0], percent * 10_000, read[1])) == asked


def test_less_than_the_floor_is_refused():
    assert marked_up(Money(1000, "EUR"), -200_000, Money(800, "EUR")) == Money(800, "EUR")
    with pytest.raises(InvalidInput, match=r"at least 8\.00 EUR"):
        marked_up(Money(1000, "EUR"), -210_000, Money(800, "EUR"))


@pytest.mark.parametrize(("typed", "ppm"), [("20", 200_000), ("+20", 200_000), ("−2,5", -25_000), (" -99", -990_000)])
def test_a_mark_up_is_read_as_it_is_typed(typed, ppm):
    assert parse_mark_up(typed) == ppm


@pytest.mark.parametrize("typed", ["", "-100", "1001", "5%", "++5", "a lot"])
def test_no_mark_up(typed):
    with pytest.raises(InvalidInput) as refused:
        parse_mark_up(typed)
    assert refused.value.field == "percent"


@pytest.mark.parametrize(
    ("currency", "ways"),
    [
        ("EUR", [(1, 0), (10, 0), (100, 0), (100, 1)]),  # 9.99
        ("JPY", [(1, 0), (10, 0), (100, 0), (100, 1)]),  # 999
        ("KWD", [(1, 0), (100, 0), (1000, 0), (1000, 1)]),  # 9.999
        ("IDR", [(100, 0), (100_000, 0), (1_000_000, 0), (1_000_000, 100)]),  # 99999
        ("BIF", [(1, 0), (10, 0), (10, 1)]),
    ],
)
def test_prices_are_rounded_in_ways_that_the_currency_knows(currency, ways):
    assert price_ways(currency) == ways
