"""Who pays in a simulation: what can be asked for, that shares come out so, and that the same seed draws the same."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.errors import InvalidInput
from billhead.domain.simulation import Order, Payments, check_order, parse_payments
from billhead.simulate.habits import Habits

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("history", Payments("history")),
        (" ALL ", Payments("all", 1_000_000)),
        ("none", Payments("none", 0)),
        ("95", Payments("rate", 950_000)),
        ("97.5 %", Payments("rate", 975_000)),
        ("0.0001%", Payments("rate", 1)),
        ("100", Payments("rate", 1_000_000)),
    ],
)
def test_what_can_be_asked(typed, meant):
    assert parse_payments(typed) == meant


@pytest.mark.parametrize("typed", ["", "101", "100.0001", "-5", "٥٠", "nan", "0.95000", "half", "95%%"])
def test_what_is_no_rate_is_refused(typed):
    with pytest.raises(InvalidInput, match="payments"):
        parse_payments(typed)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 11, 21), date(2027, 1, 1), "from"),
        (date(2027, 1, 2), date(2027, 1, 1), "to"),
        (date(2026, 11, 22), date(2037, 1, 1), "to"),
    ],
)
def test_a_span_that_can_not_be_lived_is_refused(first, last, field):
    with pytest.raises(InvalidInput) as refused:
        check_order(Order(first, last, Payments("all")), TODAY)
    assert refused.value.field == field


def charged(habits: Habits, documents: range, number: int = 1) -> int:
    return sum(habits.charge_succeeds("customer-1", f"doc{n}-a{number}-ff00aa") for n in documents)


def test_shares_come_out_as_asked():
    habits = Habits(1, charges=950_000, by_hand=700_000, healed=0)
    assert 940 <= charged(habits, range(1000)) <= 960
    assert 670 <= sum(habits.pays_by_hand(n) is not None for n in range(1000)) <= 730
    assert all(habits.heals(n) is None for n in range(1000))


@given(st.integers(0, 2**31 - 1), st.integers(1, 10**9))
def test_the_same_seed_draws_the_same_whatever_is_random_in_a_key(seed, document):
    one, other = Habits(seed, 500_000, 500_000, 500_000), Habits(seed, 500_000, 500_000, 500_000)
    key = f"doc{document}-a2-"
    assert one.charge_succeeds("customer-1", key + "aaaaaa") == other.charge_succeeds("customer-1", key + "bbbbbb")
    assert one.pays_by_hand(document) == other.pays_by_hand(document)


def test_by_a_rate_a_document_is_paid_at_once_or_never():
    habits = Habits.by_rate(1, 500_000)
    first, second = ({n for n in range(500) if habits.charge_succeeds("c", f"doc{n}-a{a}-x")} for a in (1, 2))
    assert first == second
    assert {habits.pays_by_hand(n) for n in range(200)} == {0, None}


def test_who_failed_before_is_expected_to_fail_more_often():
    habits = Habits(1, 950_000, 0, 0, known={"customer-1": (0, 6)})
    # (0 + 4 × 0.95) of (6 + 4): 38 in 100
    assert 330 <= charged(habits, range(1000)) <= 430
