"""Pitfall 11: yearly from 29 February: the 28th in common years, and the 29th again in leap years."""

from datetime import date
from itertools import pairwise

from billing_shop import open_shop


def test_pitfall_11_yearly_from_a_leap_day(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop:
        subscription = shop.subscribe(shop.customer(), shop.plan("tv", 9900, "1 year"), due=date(2028, 2, 29))
        for year in range(2028, 2037):
            for day in (date(year, 2, 27), date(year, 2, 28), date(year, 3, 1)):
                shop.run(day)
            if year in (2028, 2032, 2036):
                shop.run(date(year, 2, 29))
        periods = [(line[1].isoformat(), line[2].isoformat()) for line in shop.lines(subscription)]
        starts = [f"{year}-02-{29 if year % 4 == 0 else 28}" for year in range(2028, 2038)]
        assert periods == list(pairwise(starts))
