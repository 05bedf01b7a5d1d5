"""Money: exact parsing and printing, no silent conversion, and parts that always add up to the whole."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.errors import CurrencyMismatch, InvalidInput
from billhead.domain.money import CREDITS, EXPONENTS, LARGEST_MINOR, Money, Rounding, UnitPrice, exponent, round_ratio

amounts = st.integers(min_value=-(10**12), max_value=10**12)
weights = st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=30).filter(any)


def eur(text):
    return Money.parse(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "minor", "printed"),
    [
        ("12.5", "EUR", 1250, "12.50 EUR"),
        (" 12 ", "EUR", 1200, "12.00 EUR"),
        ("-0.05", "EUR", -5, "-0.05 EUR"),
        ("+3.10", "EUR", 310, "3.10 EUR"),
        ("0", "EUR", 0, "0.00 EUR"),
        ("1500", "JPY", 1500, "1500 JPY"),
        ("4.25", "KWD", 4250, "4.250 KWD"),
        ("1.2345", "CLF", 12345, "1.2345 CLF"),
        ("0.5", CREDITS, 50, "0.50 XCR"),
    ],
)
def test_parse_and_print(text, currency, minor, printed):
    money = Money.parse(text, currency)
    assert money == Money(minor, currency)
    assert str(money) == printed


@pytest.mark.parametrize(
    "text", ["", "abc", "1,50", "1.", ".5", "1e9", "NaN", "inf", "12.505", "1 000", "--1", "३", "9" * 19, None, 12]
)
def test_what_is_not_an_amount_is_refused(text):
    with pytest.raises(InvalidInput, match="amount"):
        Money.parse(text, "EUR")


def test_twelve_point_five_hundred_might_mean_thousands_and_yen_have_no_sen():
    with pytest.raises(InvalidInput, match=r"more decimals than EUR has \(2\)"):
        Money.parse("12.500", "EUR")
    with pytest.raises(InvalidInput, match=r"more decimals than JPY has \(0\)"):
        Money.parse("500.0", "JPY")


def test_arabic_and_persian_digits_are_digits_and_credits_have_no_code():
    assert Money.parse("١٢٫٥٠", "EUR") == Money(1250, "EUR")
    assert Money.parse(" ۷۲.۵ ", "XCR") == Money(7250, "XCR")
    with pytest.raises(InvalidInput, match=r"^amount: '0\.001' has more decimals than credits have \(2\)$"):
        Money.parse("0.001", "XCR")


@pytest.mark.parametrize("minor", [True, 1.0, float("nan"), Decimal("1"), "1", None, 2**63, -(2**63)])
def test_only_whole_minor_units_that_can_be_stored(minor):
    with pytest.raises(InvalidInput, match="amount"):
        Money(minor, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EU", "", "DEM", "XXX", None, ["EUR"]])
def test_unknown_currencies_are_refused(currency):
    with pytest.raises(InvalidInput, match="is not a currency"):
        exponent(currency)


def test_the_table_of_exponents():
    by_digits = {digits: {code for code in EXPONENTS if EXPONENTS[code] == digits} for digits in EXPONENTS.values()}
    zero = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    assert by_digits[0] == set(zero.split())
    assert by_digits[3] == {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
    assert by_digits[4] == {"CLF", "UYW"}
    assert {"EUR", "USD", "MGA", "MRU", "HUF", "XCG", "ZWG", CREDITS} <= by_digits[2]
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)


def test_sums_stay_in_one_currency():
    assert eur("10.00") + eur("2.50") - eur("0.01") == eur("12.49")
    assert -eur("1.00") == Money(-100, "EUR")
    assert abs(Money(-5, "EUR")) == Money(5, "EUR")
    assert Money.total([], "EUR") == Money.zero("EUR")
    assert Money.total([eur("1.10"), eur("2.20")], "EUR") == eur("3.30")
    for mix in (
        lambda: eur("1") + Money(1, "USD"),
        lambda: eur("1") - Money(1, "USD"),
        lambda: eur("1") < Money(1, "USD"),
        lambda: eur("1") >= Money(1, "USD"),
    ):
        with pytest.raises(CurrencyMismatch, match="expected EUR, got USD"):
            mix()
    assert Money(1, "EUR") != Money(1, "USD")


def test_order_within_a_currency():
    assert eur("1.00") < eur("1.01") <= eur("1.01") < eur("2.00")
    assert max(eur("3.00"), eur("10.00")) == eur("10.00")
    assert not eur("0.00")
    assert eur("0.01")
    with pytest.raises(TypeError):
        _ = eur("1.00") > 0
    with pytest.raises(TypeError):
        _ = eur("1.00") + 1


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        # −2.5 −1.5 −0.5 −0.25 0.25 0.5 0.75 1.5 2.5
        (Rounding.HALF_UP, [-3, -2, -1, 0, 0, 1, 1, 2, 3]),
        (Rounding.HALF_EVEN, [-2, -2, 0, 0, 0, 0, 1, 2, 2]),
        (Rounding.UP, [-3, -2, -1, -1, 1, 1, 1, 2, 3]),
        (Rounding.DOWN, [-2, -1, 0, 0, 0, 0, 0, 1, 2]),
    ],
)
def test_rounding_modes(rounding, expected):
    quarters = [-10, -6, -2, -1, 1, 2, 3, 6, 10]
    assert [round_ratio(quarter, 4, rounding) for quarter in quarters] == expected
    assert [round_ratio(quarter, 4, rounding.value) for quarter in quarters] == expected  # as a setting stores it


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.sampled_from(list(Rounding)))
def test_rounding_agrees_with_decimal(numerator, denominator, rounding):
    names = {"up": "ROUND_UP", "down": "ROUND_DOWN", "half_up": "ROUND_HALF_UP", "half_even": "ROUND_HALF_EVEN"}
    twentieth = Fraction(numerator, denominator).limit_denominator(20)
    by_decimal = (Decimal(twentieth.numerator) / Decimal(twentieth.denominator)).quantize(
        Decimal(1), rounding=names[rounding.value]
    )
    assert round_ratio(twentieth.numerator, twentieth.denominator, rounding) == int(by_decimal)


def test_times_takes_exact_factors_only():
    assert eur("9.99").times(Decimal("0.333"), Rounding.HALF_UP) == eur("3.33")  # 3.32667
    assert eur("9.99").times(Fraction(1, 3), Rounding.UP) == eur("3.33")
    assert eur("9.99").times(3, Rounding.DOWN) == eur("29.97")
    assert Money(-5, "EUR").times(Decimal("0.5"), Rounding.HALF_UP) == Money(-3, "EUR")
    for factor in (0.5, True, Decimal("NaN"), Decimal("Infinity"), "2"):
        with pytest.raises(InvalidInput, match="factor"):
            eur("1.00").times(factor, Rounding.HALF_UP)


@pytest.mark.parametrize(
    ("whole", "shares", "parts"),
    [
        ("1.00", [1, 1, 1], ["0.34", "0.33", "0.33"]),
        ("-1.00", [1, 1, 1], ["-0.34", "-0.33", "-0.33"]),
        ("0.05", [3, 7], ["0.02", "0.03"]),  # 1.5 and 3.5 cents: the earlier one gets the cent
        ("10.00", [0, 1], ["0.00", "10.00"]),
        ("0.02", [1, 1, 1], ["0.01", "0.01", "0.00"]),
        ("0.00", [0, 0], ["0.00", "0.00"]),
    ],
)
def test_allocate_to_the_cent(whole, shares, parts):
    assert eur(whole).allocate(shares) == [eur(part) for part in parts]


@given(amounts, weights)
def test_allocation_sums_to_the_whole_and_is_never_a_minor_unit_off(minor, shares):
    parts = Money(minor, "EUR").allocate(shares)
    assert sum(part.minor for part in parts) == minor
    for part, share in zip(parts, shares, strict=True):
        assert abs(part.minor - Fraction(minor * share, sum(shares))) < 1


@pytest.mark.parametrize("shares", [[0, 0], [], [-1, 2], [1.5], [True]])
def test_allocation_needs_something_to_split_by(shares):
    with pytest.raises(InvalidInput, match="weights"):
        eur("1.00").allocate(shares)


@given(st.integers(-LARGEST_MINOR, LARGEST_MINOR), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_printing_and_decimal_lose_nothing(minor, currency):
    money = Money(minor, currency)
    assert money.decimal().scaleb(exponent(currency)) == minor
    text, code = str(money).split()
    assert code == currency
    if abs(minor) < 10**17:
        assert Money.parse(text, currency) == money


def test_a_unit_price_rounds_once_over_the_quantity():
    minute = UnitPrice(Decimal("0.0004"), "EUR")
    assert minute.times(1, Rounding.HALF_UP) == eur("0.00")
    assert minute.times(12_345, Rounding.HALF_UP) == eur("4.94")  # 4.938
    assert UnitPrice(Decimal("0.5"), "JPY").times(3, Rounding.DOWN) == Money(1, "JPY")
    assert str(minute) == "0.0004 EUR"
    for amount in (0.0004, Decimal("NaN"), 1, True):
        with pytest.raises(InvalidInput, match="unit price"):
            UnitPrice(amount, "EUR")
