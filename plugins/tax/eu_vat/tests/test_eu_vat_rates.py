"""The seed, checked against a second source and around each change that a year of invoices would stumble over."""

from datetime import date, timedelta

import pytest

from billhead.plugin import InvalidInput
from billhead_eu_vat.places import STATES, place_of
from billhead_eu_vat.rates import Rates

# The Commission's TEDB, standard rates on 2026-09-29, in percent; written down apart from the seed.
TEDB = {
    "AT": "20", "BE": "21", "BG": "20", "CY": "19", "CZ": "21", "DE": "19", "DK": "25", "EE": "24", "ES": "21",
    "FI": "25.5", "FR": "20", "GR": "24", "HR": "25", "HU": "27", "IE": "23", "IT": "22", "LT": "21", "LU": "17",
    "LV": "21", "MT": "18", "NL": "21", "PL": "23", "PT": "23", "RO": "21", "SE": "25", "SI": "22", "SK": "23",
}  # fmt: skip


def ppm(percent):
    whole, _, part = percent.partition(".")
    return int(whole) * 10_000 + int(part.ljust(4, "0") or 0)


def test_there_are_27_member_states():
    assert sorted(STATES) == sorted(TEDB)


@pytest.mark.parametrize("state", sorted(TEDB))
def test_the_rate_of_today_is_what_the_commission_publishes(state):
    assert Rates().on(state, "tv", date(2026, 9, 29)) == ppm(TEDB[state])


@pytest.mark.parametrize(
    ("place", "changed_on", "before", "after"),
    [
        ("DE", date(2020, 7, 1), "19", "16"),
        ("DE", date(2021, 1, 1), "16", "19"),
        ("EE", date(2024, 1, 1), "20", "22"),
        ("EE", date(2025, 7, 1), "22", "24"),
        ("FI", date(2024, 9, 1), "24", "25.5"),
        ("GR", date(2016, 6, 1), "23", "24"),
        ("IE", date(2020, 9, 1), "23", "21"),
        ("IE", date(2021, 3, 1), "21", "23"),
        ("LU", date(2023, 1, 1), "17", "16"),
        ("LU", date(2024, 1, 1), "16", "17"),
        ("PT-20", date(2021, 7, 1), "18", "16"),
        ("RO", date(2017, 1, 1), "20", "19"),
        ("RO", date(2025, 8, 1), "19", "21"),
        ("SK", date(2025, 1, 1), "20", "23"),
    ],
)
def test_a_rate_changes_on_its_day(place, changed_on, before, after):
    assert Rates().on(place, "tv", changed_on - timedelta(days=1)) == ppm(before)
    assert Rates().on(place, "tv", changed_on) == ppm(after)


@pytest.mark.parametrize("state", sorted(TEDB))
def test_every_state_is_known_since_2016_and_not_before(state):
    assert 160_000 <= Rates().on(state, "tv", date(2016, 1, 1)) <= 270_000
    with pytest.raises(InvalidInput, match=f"{state} is not known for 2015-12-31"):
        Rates().on(state, "tv", date(2015, 12, 31))


@pytest.mark.parametrize(
    ("country", "region", "jurisdiction", "state"),
    [
        ("es", "", "ES", "ES"),
        ("ES", "MD", "ES", "ES"),
        ("ES", "CN", "ES-CN", ""),
        ("ES", "ES-TF", "ES-TF", ""),
        ("FI", "01", "FI-01", ""),
        ("AX", "", "FI-01", ""),
        ("FR", "974", "FR-974", ""),
        ("RE", "", "RE", ""),
        ("GR", "69", "GR-69", ""),
        ("EL", "", "GR", "GR"),
        ("MC", "", "FR", "FR"),
        ("PT", "20", "PT", "PT"),
        ("UK", "", "GB", ""),
        ("GB", "NIR", "GB", ""),
        ("US", "CA", "US", ""),
    ],
)
def test_where_a_place_is(country, region, jurisdiction, state):
    place = place_of(country, region)
    assert (place.jurisdiction, place.state) == (jurisdiction, state)


@pytest.mark.parametrize("country", ["", "D", "49", "Ö1"])
def test_what_is_no_country_is_refused(country):
    with pytest.raises(InvalidInput, match="not a country code") as refused:
        place_of(country)
    assert refused.value.field == "country"
