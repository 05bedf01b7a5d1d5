"""What is written when what is owed differs from what was billed: to the cent, and whatever the way there was."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.money import Money, Rounding, round_ratio
from billhead.domain.owed import BilledLine, Charge, Cycle, GivenBack, Return, difference, owed, whole_on
from billhead.domain.periods import Period, without
from billhead.domain.proration import ProrationMode, prorate, whole_of

ACTUAL, NONE = ProrationMode.ACTUAL_DAYS, ProrationMode.NONE


def span(start, end):
    return Period(date.fromisoformat(start), date.fromisoformat(end))


APRIL = span("2026-04-01", "2026-05-01")
FIRST_HALF, SECOND_HALF = span("2026-04-01", "2026-04-16"), span("2026-04-16", "2026-05-01")


def test_a_new_part_period_is_charged_by_its_days():
    # 30.00 × 15 / 30
    assert difference(Cycle(APRIL, 3000, [SECOND_HALF], ACTUAL)) == [Charge(SECOND_HALF, 1500)]


def test_what_is_billed_and_owed_needs_nothing():
    assert difference(Cycle(APRIL, 3000, [APRIL], ACTUAL, [BilledLine(1, APRIL, 3000, (600,))])) == []


def test_pitfall_16_unused_days_give_back_a_share_of_what_was_charged_with_its_tax():
    # 30.00 with half off is 15.00; 15.00 × 15 / 30 = 7.50 go back, and 1.50 of the 3.00 of tax
    line = BilledLine(1, APRIL, 1500, (300,))
    assert difference(Cycle(APRIL, 1500, [FIRST_HALF], ACTUAL, [line])) == [Return(1, SECOND_HALF, 750, (150,))]


def test_a_line_gives_back_no_more_than_staff_have_left_of_it():
    corrected = BilledLine(1, APRIL, 3000, (600,), (GivenBack(APRIL, 2500, (500,), by_staff=True),))
    assert difference(Cycle(APRIL, 3000, [], ACTUAL, [corrected])) == [Return(1, APRIL, 500, (100,))]


def test_what_staff_have_given_is_not_charged_again():
    corrected = BilledLine(1, APRIL, 3000, (600,), (GivenBack(APRIL, 2500, (500,), by_staff=True),))
    assert difference(Cycle(APRIL, 3000, [APRIL], ACTUAL, [corrected])) == []


def test_plans_that_do_not_prorate_give_back_a_whole_period_or_nothing():
    line = BilledLine(1, APRIL, 3000, (600,))
    assert difference(Cycle(APRIL, 3000, [FIRST_HALF], NONE, [line])) == []
    assert difference(Cycle(APRIL, 3000, [], NONE, [line])) == [Return(1, APRIL, 3000, (600,))]


def test_what_was_given_back_and_is_used_after_all_is_charged_again():
    line = BilledLine(1, APRIL, 1000, (), (GivenBack(SECOND_HALF, 500, ()),))
    assert difference(Cycle(APRIL, 1000, [APRIL], ACTUAL, [line])) == [Charge(SECOND_HALF, 500)]


def test_the_line_that_was_billed_last_goes_back_first():
    first, second = BilledLine(1, FIRST_HALF, 500, ()), BilledLine(2, SECOND_HALF, 500, ())
    fifth = span("2026-04-01", "2026-04-07")
    # 10.00 × 6 / 30 stay: 5.00 of the second line go back, and 3.00 of the first
    assert difference(Cycle(APRIL, 1000, [fifth], ACTUAL, [first, second])) == [
        Return(2, SECOND_HALF, 500, ()),
        Return(1, span("2026-04-07", "2026-04-16"), 300, ()),
    ]


@st.composite
def days_of_april(draw):
    """Any set of days as disjoint periods."""
    days = draw(st.sets(st.integers(0, 29), max_size=30))
    return without([APRIL], [Period(day, day + timedelta(days=1)) for n in set(range(30)) - days
                             for day in [APRIL.start + timedelta(days=n)]])  # fmt: skip


def written(lines, steps, ids):
    """The lines after what was found is written."""
    for step in steps:
        if isinstance(step, Charge):
            lines = [*lines, BilledLine(next(ids), step.period, step.amount, (step.amount // 5, step.amount // 7))]
        else:
            back = GivenBack(step.period, step.amount, step.taxes)
            lines = [
                replace(one, given_back=(*one.given_back, back)) if one.id == step.line_id else one for one in lines
            ]
    return lines


@given(st.integers(0, 10**6), st.lists(days_of_april(), min_size=1, max_size=6), st.sampled_from(list(ProrationMode)))
def test_the_way_does_not_matter_only_where_it_ends(whole, wishes, mode):
    lines, ids = [], count(1)
    for days in wishes:
        cycle = Cycle(APRIL, whole, days, mode, lines)
        lines = written(lines, difference(cycle), ids)
        after = Cycle(APRIL, whole, days, mode, lines)
        assert sum(line.charged for line in lines) == owed(after)
        assert difference(after) == []
        for line in lines:
            taxes = [sum(one.taxes[at] for one in line.given_back) for at in range(2)]
            assert 0 <= line.left <= line.amount
            for tax, back in zip(line.taxes, taxes, strict=True):
                # all of it when all of the line went back; always what the rest of the line carries
                assert tax - back == round_ratio(tax * line.left, line.amount, Rounding.HALF_UP)


def test_days_of_a_line_that_staff_have_changed_cost_what_they_have_made_of_them():
    # 30.00 a month: the first half at that, the second half for 6.00 in place of 15.00
    first, second = BilledLine(1, FIRST_HALF, 1500, (), whole=3000), BilledLine(2, SECOND_HALF, 600, (), whole=1200)
    assert difference(Cycle(APRIL, 3000, [APRIL], ACTUAL, [first, second])) == []
    assert difference(Cycle(APRIL, 3000, [FIRST_HALF], ACTUAL, [first, second])) == [Return(2, SECOND_HALF, 600, ())]
    assert difference(Cycle(APRIL, 3000, [SECOND_HALF], ACTUAL, [first, second])) == [Return(1, FIRST_HALF, 1500, ())]


def test_what_was_given_back_and_is_charged_again_costs_what_the_last_line_of_those_days_did():
    first = BilledLine(1, APRIL, 3000, (), (GivenBack(SECOND_HALF, 1500, ()),), whole=3000)
    second = BilledLine(2, SECOND_HALF, 600, (), (GivenBack(SECOND_HALF, 600, ()),), whole=1200)
    cycle = Cycle(APRIL, 3000, [APRIL], ACTUAL, [first, second])
    assert difference(cycle) == [Charge(SECOND_HALF, 600)]
    assert whole_on(cycle, SECOND_HALF.start) == 1200


@given(
    st.integers(1, 29),
    st.integers(0, 10**5),
    st.integers(0, 10**5),
    st.integers(0, 30),
    st.sampled_from([ACTUAL, ProrationMode.FIXED_30]),
)
def test_a_line_that_is_changed_differs_by_no_cent(cut, whole, made, kept, mode):
    """November in two lines, of which staff have changed the second; then days at its end go."""
    november = span("2026-11-01", "2026-12-01")
    middle = november.start + timedelta(days=cut)
    start, rest = Period(november.start, middle), Period(middle, november.end)
    first = BilledLine(1, start, prorate(Money(whole, "EUR"), start, november, mode).minor, whole=whole)
    second = BilledLine(2, rest, made, whole=whole_of(made, rest, november, mode))
    assert difference(Cycle(november, whole, [november], mode, [first, second])) == []
    days = [Period(november.start, november.start + timedelta(days=kept))] if kept else []
    steps = difference(Cycle(november, whole, days, mode, [first, second]))
    if kept == cut and second.whole != whole:
        assert [one.line_id for one in steps] == [2] * (made > 0)
    lines = [replace(one, given_back=tuple(
        GivenBack(step.period, step.amount, step.taxes) for step in steps if step.line_id == one.id
    )) for one in (first, second)]  # fmt: skip
    assert difference(Cycle(november, whole, days, mode, lines)) == []


FEBRUARY, OCTOBER = span("2026-02-01", "2026-03-01"), span("2026-10-01", "2026-11-01")


def test_what_is_added_beside_a_line_that_staff_have_changed_costs_what_it_would_have():
    # 5.00 in place of 10.00 for ten days: the 21 others are 20.00 still
    ten, rest = span("2026-10-01", "2026-10-11"), span("2026-10-11", "2026-11-01")
    mode = ProrationMode.FIXED_30
    made = BilledLine(1, ten, 500, whole=whole_of(500, ten, OCTOBER, mode))
    assert difference(Cycle(OCTOBER, 3000, [OCTOBER], mode, [made])) == [Charge(rest, 2000)]
    nothing = BilledLine(1, ten, 0, whole=0)
    assert difference(Cycle(OCTOBER, 3000, [OCTOBER], mode, [nothing])) == [Charge(rest, 2000)]


def test_what_came_back_and_was_charged_again_by_a_line_that_staff_change_is_left_as_it_is():
    # ten days of the 30.00 are left, and the 21 that were charged again for 20.00 cost 15.00 by now
    ten, rest = span("2026-10-01", "2026-10-11"), span("2026-10-11", "2026-11-01")
    first = BilledLine(1, OCTOBER, 3000, (), (GivenBack(rest, 2000, ()),), whole=3000)
    second = BilledLine(2, rest, 1500, whole=whole_of(1500, rest, OCTOBER, ProrationMode.FIXED_30))
    cycle = Cycle(OCTOBER, 3000, [OCTOBER], ProrationMode.FIXED_30, [first, second])
    assert difference(cycle) == []
    assert difference(replace(cycle, charged_days=[ten])) == [Return(2, rest, 1500, ())]


def test_a_line_beside_one_that_staff_have_changed_owes_what_it_was_billed():
    # 30.00 for October: ten days at a thirtieth each, and 20.00 for the 21 others, since the month costs no more
    ten, rest = span("2026-10-01", "2026-10-11"), span("2026-10-11", "2026-11-01")
    mode = ProrationMode.FIXED_30
    assert difference(Cycle(OCTOBER, 3000, [OCTOBER], mode, [BilledLine(1, ten, 1000)])) == [Charge(rest, 2000)]
    made = BilledLine(1, ten, 500, whole=whole_of(500, ten, OCTOBER, mode))
    assert difference(Cycle(OCTOBER, 3000, [OCTOBER], mode, [made, BilledLine(2, rest, 2000)])) == []


@given(
    st.sampled_from([FEBRUARY, APRIL, OCTOBER]),
    st.sampled_from([ACTUAL, ProrationMode.FIXED_30]),
    st.integers(100, 10**5),
    st.lists(st.integers(1, 27), min_size=1, max_size=4, unique=True),
    st.integers(0, 3),
    st.integers(0, 10**5),
    st.integers(0, 31),
)
def test_what_staff_make_of_one_of_several_lines_changes_no_other(month, mode, whole, cuts, which, made, kept):
    """A month that was billed part by part, as days were added; staff change a line; then days at its end go."""
    lines, ids = [], count(1)
    for end in [*sorted(cuts), month.days]:
        days = [Period(month.start, month.start + timedelta(days=end))]
        lines = written(lines, difference(Cycle(month, whole, days, mode, lines)), ids)
    chosen = lines[which % len(lines)]
    changed = replace(chosen, amount=made, taxes=(), whole=whole_of(made, chosen.period, month, mode))
    lines = [changed if one is chosen else replace(one, taxes=()) for one in lines]
    assert difference(Cycle(month, whole, [month], mode, lines)) == []
    days = [Period(month.start, month.start + timedelta(days=min(kept, month.days)))] if kept else []
    steps = difference(Cycle(month, whole, days, mode, lines))
    # what charges days that go gives back, but for a cent of rounding
    assert all(isinstance(step, Return) or step.amount <= 1 for step in steps)
    lines = written(lines, steps, ids)
    assert difference(Cycle(month, whole, days, mode, lines)) == []
