"""What is due when: the billing run's heart, told with dates."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.due import days_ahead, due_periods, offered_on
from billhead.domain.errors import InvalidInput
from billhead.domain.periods import Period, Term

MONTH = Term("month")


def due(anchor, billed_through, target, *, starts_on=None, ends_on=None, term=MONTH, **more):
    periods = due_periods(anchor, term, billed_through, target, starts_on=starts_on or anchor, ends_on=ends_on, **more)
    return [(period.start, period.end) for period in periods]


def test_in_advance_a_period_is_due_on_its_first_day_and_not_before():
    anchor = date(2026, 1, 15)
    assert due(anchor, None, date(2026, 1, 14)) == []
    assert due(anchor, None, date(2026, 1, 15)) == [(date(2026, 1, 15), date(2026, 2, 15))]
    assert due(anchor, date(2026, 2, 15), date(2026, 2, 14)) == []
    assert due(anchor, date(2026, 2, 15), date(2026, 2, 15)) == [(date(2026, 2, 15), date(2026, 3, 15))]


def test_in_arrears_a_period_is_due_when_it_is_over():
    anchor = date(2026, 1, 15)
    assert due(anchor, None, date(2026, 2, 14), arrears=True) == []
    assert due(anchor, None, date(2026, 2, 15), arrears=True) == [(anchor, date(2026, 2, 15))]
    # Canceled on the 20th: the part is due that day, not at the end of the month.
    part = [(date(2026, 2, 15), date(2026, 2, 20))]
    assert due(anchor, date(2026, 2, 15), date(2026, 2, 19), ends_on=date(2026, 2, 20), arrears=True) == []
    assert due(anchor, date(2026, 2, 15), date(2026, 2, 20), ends_on=date(2026, 2, 20), arrears=True) == part


def test_an_outage_of_three_months_is_made_up_from_the_anchor():
    assert due(date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)) == [
        (date(2026, 2, 28), date(2026, 3, 31)),
        (date(2026, 3, 31), date(2026, 4, 30)),
        (date(2026, 4, 30), date(2026, 5, 31)),
    ]


def test_an_account_billing_day_begins_with_a_leading_part():
    # Everything on the 1st; started on the 20th.
    assert due(date(2026, 3, 1), None, date(2026, 4, 1), starts_on=date(2026, 3, 20)) == [
        (date(2026, 3, 20), date(2026, 4, 1)),
        (date(2026, 4, 1), date(2026, 5, 1)),
    ]


def test_a_component_added_later_starts_on_its_own_day():
    # The plan is billed through 1 April; the add-on starts on 10 April and owes nothing for the days before.
    assert due(date(2026, 3, 1), date(2026, 4, 1), date(2026, 4, 10), starts_on=date(2026, 4, 10)) == [
        (date(2026, 4, 10), date(2026, 5, 1))
    ]


def test_the_end_cuts_the_last_period_and_nothing_follows():
    anchor, end = date(2026, 1, 15), date(2026, 2, 20)
    assert due(anchor, None, date(2026, 6, 1), ends_on=end) == [
        (date(2026, 1, 15), date(2026, 2, 15)),
        (date(2026, 2, 15), date(2026, 2, 20)),
    ]
    assert due(anchor, end, date(2026, 6, 1), ends_on=end) == []
    # Ended before what is already billed: nothing is due, what comes back is a credit.
    assert due(anchor, date(2026, 3, 15), date(2026, 6, 1), ends_on=end) == []
    assert due(anchor, None, date(2026, 6, 1), ends_on=anchor) == []


def test_a_backlog_past_the_limit_is_refused_whole():
    first = date(2020, 1, 1)
    assert len(due(first, None, date(2023, 12, 1))) == 48
    with pytest.raises(InvalidInput, match="more than 48 periods of 1 month"):
        due(first, None, date(2024, 1, 1))
    assert len(due(first, None, date(2020, 1, 3), term=Term("day"), limit=3)) == 3
    with pytest.raises(InvalidInput, match="more than 3 periods"):
        due(first, None, date(2020, 1, 4), term=Term("day"), limit=3)


TERMS = st.sampled_from([Term("day", 30), Term("week"), MONTH, Term("month", 3), Term("year")])


@given(
    anchor=st.dates(date(2024, 1, 1), date(2024, 12, 31)),
    term=TERMS,
    lead=st.integers(0, 40),
    length=st.one_of(st.none(), st.integers(0, 400)),
    run=st.integers(0, 500),
    arrears=st.booleans(),
)
def test_running_every_day_gives_what_one_run_at_the_end_gives(anchor, term, lead, length, run, arrears):
    starts_on = anchor + timedelta(days=lead)
    ends_on = None if length is None else starts_on + timedelta(days=length)
    rules = {"starts_on": starts_on, "ends_on": ends_on, "arrears": arrears, "limit": 100}
    target = anchor + timedelta(days=run)

    daily, billed_through = [], None
    for day in range(run + 1):
        today = due_periods(anchor, term, billed_through, anchor + timedelta(days=day), **rules)
        daily += today
        billed_through = daily[-1].end if daily else None

    at_once = due_periods(anchor, term, None, target, **rules)
    assert daily == at_once
    assert due_periods(anchor, term, billed_through, target, **rules) == []
    tiles(at_once, starts_on, ends_on)


def tiles(periods: list[Period], starts_on, ends_on):
    """No gap, no overlap, from the start, never past the end."""
    reached = starts_on
    for period in periods:
        assert period.start == reached
        reached = period.end
    assert ends_on is None or not periods or reached <= ends_on


@pytest.mark.parametrize(
    ("term", "said", "ahead"),
    [("1 day", 14, 0), ("1 week", 14, 6), ("1 week", 3, 3), ("1 month", 60, 27), ("1 year", 60, 60)],
)
def test_nothing_is_asked_for_a_whole_term_ahead(term, said, ahead):
    assert days_ahead(said, Term.parse(term)) == ahead
    assert days_ahead(0, Term.parse(term)) == 0


def test_what_follows_a_part_of_a_term_is_offered_when_that_runs():
    part = Period(date(2026, 11, 28), date(2026, 12, 1))
    assert offered_on(part, 14) == date(2026, 11, 29)
    assert offered_on(part, 1) == date(2026, 11, 30)
