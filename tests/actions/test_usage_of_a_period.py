"""The use of one period, and the way from there to those before and after it."""

from datetime import UTC, date, datetime

from billing_shop import open_shop
from metered_shop import meter, metric, tell, used

from billhead import clock
from billhead.actions.usage.usage_of_period import usage_of_period
from billhead.db import reading
from billhead.models.subscriptions import Subscription

NOVEMBER, DECEMBER, LEFT = date(2026, 11, 1), date(2026, 12, 1), date(2026, 12, 11)


def test_of_who_has_left_the_periods_are_found_from_the_last_one_on(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, clock.business_time(datetime(2027, 2, 1, 12, tzinfo=UTC)):
        tv = shop.plan("tv", 1000)
        meter(shop, tv, metric(shop), "standard", unit="0.01")
        anna = shop.subscribe(shop.customer(), tv, anchor=NOVEMBER, due=DECEMBER)
        tell(used(anna, 500, "2026-11-05T12:00:00Z"), used(anna, 300, "2026-12-05T12:00:00Z"))
        shop.run(DECEMBER)
        ends = {"billing_ends_on": LEFT, "service_ends_on": LEFT, "next_bill_on": None}
        shop.change(Subscription, anna, state="canceled", **ends)
        shop.run(LEFT)
        with reading() as session:
            now = usage_of_period(session, anna)
            december = usage_of_period(session, anna, now.earlier)
            november = usage_of_period(session, anna, december.earlier)
            before = usage_of_period(session, anna, date(2026, 10, 1))
        assert (now.metered, list(now.found), now.later) == (True, [], None)  # none runs
        assert [(one.starts_on, one.ends_on, one.used) for one in december.found] == [(DECEMBER, LEFT, "300")]
        assert [(one.starts_on, one.ends_on, one.used) for one in november.found] == [(NOVEMBER, DECEMBER, "500")]
        assert (december.later, november.later, november.earlier) == (None, DECEMBER, None)
        assert (list(before.found), before.earlier, before.later) == ([], None, NOVEMBER)
