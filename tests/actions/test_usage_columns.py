"""The same events cost the same in the database and in columns, however they are counted and priced."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import SYSTEM, open_shop
from click.testing import CliRunner
from metered_shop import metric, terms
from sqlalchemy import select

from billhead import clock
from billhead.actions.usage._columnar import columnar, rate_columns
from billhead.actions.usage._lines import start_of
from billhead.actions.usage._shapes import Metered, Window
from billhead.actions.usage._totals import read_totals
from billhead.actions.usage.rate_usage import rate_usage
from billhead.actions.usage.record_events import record_events
from billhead.cli import main
from billhead.db import reading, writing
from billhead.domain.usage_charge import allowance_steps
from billhead.models.subscriptions import Subscription
from billhead.models.usage import UsageEvent
from billhead.plugin import UsageReading

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
TIERS = [{"up_to": "40", "unit": "0.013"}, {"unit": "0.007", "flat": "0.5"}]
WAYS = {
    "sum": ("sum", terms("graduated", tiers=TIERS, included="30", cap="2")),
    "count": ("count", terms("standard", unit="0.01", minimum="0.25")),
    "max": ("max", terms("volume", tiers=TIERS)),
    "unique": ("unique", terms("package", unit="1", per="3")),
    "each": ("sum", terms("standard", unit="0.003", included="25", shared=False)),
    "fees": ("sum", terms("percentage", percent="2.5", event_fee="0.003", event_min="0.01", event_max="0.4")),
}


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        tv = shop.plan("tv", 1000)
        shop.everybody = [shop.subscribe(shop.customer(), tv, anchor=NOVEMBER, due=DECEMBER) for _ in range(6)]
        shop.metrics = {name: metric(shop, name, how) for name, (how, _) in WAYS.items()}
        yield shop


def windows(shop):
    span = (NOVEMBER, DECEMBER, start_of(NOVEMBER, "UTC"), start_of(DECEMBER, "UTC"), 30, 30)
    for name, (how, price) in WAYS.items():
        metered = Metered(shop.metrics[name], name, name, "", how, 0, price)
        for who in shop.everybody:
            yield Window(who, 1, 1, 1, metered, *span, allowance_steps(price, 0))


def record(shop):
    pick = random.Random(7).randrange
    begin = datetime(2026, 10, 31, 22, tzinfo=UTC)  # some are before the window, some after it
    told = []
    for n in range(900):
        who = pick(5)  # the last one uses nothing
        whose = f"subscription:{shop.everybody[who]}" if n % 3 else f"login:u{shop.everybody[who]}"
        at = begin + timedelta(minutes=pick(32 * 24 * 60))
        told.append(UsageReading(f"e{n}", whose, list(WAYS)[n % 6], pick(40), at, f"film:{pick(9)}"))
    with clock.business_time(datetime(2027, 1, 1, tzinfo=UTC)), writing(SYSTEM) as tx:
        for who in shop.everybody:
            tx.session.get_one(Subscription, who).started_on = date(2026, 10, 1)
        tx.session.flush()
        assert record_events(tx, "panel", told).rejected == 0


def test_each_way_of_counting_comes_to_the_same(shop):
    record(shop)
    wanted = list(windows(shop))
    with reading() as session:
        inside = rate_usage(zip(wanted, read_totals(session, wanted), strict=True))
        columns = [column.name for column in UsageEvent.__table__.columns if column.name not in ("properties",)]
        rows = session.execute(select(*(UsageEvent.__table__.c[name] for name in columns))).all()
    duck = columnar()
    names = ", ".join(f'"{name}" {"VARCHAR" if name in ("event_id", "item") else "BIGINT"}' for name in columns)
    duck.execute(f"CREATE TABLE events ({names})")
    duck.executemany(f"INSERT INTO events VALUES ({', '.join('?' * len(columns))})", [tuple(row) for row in rows])
    outside = {(who, metric_id): (n, minor) for who, metric_id, n, _, minor in rate_columns(duck, "events", wanted)}
    assert len(outside) == len(inside) == 36
    for one in inside:
        other = outside[one.window.subscription_id, one.window.metered.metric_id]
        assert other == (one.events, one.amount_minor), one.window.metered.code
    amounts = {name: sum(o.amount_minor for o in inside if o.window.metered.code == name) for name in WAYS}
    assert all(amounts.values()), amounts
    assert amounts["count"] >= 6 * 25  # the minimum, of the one who used nothing too


@pytest.mark.full
def test_the_benchmark_checks_that_both_agree():
    answer = CliRunner().invoke(main, ["bench", "rating", "--events", "2000", "--subscribers", "20", "--json"])
    assert answer.exit_code == 0, answer.output
    assert '"accepted": 2000' in answer.output
