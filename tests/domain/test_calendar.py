"""Cycles are counted by the anchor of their own time, also when it has moved since."""

from datetime import date

import pytest

from billhead.domain.calendar import Calendar, Former
from billhead.domain.due import ended_periods
from billhead.domain.periods import Period, Term

MONTH = Term("month")
APR, MAY, JUN = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)
# five days were given to who had paid for April
GIVEN = Calendar(date(2026, 5, 6), MONTH, (Former(date(2026, 5, 6), APR, MONTH, MAY),))
# from 20 May on all is billed on the 15th, what was billed by then ends on the 1st
MOVED = Calendar(date(2026, 5, 15), MONTH, (Former(JUN, APR, MONTH),))


@pytest.mark.parametrize(
    ("calendar", "day", "cycle", "period"),
    [
        (Calendar(APR, MONTH), date(2026, 4, 20), (APR, MAY), (APR, MAY)),
        (GIVEN, date(2026, 3, 31), (date(2026, 3, 1), APR), (date(2026, 3, 1), APR)),
        (GIVEN, APR, (APR, MAY), (APR, date(2026, 5, 6))),
        (GIVEN, date(2026, 5, 5), (APR, MAY), (APR, date(2026, 5, 6))),
        (GIVEN, date(2026, 5, 6), (date(2026, 5, 6), date(2026, 6, 6)), (date(2026, 5, 6), date(2026, 6, 6))),
        (MOVED, date(2026, 5, 20), (MAY, JUN), (MAY, JUN)),
        (MOVED, date(2026, 6, 2), (date(2026, 5, 15), date(2026, 6, 15)), (JUN, date(2026, 6, 15))),
        (MOVED, date(2026, 6, 15), (date(2026, 6, 15), date(2026, 7, 15)), (date(2026, 6, 15), date(2026, 7, 15))),
    ],
)
def test_a_day_is_of_the_cycle_in_which_it_was_sold(calendar, day, cycle, period):
    assert calendar.cycle_at(day) == Period(*cycle)
    assert calendar.period_at(day) == Period(*period)


def test_periods_that_ended_follow_each_other_without_a_gap():
    found = ended_periods(GIVEN, APR, date(2026, 7, 6), date(2026, 6, 20))
    assert [(one.start, one.end) for one in found] == [
        (APR, date(2026, 5, 6)), (date(2026, 5, 6), date(2026, 6, 6)), (date(2026, 6, 6), date(2026, 6, 20)),
    ]  # fmt: skip
