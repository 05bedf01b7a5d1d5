"""Cycles counted from the anchor, half-open periods, and days that begin when the wall clock there says so."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.errors import InvalidInput
from billhead.domain.periods import (
    Period,
    Term,
    anchor_for_day,
    anchor_of_term,
    cycle,
    cycle_index,
    cycle_start,
    local_date,
    start_of_day,
)

days = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31))
terms = st.one_of(
    st.builds(Term, st.just("day"), st.integers(1, 400)),
    st.builds(Term, st.just("week"), st.integers(1, 60)),
    st.builds(Term, st.just("month"), st.integers(1, 36)),
    st.builds(Term, st.just("year"), st.integers(1, 5)),
)
MONTH = Term("month")


@pytest.mark.parametrize(
    ("text", "term", "printed"),
    [
        ("3 months", Term("month", 3), "3 months"),
        ("1 year", Term("year"), "1 year"),
        ("Month", MONTH, "1 month"),
        (" 30  days ", Term("day", 30), "30 days"),
        ("2 weeks", Term("week", 2), "2 weeks"),
    ],
)
def test_terms_are_read_and_printed(text, term, printed):
    assert Term.parse(text) == term
    assert str(term) == printed


@pytest.mark.parametrize(
    "text", ["", "3", "months 3", "0 months", "-1 month", "1.5 months", "3 fortnights", "99 years"]
)
def test_what_is_not_a_term_is_refused(text):
    with pytest.raises(InvalidInput, match="term"):
        Term.parse(text)


@given(terms)
def test_a_printed_term_reads_back(term):
    assert Term.parse(str(term)) == term


def test_pitfall_10_month_end_anchor_comes_back():
    starts = [cycle_start(date(2026, 1, 31), MONTH, n) for n in range(13)]
    assert [(day.month, day.day) for day in starts] == [
        (1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (9, 30), (10, 31), (11, 30), (12, 31),
        (1, 31),
    ]  # fmt: skip


def test_pitfall_11_leap_day_comes_back_in_leap_years():
    starts = [cycle_start(date(2024, 2, 29), Term("year"), n) for n in range(5)]
    assert starts == [date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


def test_an_anchor_on_28_february_stays_on_the_28th():
    assert cycle_start(date(2026, 2, 28), MONTH, 1) == date(2026, 3, 28)


@pytest.mark.parametrize(
    ("anchor", "term", "day", "n"),
    [
        (date(2026, 1, 31), MONTH, date(2026, 1, 31), 0),
        (date(2026, 1, 31), MONTH, date(2026, 2, 27), 0),
        (date(2026, 1, 31), MONTH, date(2026, 2, 28), 1),
        (date(2026, 1, 31), MONTH, date(2026, 3, 30), 1),
        (date(2026, 1, 31), MONTH, date(2026, 1, 30), -1),
        (date(2026, 1, 15), Term("month", 3), date(2026, 4, 14), 0),
        (date(2026, 1, 15), Term("month", 3), date(2026, 4, 15), 1),
        (date(2024, 2, 29), Term("year"), date(2025, 2, 28), 1),
        (date(2026, 1, 1), Term("day", 30), date(2026, 1, 31), 1),
        (date(2026, 1, 1), Term("week"), date(2025, 12, 31), -1),
    ],
)
def test_which_cycle_holds_a_day(anchor, term, day, n):
    assert cycle_index(anchor, term, day) == n


@given(days, terms, days)
def test_the_cycle_of_a_day_holds_it(anchor, term, day):
    assert day in cycle(anchor, term, cycle_index(anchor, term, day))


@given(days, terms, st.integers(-20, 60))
def test_cycles_tile_the_calendar(anchor, term, n):
    assert cycle(anchor, term, n).end == cycle(anchor, term, n + 1).start


@given(days, st.integers(1, 36), st.integers(-20, 60))
def test_cycle_n_never_drifts(anchor, months, n):
    start = cycle_start(anchor, Term("month", months), n)
    next_day = start + timedelta(days=1)
    assert start.day == anchor.day or (start.day < anchor.day and next_day.day == 1)
    assert (start.year - anchor.year) * 12 + start.month - anchor.month == n * months


def test_the_end_of_the_calendar_is_an_error_and_not_a_crash():
    for term in (MONTH, Term("day", 400)):
        with pytest.raises(InvalidInput, match="outside the calendar"):
            cycle_start(date(2026, 1, 1), term, 10**6)


def test_a_period_is_half_open_and_never_empty():
    january = Period(date(2026, 1, 1), date(2026, 2, 1))
    assert january.days == 31
    assert date(2026, 1, 1) in january
    assert date(2026, 2, 1) not in january
    assert january.overlap(Period(date(2026, 2, 1), date(2026, 3, 1))) is None
    assert january.overlap(Period(date(2026, 1, 20), date(2026, 3, 1))) == Period(date(2026, 1, 20), date(2026, 2, 1))
    for end in (date(2026, 1, 1), date(2025, 12, 31)):
        with pytest.raises(InvalidInput, match="must end after its start"):
            Period(date(2026, 1, 1), end)


@pytest.mark.parametrize(
    ("day", "starts_on", "anchor"),
    [
        (1, date(2026, 3, 15), date(2026, 3, 1)),
        (15, date(2026, 3, 15), date(2026, 3, 15)),
        (20, date(2026, 3, 15), date(2026, 2, 20)),
        (31, date(2026, 3, 15), date(2026, 1, 31)),  # February has no 31st
        (30, date(2026, 1, 5), date(2025, 12, 30)),
    ],
)
def test_an_account_day_anchors_where_the_day_exists(day, starts_on, anchor):
    assert anchor_for_day(day, starts_on) == anchor


def test_there_is_no_32nd():
    for day in (0, 32, True):
        with pytest.raises(InvalidInput, match="billing day"):
            anchor_for_day(day, date(2026, 1, 1))


def test_pitfall_12_the_local_calendar_decides():
    just_after_midnight_utc = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)
    assert local_date(just_after_midnight_utc, "America/New_York") == date(2026, 11, 22)
    assert local_date(just_after_midnight_utc, "Pacific/Kiritimati") == date(2026, 11, 23)
    assert local_date(just_after_midnight_utc, "Pacific/Honolulu") == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 11, 22), "UTC", "2026-11-22T00:00+00:00"),
        (date(2026, 7, 1), "Europe/Lisbon", "2026-06-30T23:00+00:00"),
        (date(2026, 11, 22), "Asia/Kolkata", "2026-11-21T18:30+00:00"),
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00+00:00"),  # 00:00 was skipped, the day began at 01:00
        (date(2026, 11, 1), "America/Havana", "2026-11-01T04:00+00:00"),  # 00:00 comes twice: the first
        (date(1919, 3, 31), "America/Toronto", "1919-03-31T04:30+00:00"),  # 23:30 jumped to 00:30
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00+00:00"),  # a day that never was
        (date(2011, 12, 31), "Pacific/Apia", "2011-12-30T10:00+00:00"),
    ],
)
def test_when_a_day_begins(day, zone, instant):
    assert start_of_day(day, zone) == datetime.fromisoformat(instant)


ZONES = ["UTC", "America/New_York", "America/Havana", "America/Sao_Paulo", "Pacific/Kiritimati", "Pacific/Honolulu",
         "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "America/Santiago"]  # fmt: skip


@given(st.dates(date(2000, 1, 1), date(2035, 12, 31)), st.sampled_from(ZONES))
def test_a_day_begins_exactly_once(day, zone):
    begins = start_of_day(day, zone)
    assert begins.tzinfo is UTC
    assert local_date(begins, zone) == day
    assert local_date(begins - timedelta(seconds=1), zone) < day
    assert begins < start_of_day(day + timedelta(days=1), zone)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "America", None])
def test_unknown_zones_are_refused(zone):
    with pytest.raises(InvalidInput, match="is not a time zone"):
        start_of_day(date(2026, 1, 1), zone)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(InvalidInput, match="has no time zone"):
        local_date(datetime(2026, 1, 1), "UTC")  # noqa: DTZ001
    assert local_date(datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")), "UTC") == date(2025, 12, 31)


@pytest.mark.parametrize(
    ("anchor", "old", "new", "start", "anchor_then", "cycles"),
    [
        ("2026-01-31", "1 month", "3 months", "2026-02-28", "2025-08-31", ["2026-02-28", "2026-05-31", "2026-08-31"]),
        ("2026-01-31", "3 months", "1 month", "2026-04-30", "2026-03-31", ["2026-04-30", "2026-05-31", "2026-06-30"]),
        ("2026-01-31", "1 month", "1 year", "2026-02-28", "2024-02-29", ["2026-02-28", "2027-02-28", "2028-02-29"]),
        ("2026-01-15", "1 month", "1 year", "2026-02-15", "2026-02-15", ["2026-02-15", "2027-02-15", "2028-02-15"]),
        ("2026-01-31", "1 month", "1 week", "2026-02-28", "2026-02-28", ["2026-02-28", "2026-03-07", "2026-03-14"]),
        ("2026-01-31", "1 month", "3 months", "2026-02-20", "2026-02-20", ["2026-02-20", "2026-05-20", "2026-08-20"]),
    ],
)
def test_another_term_remembers_the_day_of_the_month(anchor, old, new, start, anchor_then, cycles):
    day, length = date.fromisoformat, Term.parse(new)
    found = anchor_of_term(day(anchor), Term.parse(old), length, day(start))
    assert found == day(anchor_then)
    first = cycle_index(found, length, day(start))
    assert [cycle_start(found, length, first + n).isoformat() for n in range(3)] == cycles
