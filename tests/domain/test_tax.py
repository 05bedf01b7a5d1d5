"""Tax to the cent: one amount, a document's lines in three rounding modes, compound rates."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.errors import CurrencyMismatch, InvalidInput
from billhead.domain.money import Money, Rounding
from billhead.domain.tax import (
    TaxableLine,
    TaxedLine,
    TaxRate,
    TaxRounding,
    included_tax_minor,
    rate_ppm,
    split_tax,
    tax_lines,
    tax_minor,
)

PER_LINE, KEEP_NET, KEEP_GROSS = TaxRounding
VAT20, VAT19 = TaxRate("GB:standard", 200_000), TaxRate("DE:standard", 190_000)
GST, QST = TaxRate("CA:gst", 50_000), TaxRate("QC:qst", 99_750)
QST_ON_TOP = TaxRate("QC:qst", 95_000, compound=True)


def eur(text):
    return Money.parse(text, "EUR")


def lines(*amounts, rates=(VAT20,)):
    return [TaxableLine(eur(amount), rates) for amount in amounts]


def shown(taxed):
    return [(str(line.net.decimal()), *(str(tax.decimal()) for tax in line.taxes)) for line in taxed]


@pytest.mark.parametrize(
    ("amount", "rate", "inclusive", "net", "tax"),
    [
        ("10.00", "0.19", False, "10.00", "1.90"),
        ("9.99", "0.19", False, "9.99", "1.90"),  # 1.8981
        ("9.99", "0.19", True, "8.39", "1.60"),  # 9.99 × 19 / 119 = 1.595
        ("0.01", "0.20", True, "0.01", "0.00"),
        ("-9.99", "0.19", True, "-8.39", "-1.60"),
        ("10.00", "0", True, "10.00", "0.00"),
        ("10.00", "0.0875", False, "10.00", "0.88"),  # 0.875
    ],
)
def test_one_amount(amount, rate, inclusive, net, tax):
    assert split_tax(eur(amount), Decimal(rate), inclusive, Rounding.HALF_UP) == (eur(net), eur(tax))


def test_rates_are_exact_and_below_one():
    assert rate_ppm(Decimal("0.19")) == 190_000
    assert rate_ppm(Decimal("0.09975")) == 99_750
    for rate in (Decimal("19"), Decimal("1"), Decimal("-0.1"), Decimal("NaN"), Decimal("0.1234567"), 0.19):
        with pytest.raises(InvalidInput, match="tax rate"):
            rate_ppm(rate)
    for ppm in (-1, 1_000_000, True):
        with pytest.raises(InvalidInput, match="tax rate"):
            TaxRate("x", ppm)


@given(st.integers(-(10**12), 10**12), st.integers(0, 999_999))
def test_the_fast_integers_say_the_same(minor, ppm):
    amount, rate = Money(minor, "EUR"), Decimal(ppm) / 1_000_000
    assert tax_minor(minor, ppm) == split_tax(amount, rate, False, Rounding.HALF_UP)[1].minor
    net, tax = split_tax(amount, rate, True, Rounding.HALF_UP)
    assert included_tax_minor(minor, ppm) == tax.minor
    assert net + tax == amount


def test_exclusive_lines_round_alone_or_together():
    # 3 × 0.13 at 20 %: 0.026 each is 0.03; 0.078 together is 0.08.
    assert shown(tax_lines(lines("0.13", "0.13", "0.13"), inclusive=False, mode=PER_LINE)) == [("0.13", "0.03")] * 3
    assert shown(tax_lines(lines("0.13", "0.13", "0.13"), inclusive=False, mode=KEEP_NET)) == [
        ("0.13", "0.03"),
        ("0.13", "0.03"),
        ("0.13", "0.02"),
    ]
    # Gross stays 0.16 each, 0.48 together: 0.08 tax inside.
    assert shown(tax_lines(lines("0.13", "0.13", "0.13"), inclusive=False, mode=KEEP_GROSS)) == [
        ("0.13", "0.03"),
        ("0.13", "0.03"),
        ("0.14", "0.02"),
    ]


def test_inclusive_lines_keep_their_net_or_their_gross():
    # 5 × 100.00 at 19 %: one by one 84.03 + 15.97. All nets: 420.15 × 19 % = 79.83 (79.8285), two cents less tax.
    five = lines(*["100.00"] * 5, rates=(VAT19,))
    per_line = tax_lines(five, inclusive=True, mode=PER_LINE)
    assert shown(per_line) == [("84.03", "15.97")] * 5
    keep_net = tax_lines(five, inclusive=True, mode=KEEP_NET)
    assert shown(keep_net) == [("84.03", "15.97")] * 3 + [("84.03", "15.96")] * 2
    # 500.00 × 19 / 119 = 79.83: the nets take the difference, 420.17 in all.
    keep_gross = tax_lines(five, inclusive=True, mode=KEEP_GROSS)
    assert shown(keep_gross) == [("84.03", "15.97")] * 3 + [("84.04", "15.96")] * 2
    assert [line.gross for line in keep_gross] == [eur("100.00")] * 5


def test_pitfall_22_three_times_83_cents_a_third_off_20_percent():
    # 2.49 less 33 % (0.8217) is 1.67; 20 % of 1.67 is 0.334.
    (line,) = tax_lines(lines("1.67"), inclusive=False, mode=PER_LINE)
    assert (line.net, line.taxes, line.gross) == (eur("1.67"), (eur("0.33"),), eur("2.00"))


def test_two_rates_side_by_side_and_one_on_top_of_the_other():
    side_by_side = [TaxableLine(Money(10_000, "CAD"), (GST, QST))]
    (line,) = tax_lines(side_by_side, inclusive=False, mode=PER_LINE)
    assert line.taxes == (Money(500, "CAD"), Money(998, "CAD"))  # 5.00 and 9.975
    on_top = [TaxableLine(Money(10_000, "CAD"), (GST, QST_ON_TOP))]
    (line,) = tax_lines(on_top, inclusive=False, mode=PER_LINE)
    assert line.taxes == (Money(500, "CAD"), Money(998, "CAD"))  # 105.00 × 9.5 % = 9.975
    (line,) = tax_lines([TaxableLine(Money(11_498, "CAD"), (GST, QST_ON_TOP))], inclusive=True, mode=PER_LINE)
    # 114.98 / 1.14975 = 100.004: tax 14.98 in all, 5.0002 + 9.9754.
    assert (line.net, line.taxes) == (Money(10_000, "CAD"), (Money(500, "CAD"), Money(998, "CAD")))


def test_the_order_of_compound_rates_matters():
    first = [TaxableLine(eur("100.00"), (TaxRate("a", 100_000), TaxRate("b", 200_000, compound=True)))]
    other = [TaxableLine(eur("100.00"), (TaxRate("b", 200_000, compound=True), TaxRate("a", 100_000)))]
    assert shown(tax_lines(first, inclusive=False, mode=PER_LINE)) == [("100.00", "10.00", "22.00")]
    assert shown(tax_lines(other, inclusive=False, mode=PER_LINE)) == [("100.00", "20.00", "10.00")]


def test_no_lines_and_untaxed_lines():
    assert tax_lines([], inclusive=True, mode=KEEP_NET) == []
    for mode in TaxRounding:
        assert tax_lines(lines("5.00", rates=()), inclusive=True, mode=mode) == [TaxedLine(eur("5.00"), ())]


def test_one_document_has_one_currency():
    with pytest.raises(CurrencyMismatch):
        tax_lines([TaxableLine(eur("1.00")), TaxableLine(Money(1, "USD"))], inclusive=False, mode=PER_LINE)


RATES = st.sampled_from([(), (VAT20,), (VAT19,), (GST, QST), (GST, QST_ON_TOP), (GST,)])
DOCUMENTS = st.lists(
    st.builds(TaxableLine, st.builds(Money, st.integers(-5000, 50_000), st.just("EUR")), RATES), max_size=8
)


@given(DOCUMENTS, st.booleans(), st.sampled_from(list(TaxRounding)), st.sampled_from(list(Rounding)))
def test_net_and_taxes_are_the_gross_and_the_promised_side_stays(document, inclusive, mode, rounding):
    taxed = tax_lines(document, inclusive=inclusive, mode=mode, rounding=rounding)
    for line, result in zip(document, taxed, strict=True):
        assert result.net + Money.total(result.taxes, "EUR") == result.gross
        assert len(result.taxes) == len(line.rates)
        if inclusive and mode != KEEP_NET:
            assert result.gross == line.amount
        if not inclusive and mode != KEEP_GROSS:
            assert result.net == line.amount


@given(st.lists(st.integers(-5000, 50_000), min_size=1, max_size=8), st.booleans())
def test_per_rate_the_total_is_the_rounded_tax_of_the_sum(amounts, inclusive):
    document = [TaxableLine(Money(amount, "EUR"), (VAT19,)) for amount in amounts]
    by_net = tax_lines(document, inclusive=inclusive, mode=KEEP_NET)
    assert sum(line.taxes[0].minor for line in by_net) == tax_minor(sum(line.net.minor for line in by_net), 190_000)
    by_gross = tax_lines(document, inclusive=inclusive, mode=KEEP_GROSS)
    gross = sum(line.gross.minor for line in by_gross)
    assert sum(line.taxes[0].minor for line in by_gross) == included_tax_minor(gross, 190_000)


@given(DOCUMENTS, st.booleans(), st.sampled_from(list(TaxRounding)))
def test_a_credit_note_over_all_lines_returns_the_same_tax(document, inclusive, mode):
    credit_note = [TaxableLine(-line.amount, line.rates) for line in document]
    sold = tax_lines(document, inclusive=inclusive, mode=mode)
    returned = tax_lines(credit_note, inclusive=inclusive, mode=mode)
    assert [TaxedLine(-line.net, tuple(-tax for tax in line.taxes)) for line in returned] == sold
