"""Pitfall 10: start on the 31st, billed for twelve months: short months use their last day, and the 31st comes back."""

from datetime import date, timedelta

from billing_shop import open_shop

from billhead.models.documents import DocumentLine


def test_pitfall_10_the_31st_comes_back_in_every_month_that_has_one(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop:
        subscription = shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=date(2027, 1, 31))
        day = date(2027, 1, 31)
        while day < date(2028, 1, 31):
            shop.run(day)
            day += timedelta(days=1)
        starts = [line.period_start.isoformat() for line in shop.all(DocumentLine)]
        ends = [line.period_end.isoformat() for line in shop.all(DocumentLine)]
        assert starts == [
            "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30", "2027-07-31",
            "2027-08-31", "2027-09-30", "2027-10-31", "2027-11-30", "2027-12-31",
        ]  # fmt: skip
        assert ends == [*starts[1:], "2028-01-31"]
        assert {line[3] for line in shop.lines(subscription)} == {1000}  # each is a whole month, whatever its days
