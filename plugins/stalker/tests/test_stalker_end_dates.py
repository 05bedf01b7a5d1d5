"""End dates: whoever has paid to an instant watches to that instant, and less than a day beyond."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead_stalker import end_dates

ZONES = [
    "UTC",
    "Europe/London",
    "Europe/Helsinki",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
    "Asia/Kolkata",
    "America/Sao_Paulo",  # midnight did not exist on the day that clocks went forward
    "Asia/Beirut",  # nor here, still today
    "America/Havana",  # midnight exists twice on the day that clocks go back
]


@pytest.mark.parametrize(
    ("expires_at", "zone", "sent"),
    [
        ("2026-12-31T12:00", "Europe/London", "2027-01-01"),
        ("2026-12-31T23:59", "Europe/London", "2027-01-01"),
        ("2027-01-01T00:00", "Europe/London", "2027-01-01"),  # paid to the midnight: blocked five minutes after it
        ("2027-01-01T00:01", "Europe/London", "2027-01-02"),
        ("2026-12-31T22:00", "Europe/Helsinki", "2027-01-01"),
        ("2026-12-31T22:01", "Europe/Helsinki", "2027-01-02"),
        ("2026-12-31T12:00", "Pacific/Honolulu", "2027-01-01"),
        ("2026-12-31T09:59", "Pacific/Honolulu", "2026-12-31"),  # still the 30th there
        ("2026-12-31T10:01", "Pacific/Kiritimati", "2027-01-02"),  # the 1st there already
        ("2040-06-01T00:00", "Europe/London", "2038-01-19"),  # later would be stored as "never"
        ("2040-06-01T00:00", "Pacific/Honolulu", "2038-01-18"),  # its 19th begins after the last second
    ],
)
def test_the_date_that_is_sent(expires_at, zone, sent):
    place = ZoneInfo(zone)
    instant = end_dates.served_until(datetime.fromisoformat(expires_at).replace(tzinfo=UTC), place)
    assert end_dates.written(instant, place) == sent
    assert end_dates.read(f"{sent} 00:00:00", place) == instant


@given(
    st.integers(0, 22 * 365 * 86_400).map(
        lambda seconds: datetime(2015, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
    st.sampled_from(ZONES).map(ZoneInfo),
)
def test_nobody_is_cut_early_or_served_for_more_than_a_day_beyond(expires_at, zone):
    until = end_dates.served_until(expires_at, zone)
    assert expires_at <= until < expires_at + timedelta(hours=25)  # a day may have 25 hours
    assert end_dates.served_until(until, zone) == until
    assert end_dates.read(end_dates.written(until, zone), zone) == until


def test_midnight_in_a_clock_change():
    """Beirut, 28 March 2027: 23:59:59 is followed by 01:00:00."""
    assert end_dates.day_begins(date(2027, 3, 28), ZoneInfo("Asia/Beirut")) == datetime(2027, 3, 27, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize("shown", ["0000-00-00 00:00:00", "0000-00-00", "", None])
def test_zero_means_never(shown):
    assert end_dates.read(shown, ZoneInfo("UTC")) is None


def test_a_time_of_day_has_no_effect_on_the_portal_and_none_here():
    zone = ZoneInfo("Europe/London")
    assert end_dates.read("2027-01-01 17:30:00", zone) == end_dates.read("2027-01-01", zone)
    with pytest.raises(ValueError, match=r"31\.01"):
        end_dates.read("31.01.2027", zone)
