"""Pitfall 12: the customer's calendar day decides, whenever the job runs and whatever the clocks there do."""

from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import open_shop

from billhead import clock
from billhead.domain.periods import local_date

ZONES = ("America/New_York", "Europe/Helsinki", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe")
# clocks go back in New York on 1 November 2026, and forward on 14 March 2027; Lord Howe's move by half an hour
CHANGES = (datetime(2026, 10, 30, tzinfo=UTC), datetime(2027, 3, 12, tzinfo=UTC), datetime(2027, 3, 27, tzinfo=UTC))


@pytest.mark.parametrize("begins", CHANGES)
def test_pitfall_12_a_daily_plan_is_billed_once_for_each_day_of_the_customers_calendar(sqlite_url, tmp_path, begins):
    with open_shop(sqlite_url, tmp_path) as shop:
        plan = shop.plan("day", 100, "1 day")
        who = {zone: shop.subscribe(shop.customer(zone=zone), plan, due=local_date(begins, zone)) for zone in ZONES}
        at = begins + timedelta(minutes=5)
        end = begins + timedelta(days=5)
        while at < end:  # every three hours, at 00:05 UTC as well
            with clock.business_time(at):
                shop.run(at)
            at += timedelta(hours=3)
        last = at - timedelta(hours=3)
        for zone, subscription in who.items():
            days = (local_date(last, zone) - local_date(begins, zone)).days + 1
            first = local_date(begins, zone)
            expected = [(first + timedelta(days=n), first + timedelta(days=n + 1)) for n in range(days)]
            assert [line[1:3] for line in shop.lines(subscription)] == expected, zone


def test_pitfall_12_runs_on_both_sides_of_the_customers_midnight_bill_once_and_on_the_right_day(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop:
        # in São Paulo, UTC−3, 1 December begins at 03:00 UTC
        subscription = shop.subscribe(
            shop.customer(zone="America/Sao_Paulo"), shop.plan("tv", 1000), due=date(2026, 12, 1)
        )
        invoices = []
        for hour in (20, 23, 26, 27, 28, 44):
            at = datetime(2026, 11, 30, tzinfo=UTC) + timedelta(hours=hour)
            with clock.business_time(at):
                invoices.append(shop.run(at).invoices)
        assert invoices == [0, 0, 0, 1, 0, 0]
        assert [line[1:3] for line in shop.lines(subscription)] == [(date(2026, 12, 1), date(2027, 1, 1))]
