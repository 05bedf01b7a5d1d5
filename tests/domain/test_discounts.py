"""Coupons to the cent: what they take off each line, and what is left of them."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.discounts import Charge, Coupon, CouponKind, discounted, whole_after
from billhead.domain.periods import Term, cycle

PERCENT, FIXED, BALANCE = CouponKind
TV, SPORT, BOX = 1, 2, 3
NOV = (date(2026, 11, 1), date(2026, 12, 1))
DEC = (date(2026, 12, 1), date(2027, 1, 1))


def percent(code, whole, **more):
    return Coupon(code, PERCENT, ppm=whole * 10_000, **more)


def fixed(code, minor, **more):
    return Coupon(code, FIXED, amount=minor, **more)


def month(minor, plan=TV, during=NOV, **more):
    return Charge(plan, "1 month", minor, during, **more)


def off(charges, *coupons):
    return discounted(tuple(charges), coupons).minor


def test_a_percentage_of_the_sum_is_spread_over_the_lines():
    # 33 % of 3 × 0.83 = 0.8217 → 0.82; by thirds 27.33 each: the first line takes the odd cent
    assert off([month(83), month(83, SPORT), month(83, BOX)], percent("A", 33)) == (28, 27, 27)


def test_a_fixed_amount_never_goes_below_zero():
    assert off([month(300), month(100, SPORT)], fixed("A", 500)) == (300, 100)
    assert off([month(0)], fixed("A", 500)) == (0,)


def test_what_a_balance_does_not_need_is_left_for_the_next_cycle():
    (used,) = discounted((month(999), month(999, during=DEC)), (Coupon("GIFT", BALANCE, amount=1500),)).used
    assert (used.minor, used.cycles, used.coupon.amount) == (1500, 2, 0)
    assert off([month(999), month(999, during=DEC)], Coupon("GIFT", BALANCE, amount=1500)) == (999, 501)


def test_a_coupon_for_one_cycle_leaves_the_next_at_its_full_price():
    both = [month(1000), month(1000, during=DEC)]
    result = discounted(tuple(both), (percent("FREE", 100, cycles_left=1),))
    assert result.minor == (1000, 0)
    assert result.used[0].coupon._replace(code="") == percent(
        "", 100, cycles_left=0, since=date(2026, 11, 1), through=date(2026, 12, 1)
    )


def test_a_part_period_takes_the_percentage_and_counts_as_no_cycle():
    part = month(500, whole=False)
    result = discounted((part, month(1000, during=DEC)), (percent("A", 50, cycles_left=1),))
    assert (result.minor, result.used[0].cycles) == ((250, 500), 1)
    assert off([part], fixed("A", 300)) == (0,)


def test_the_cycle_that_was_counted_stays_cheaper_for_what_is_added_to_it():
    spent = percent("A", 50, cycles_left=0, since=NOV[0], through=NOV[1])
    assert off([month(400, SPORT, whole=False)], spent) == (200,)
    assert off([month(400, SPORT, during=DEC)], spent) == (0,)
    before = (date(2026, 10, 1), date(2026, 11, 1))
    assert off([month(400, during=before)], spent) == (0,)
    taken = fixed("B", 300, cycles_left=3, since=NOV[0], through=NOV[1])
    assert off([month(400, SPORT)], taken) == (0,)  # once a cycle


def test_a_cycle_that_begins_anew_takes_what_is_left_of_the_one_that_was_counted():
    anew = (date(2026, 11, 16), date(2026, 12, 16))
    spent = percent("A", 50, cycles_left=0, since=NOV[0], through=NOV[1])
    # 15 of its 30 days: a quarter instead of the half
    (used,) = discounted((month(6000, during=anew),), (spent,)).used
    assert (used.minor, used.cycles, used.coupon) == (1500, 0, spent)
    assert off([month(6000, during=anew)], fixed("B", 500, cycles_left=0, since=NOV[0], through=NOV[1])) == (0,)
    # one more cycle: that is counted, and the 15 days come after it
    (used,) = discounted((month(6000, during=anew),), (spent._replace(cycles_left=1),)).used
    assert (used.minor, used.cycles) == (3000, 1)
    assert used.coupon == spent._replace(through=date(2026, 12, 31))


def test_a_part_is_made_cheaper_by_the_days_that_are_billed_of_its_cycle():
    spent = percent("A", 50, cycles_left=0, since=NOV[0], through=NOV[1])
    year = (date(2025, 12, 1), date(2026, 12, 1))
    for days, costs in (((date(2026, 11, 16), NOV[1]), 18250), (DEC, 36500)):
        charge = Charge(TV, "1 year", 36500, year, whole=False, days=days)
        assert whole_after(charge, (spent,))[0] == costs


def test_each_line_of_a_cycle_is_made_cheaper_by_its_own_days():
    late = (date(2026, 11, 16), NOV[1])
    spent = percent("A", 50, cycles_left=0, since=date(2026, 10, 16), through=late[0])
    plan, addon = month(3000, whole=False, days=NOV), month(1000, SPORT, whole=False, days=late)
    # 15 of the plan's 30 days, and none of the 15 of the add-on
    assert off([plan, addon], spent) == (750, 0)
    assert off([addon, plan], spent) == (0, 750)
    assert off([plan, addon], spent._replace(through=date(2026, 11, 21))) == (1000, 167)  # 20 of 30, 5 of 15


def test_rounding_takes_no_line_below_zero():
    anew, late = (date(2026, 11, 16), date(2026, 12, 16)), (date(2026, 11, 26), date(2026, 12, 16))
    spent = percent("FREE", 100, cycles_left=0, since=NOV[0], through=NOV[1], stackable=True)
    plan = month(1000, during=anew, whole=False, days=(anew[0], NOV[1]))
    addons = [month(101, one, during=anew, whole=False, days=late) for one in (SPORT, BOX)]
    # all of the plan, 5 of the 20 days of each add-on: 10.00 + 2 × 0.2525 = 10.505
    assert off([plan, *addons], spent) == (1000, 26, 25)
    # another one finds nothing of the plan, and 0.75 and 0.76 of the add-ons
    assert off([plan, *addons], spent, percent("TEN", 10, stackable=True)) == (1000, 33, 33)


def test_plans_terms_and_set_up():
    charges = [month(1000), month(500, SPORT), Charge(TV, "", 2000, NOV, once=True)]
    assert off(charges, percent("A", 10, plans=frozenset({TV}))) == (100, 0, 200)
    assert off(charges, percent("A", 10, covers_setup=False)) == (100, 50, 0)
    assert off(charges, percent("A", 10, covers_setup=False, terms=frozenset({"1 year"}))) == (0, 0, 0)


def test_the_best_single_one_or_all_that_may_be_combined():
    charges = (month(1000),)
    ten, five = percent("TEN", 10, stackable=True), fixed("FIVE", 500, stackable=True)
    forty = percent("FORTY", 40)
    result = discounted(charges, (five, forty, ten))
    # 10 % of 10.00, then 5.00: 6.00 off; 40 % alone: 4.00
    assert (result.minor, result.codes) == ((600,), ("TEN + FIVE",))
    assert [(one.minor, one.cycles) for one in result.used] == [(500, 1), (0, 0), (100, 1)]
    best = discounted(charges, (ten, forty))
    assert (best.minor, best.codes) == ((400,), ("FORTY",))
    # 50 % twice is 75 %, and a balance comes last, so that it lasts longest
    half = percent("HALF", 50, stackable=True)
    gift = Coupon("GIFT", BALANCE, amount=1000, stackable=True)
    result = discounted(charges, (gift, half, half._replace(code="AGAIN")))
    assert [one.minor for one in result.used] == [250, 500, 250]


def test_whole_price_of_a_cycle_of_which_a_part_is_billed():
    coupons = (percent("A", 25, cycles_left=2), fixed("B", 900))
    assert whole_after(month(1999), coupons) == (1499, "A")  # 25 % of 19.99 = 4.9975


@pytest.mark.parametrize("day", [28, 29, 30, 31])
@pytest.mark.parametrize("cycles", [1, 3, 12])
def test_so_many_cycles_are_so_many_on_any_anchor(day, cycles):
    anchor, coupon = date(2024, 1, day), percent("N", 50, cycles_left=cycles)
    given = []
    for n in range(14):  # one document a month, as the run makes them
        period = cycle(anchor, Term("month"), n)
        result = discounted((month(1000, during=(period.start, period.end)),), (coupon,))
        given.append(result.minor[0])
        coupon = result.used[0].coupon
    assert given == [500] * cycles + [0] * (14 - cycles)


amounts = st.integers(0, 10_000)
cycles = st.sampled_from([None, 1, 2])
coupons = st.one_of(
    st.builds(percent, st.just("P"), st.integers(1, 100), stackable=st.booleans(), cycles_left=cycles),
    st.builds(fixed, st.just("F"), st.integers(1, 20_000), stackable=st.booleans(), cycles_left=cycles),
    st.builds(lambda m, s: Coupon("B", BALANCE, amount=m, stackable=s), st.integers(1, 20_000), st.booleans()),
)


@given(st.lists(st.lists(amounts, max_size=4), max_size=3), st.lists(coupons, max_size=4))
def test_never_below_zero_and_everything_accounted_for(months, found):
    starts = [date(2026, n, 1) for n in range(1, len(months) + 2)]
    charges = tuple(
        month(minor, during=during) for during, group in zip(pairwise(starts), months, strict=True) for minor in group
    )
    result = discounted(charges, tuple(found))
    assert all(0 <= minor <= charge.amount for minor, charge in zip(result.minor, charges, strict=True))
    assert sum(result.minor) == sum(one.minor for one in result.used)
    for before, after in zip(found, result.used, strict=True):
        if before.kind == BALANCE:
            assert after.minor == before.amount - after.coupon.amount <= before.amount
        if before.cycles_left is not None:
            assert after.cycles == before.cycles_left - after.coupon.cycles_left <= before.cycles_left
    # one document for all is the same as one a cycle
    apart, left = [], tuple(found)
    for during in pairwise(starts):
        alone = discounted(tuple(charge for charge in charges if charge.cycle == during), left)
        apart += alone.minor
        left = tuple(one.coupon for one in alone.used)
    assert tuple(apart) == result.minor
