"""Which credit is used first, and what it had cost."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.credit import Lot, LotKind, consume, cost_of
from billhead.domain.errors import CurrencyMismatch, InvalidInput
from billhead.domain.money import CREDITS, Money

TODAY = date(2026, 11, 22)
GIFTED, BOUGHT = LotKind


def eur(text):
    return Money.parse(text, "EUR")


def lot(number, kind, remaining, granted="2026-01-01", expires=None, cost=None):
    return Lot(
        number,
        kind,
        eur(remaining),
        date.fromisoformat(granted),
        date.fromisoformat(expires) if expires else None,
        cost,
    )


def test_given_before_bought_then_what_expires_first_then_the_oldest():
    lots = [
        lot(1, BOUGHT, "5.00", granted="2026-01-01"),
        lot(2, BOUGHT, "5.00", granted="2025-06-01"),
        lot(3, GIFTED, "1.00"),
        lot(4, GIFTED, "1.00", expires="2027-01-01"),
        lot(5, BOUGHT, "2.00", granted="2026-10-01", expires="2026-12-01"),
    ]
    taken, left = consume(lots, eur("10.00"), TODAY)
    assert taken == [
        (4, eur("1.00")),
        (3, eur("1.00")),
        (5, eur("2.00")),
        (2, eur("5.00")),
        (1, eur("1.00")),
    ]
    assert left == eur("0.00")


def test_an_expired_lot_is_never_touched_and_the_remainder_comes_back():
    lots = [lot(1, BOUGHT, "5.00", expires="2026-11-22"), lot(2, BOUGHT, "3.00", expires="2026-11-23")]
    assert consume(lots, eur("4.00"), TODAY) == ([(2, eur("3.00"))], eur("1.00"))


def test_nothing_to_use_and_nothing_to_pay():
    assert consume([], eur("4.00"), TODAY) == ([], eur("4.00"))
    assert consume([lot(1, GIFTED, "4.00")], eur("0.00"), TODAY) == ([], eur("0.00"))
    with pytest.raises(InvalidInput, match="from zero up"):
        consume([lot(1, GIFTED, "4.00")], eur("-1.00"), TODAY)


def test_pitfall_23_credit_in_another_currency_is_not_mixed_in():
    with pytest.raises(CurrencyMismatch):
        consume([lot(1, GIFTED, "4.00")], Money(100, "USD"), TODAY)


def test_reseller_credits_carry_their_cost_first_in_first_out():
    # 150 credits for 125.00, then 100 for 100.00: a plan of 160 costs 125.00 + 10.00.
    first = Lot(1, BOUGHT, Money(15_000, CREDITS), date(2026, 1, 1), cost=eur("125.00"))
    second = Lot(2, BOUGHT, Money(10_000, CREDITS), date(2026, 2, 1), cost=eur("100.00"))
    taken, left = consume([second, first], Money(16_000, CREDITS), TODAY)
    by_id = {1: first, 2: second}
    assert not left
    assert [cost_of(by_id[number], part) for number, part in taken] == [eur("125.00"), eur("10.00")]


def test_a_gift_has_no_cost_and_no_more_is_taken_than_is_there():
    assert cost_of(lot(1, GIFTED, "4.00"), eur("1.00")) is None
    for much in ("0.00", "4.01"):
        with pytest.raises(InvalidInput, match="taken"):
            cost_of(lot(1, BOUGHT, "4.00", cost=eur("3.00")), eur(much))


LOTS = st.lists(
    st.builds(
        Lot,
        st.integers(1, 1000),
        st.sampled_from(LotKind),
        st.builds(Money, st.integers(0, 5000), st.just("EUR")),
        st.dates(date(2025, 1, 1), TODAY),
        st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2027, 12, 31))),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(LOTS, st.integers(0, 30_000))
def test_what_is_taken_and_what_is_left_are_the_amount(lots, minor):
    taken, left = consume(lots, Money(minor, "EUR"), TODAY)
    by_id = {one.id: one for one in lots}
    usable = sum(one.remaining.minor for one in lots if one.expires_on is None or one.expires_on > TODAY)
    assert sum(part.minor for _, part in taken) == min(minor, usable)
    assert sum(part.minor for _, part in taken) + left.minor == minor
    assert all(Money.zero("EUR") < part <= by_id[number].remaining for number, part in taken)
    assert len({number for number, _ in taken}) == len(taken)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 5000), min_size=1, max_size=10))
def test_the_shares_of_cost_sum_to_the_cost(cost, portions):
    remaining, unspent = sum(portions), cost
    for portion in portions:
        left = Lot(1, BOUGHT, Money(remaining, CREDITS), TODAY, cost=Money(unspent, "EUR"))
        share = cost_of(left, Money(portion, CREDITS))
        assert 0 <= share.minor <= unspent
        remaining, unspent = remaining - portion, unspent - share.minor
    assert (remaining, unspent) == (0, 0)
