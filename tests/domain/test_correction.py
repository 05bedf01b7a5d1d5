"""Parts of a line that are given back sum exactly to it, in whatever steps."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.correction import Parts, give_back, share_of_days, share_of_quantity, total_of
from billhead.domain.errors import InvalidInput
from billhead.domain.periods import Period


def test_thirds_of_a_line_sum_to_the_line():
    line, nothing = Parts(999, (200,)), Parts(0, (0,))
    first = give_back(line, nothing, 400, "EUR")
    # 2.00 × 4.00 ÷ 11.99 = 0.667
    assert first == Parts(333, (67,))
    second = give_back(line, first, 400, "EUR")
    # 2.00 × 8.00 ÷ 11.99 = 1.334, less 0.67
    assert second == Parts(334, (66,))
    rest = give_back(line, total_of([first, second], 1), 399, "EUR")
    assert total_of([first, second, rest], 1) == line


@given(
    st.integers(0, 10**9),
    st.lists(st.integers(0, 10**8), max_size=3),
    st.lists(st.fractions(0, 1), max_size=6),
    st.sampled_from([1, -1]),
)
def test_all_parts_sum_to_the_line(net, taxes, cuts, sign):
    line = Parts(sign * net, tuple(sign * tax for tax in taxes))
    given_back = []
    for cut in [*cuts, 1]:
        earlier = total_of(given_back, len(taxes))
        part = give_back(line, earlier, int((line.gross - earlier.gross) * cut), "EUR")
        given_back.append(part)
    assert total_of(given_back, len(taxes)) == line


@pytest.mark.parametrize("gross", [-1, 1200])
def test_more_than_the_line_and_less_than_nothing_are_refused(gross):
    with pytest.raises(InvalidInput, match=r"amount: must be from 0 to 11\.99 EUR"):
        give_back(Parts(999, (200,)), Parts(0, (0,)), gross, "EUR")


def test_pieces_and_days():
    assert share_of_quantity(1000, 3, 2) == 667
    december = Period(date(2026, 12, 1), date(2027, 1, 1))
    # 17 of 31 days of 12.00 = 6.580…
    assert share_of_days(1200, december, date(2026, 12, 15)) == 658
    assert share_of_days(1200, december, date(2026, 12, 1)) == 1200
    for since in (date(2026, 11, 30), date(2027, 1, 1)):
        with pytest.raises(InvalidInput, match="since"):
            share_of_days(1200, december, since)
    for pieces in (0, 4):
        with pytest.raises(InvalidInput, match="quantity"):
            share_of_quantity(1000, 3, pieces)


def test_pieces_one_after_the_other_sum_to_the_line():
    assert [share_of_quantity(1207, 2, 1, earlier) for earlier in (0, 604)] == [604, 603]
    assert [share_of_quantity(-1207, 2, 1, earlier) for earlier in (0, -604)] == [-604, -603]
    assert [share_of_quantity(1000, 3, 1, earlier) for earlier in (0, 333, 667)] == [333, 334, 333]
    with pytest.raises(InvalidInput, match="quantity: must be from 1 to 1, got 2"):
        share_of_quantity(1000, 3, 2, 667)
    assert share_of_quantity(1000, 3, 1, 100) == 333  # an amount was given back, and no piece


def test_days_that_came_back_do_not_come_back_again():
    december = Period(date(2026, 12, 1), date(2027, 1, 1))
    last = Period(date(2026, 12, 22), date(2027, 1, 1))
    assert share_of_days(3100, december, date(2026, 12, 12), [last]) == 1000
    assert share_of_days(3100, december, date(2026, 12, 25), [last]) == 0
    # 11 of 31 days of 12.00 are 4.26, the first 20 then 7.74
    assert share_of_days(1200, december, december.start, [Period(date(2026, 12, 21), december.end)]) == 1200 - 426
