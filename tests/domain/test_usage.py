"""What metered use costs, as tables of cents and as properties."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.errors import InvalidInput
from billhead.domain.usage import (
    LARGEST_QUANTITY,
    Pricing,
    UsageTerms,
    UsageTier,
    metered_term,
    parse_quantity,
    plain_terms,
    shown_quantity,
    terms_from,
)
from billhead.domain.usage_charge import allowance_steps, by_tier, charge, chargeable, event_fee

TIERS = [{"up_to": "100", "unit": "0.10"}, {"up_to": "1000", "unit": "0.05", "flat": "1"}, {"unit": "0.001"}]


def terms(pricing, currency="EUR", **more):
    if "unit" in more:
        more["tiers"] = [{"unit": more.pop("unit")}]
    return terms_from({"pricing": pricing, "currency": currency, **more})


@pytest.mark.parametrize(
    ("price", "used", "minor"),
    [
        (terms("standard", unit="0.004"), 1000, 400),
        (terms("standard", unit="0.004"), 1, 0),  # 0.4 of a cent
        (terms("standard", unit="0.004"), 125, 50),
        (terms("standard", unit="0.005"), 1, 1),  # half a cent goes up
        (terms("standard", unit="2.50", per="1000"), 1500, 375),  # 3.75: the last packet in part
        (terms("package", unit="2.50", per="1000"), 1500, 500),
        (terms("package", unit="2.50", per="1000"), 1000, 250),
        (terms("package", unit="2.50", per="1000"), 1001, 500),
        (terms("package", unit="2.50", per="1000"), 0, 0),
        (terms("graduated", tiers=TIERS), 0, 0),
        (terms("graduated", tiers=TIERS), 100, 1000),
        (terms("graduated", tiers=TIERS), 101, 1105),  # 10.00 + 1.00 + 0.05
        (terms("graduated", tiers=TIERS), 3000, 5800),  # 10.00 + 1.00 + 45.00 + 2.00
        (terms("volume", tiers=TIERS), 100, 1000),
        (terms("volume", tiers=TIERS), 101, 605),  # all of them at 0.05, and 1.00
        (terms("volume", tiers=TIERS), 3000, 300),
        (terms("standard", unit="0.01", minimum="5"), 100, 500),
        (terms("standard", unit="0.01", minimum="5"), 0, 500),
        (terms("standard", unit="0.01", cap="5"), 10_000, 500),
        (terms("allowance", included="100"), 10_000, 0),
        (terms("standard", "JPY", unit="0.4"), 4, 2),  # 1.6 yen
        (terms("standard", "KWD", unit="0.0004"), 4, 2),  # 1.6 fils
    ],
)
def test_cents(price, used, minor):
    assert charge(price, 0, used).minor == minor


def test_steps_of_a_metric_with_decimals():
    hours = terms("graduated", tiers=[{"up_to": "1.5", "unit": "1"}, {"unit": "0.50"}])
    assert charge(hours, 1, 25).minor == 200  # 1.5 × 1.00 + 1.0 × 0.50
    assert charge(terms("package", unit="1", per="2.5"), 1, 26).minor == 200


def test_a_share_of_the_minimum_is_rounded_once():
    assert charge(terms("standard", unit="0", minimum="10"), 0, 0, share=Fraction(10, 31)).minor == 323


def test_a_share_of_each_event():
    price = terms("percentage", percent="2.5", event_fee="0.05", event_min="0.10", event_max="1")
    fee = event_fee(price, 2)
    fees = [fee.of(cents) for cents in (100, 499, 10_000)]
    assert [Fraction(one, fee.per) for one in fees] == [10, Fraction("17.475"), 100]
    assert charge(price, 2, 0, fees=sum(fees)).minor == 127  # 1.27475
    yen = terms("percentage", "JPY", percent="3.25")
    assert charge(yen, 2, 0, fees=event_fee(yen, 2).of(150_00)).minor == 5  # 3.25 % of 150 is 4.875


def test_allowances():
    price = terms("standard", unit="1", included="600")
    assert allowance_steps(price, 1, Fraction(10, 31)) == 1936  # 193.548…, and a part of a step is given
    assert chargeable([500, 900], 600, shared=True) == 800
    assert chargeable([500, 900], 600, shared=False) == 300


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"pricing": "free"}, "pricing"),
        ({"pricing": "standard"}, "tiers"),
        ({"pricing": "standard", "tiers": [{"unit": "NaN"}]}, "unit"),
        ({"pricing": "standard", "tiers": [{"unit": "1e999999"}]}, "unit"),
        ({"pricing": "standard", "tiers": [{"unit": "-1"}]}, "tiers"),
        ({"pricing": "standard", "tiers": [{"unit": 0.5}]}, "unit"),
        ({"pricing": "standard", "tiers": [{"unit": "1_000"}]}, "unit"),
        ({"pricing": "standard", "tiers": [{"unit": "1"}], "per": "0"}, "per"),
        ({"pricing": "standard", "tiers": [{"unit": "1"}], "included": "-5"}, "included"),
        ({"pricing": "standard", "tiers": [{"unit": "1"}], "minimum": "5", "cap": "4"}, "cap"),
        ({"pricing": "standard", "tiers": [{"unit": "1"}], "percent": "5"}, "percent"),
        ({"pricing": "standard", "tiers": [{"unit": "1"}], "bogus": "5"}, "bogus"),
        ({"pricing": "standard", "tiers": [{"up_to": "5", "unit": "1"}]}, "tiers"),
        ({"pricing": "graduated", "tiers": [{"up_to": "5"}, {"up_to": "5"}, {"unit": "1"}]}, "tiers"),
        ({"pricing": "graduated", "tiers": [{"up_to": "0", "unit": "1"}, {"unit": "1"}]}, "tiers"),
        ({"pricing": "percentage", "percent": "101"}, "percent"),
        ({"pricing": "percentage", "percent": "0.00001"}, "percent"),
        ({"pricing": "percentage", "percent": "1", "included": "5"}, "included"),
        ({"pricing": "percentage", "percent": "1", "event_min": "2", "event_max": "1"}, "event_max"),
        ({"pricing": "allowance", "tiers": [{"unit": "1"}]}, "tiers"),
        ({"pricing": "allowance", "currency": "EURO"}, "currency"),
    ],
)  # fmt: skip
def test_what_is_no_price_is_refused_by_its_field(wrong, field):
    with pytest.raises(InvalidInput) as refused:
        terms_from({"currency": "EUR", **wrong})
    assert refused.value.field == field


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-1", -1, 1.5, True, None, "", "1,5", "1.55", "1_000", str(LARGEST_QUANTITY), [1]]
)
def test_what_is_no_quantity_is_refused(value):
    with pytest.raises(InvalidInput) as refused:
        parse_quantity(value, 1)
    assert refused.value.field == "quantity"


def test_quantities_as_steps_and_back():
    assert [parse_quantity(value, 2) for value in (3, "3.5", Decimal("0.01"), "1e2", 0)] == [300, 350, 1, 10_000, 0]
    assert [shown_quantity(steps, 2) for steps in (300, 350, 1, 10_000, 0)] == ["3", "3.5", "0.01", "100", "0"]


def test_usage_is_metered_by_the_month_at_most():
    assert [str(metered_term(term)) for term in ("1 month", "1 year", "3 months", "7 days", "30 days")] == [
        "1 month", "1 month", "1 month", "7 days", "30 days",
    ]  # fmt: skip


prices = st.decimals(min_value=0, max_value=5, places=4)
ends = st.lists(st.integers(1, 60), min_size=0, max_size=3, unique=True).map(sorted)


@st.composite
def tiered(draw, pricing):
    found = draw(ends)
    tiers = [UsageTier(Decimal(end), draw(prices), draw(prices)) for end in found]
    return UsageTerms(pricing, "EUR", (*tiers, UsageTier(None, draw(prices), draw(prices))))


@given(tiered(Pricing.GRADUATED), st.integers(0, 100))
def test_graduated_is_the_sum_over_single_units(price, used):
    exact, begins = Fraction(0), Decimal(0)
    for tier in price.tiers:
        units = [n for n in range(1, used + 1) if n > begins and (tier.up_to is None or n <= tier.up_to)]
        exact += len(units) * Fraction(tier.unit) + (Fraction(tier.flat) if units else 0)
        begins = tier.up_to
    assert abs(charge(price, 0, used).minor - exact * 100) <= Fraction(1, 2)


@given(st.sampled_from([Pricing.GRADUATED, Pricing.STANDARD, Pricing.PACKAGE]), st.data())
def test_more_use_never_costs_less(pricing, data):
    price = data.draw(tiered(Pricing.GRADUATED))
    if pricing is not Pricing.GRADUATED:
        price = UsageTerms(pricing, "EUR", price.tiers[-1:], per=Decimal(data.draw(st.integers(1, 20))))
    less, more = sorted(data.draw(st.tuples(st.integers(0, 200), st.integers(0, 200))))
    assert charge(price, 0, less) <= charge(price, 0, more)


@given(st.lists(st.integers(0, 50), max_size=8), st.integers(0, 100), tiered(Pricing.VOLUME))
def test_however_use_is_split_into_events_it_costs_the_same(parts, allowance, price):
    together = charge(price, 0, chargeable([sum(parts)], allowance, shared=True))
    assert charge(price, 0, chargeable(parts, allowance, shared=True)) == together
    assert charge(price, 0, chargeable(parts[::-1], allowance, shared=True)) == together


@given(tiered(Pricing.GRADUATED), st.integers(0, 300), prices, prices)
def test_minimum_and_cap_hold(price, used, one, other):
    low, high = sorted((one, other))
    bounded = UsageTerms(price.pricing, "EUR", price.tiers, minimum=low, cap=high)
    minor = charge(bounded, 0, used).minor
    assert abs(minor - min(max(charge(price, 0, used).minor, low * 100), high * 100)) <= Decimal("0.5")


@given(tiered(Pricing.GRADUATED), prices)
def test_terms_are_stored_and_read_back(price, included):
    price = UsageTerms(price.pricing, "EUR", price.tiers, included=included, shared=False)
    assert terms_from(plain_terms(price)) == price


def test_what_falls_into_each_tier_sums_to_the_cent():
    price = terms("graduated", tiers=TIERS, cap="20")
    whole = charge(terms("graduated", tiers=TIERS), 0, 3000)
    parts = by_tier(price, 0, 3000)
    assert (parts[0].steps, parts[0].amount.minor) == (100, 1000)
    assert sum(part.amount.minor for part in parts) == whole.minor == 5800, "before the cap"
    thirds = terms(
        "graduated", tiers=[{"up_to": "1", "unit": "0.333"}, {"up_to": "2", "unit": "0.333"}, {"unit": "0.333"}]
    )
    assert [part.amount.minor for part in by_tier(thirds, 0, 3)] == [34, 33, 33]  # 0.999 is a euro
    assert by_tier(price, 0, 0) == by_tier(terms("allowance", included="5"), 0, 9) == []
    free = by_tier(terms("standard", unit="0"), 0, 5)
    assert [(part.steps, part.amount.minor) for part in free] == [(5, 0)]
    (volume,) = by_tier(terms("volume", tiers=TIERS), 0, 101)
    assert (volume.steps, volume.amount.minor) == (101, 605)
