"""Events of use: each counted once whoever tells it, and what can't be taken is kept with its reason."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from billing_shop import SYSTEM, open_shop
from metered_shop import MUCH_LATER, billed, events, meter, metric, rejects, tell, used

from billhead import clock
from billhead.actions.usage._rejects import ChosenRejects
from billhead.actions.usage.record_events import record_events
from billhead.actions.usage.retry_rejects import retry_rejects
from billhead.db import writing
from billhead.domain.errors import InvalidInput
from billhead.models.subscriptions import Service, Subscription
from billhead.models.usage import UsageBatch

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        tv = shop.plan("tv", 1000)
        meter(shop, tv, metric(shop), "standard", unit="0.01")
        shop.anna = shop.subscribe(shop.customer(), tv, anchor=NOVEMBER, due=DECEMBER, external_ref="S1")
        shop.tv = tv
        yield shop


def test_an_event_that_is_told_again_changes_nothing(shop):
    first, second = used(shop.anna, 5), used(shop.anna, 7)
    assert tell(first, second, first).accepted == 2
    again = tell(second, first._replace(quantity=99))
    assert (again.accepted, again.duplicates) == (0, 2)
    assert events(shop.anna) == [(first.id, 5), (second.id, 7)]
    assert tell(first, source="another panel").accepted == 1  # ids are the source's own


def test_a_line_is_known_by_any_of_its_names(shop):
    (service,) = shop.all(Service)
    names = (f"subscription:{shop.anna}", f"service:{service.id}", f"login:{service.login}", f"handle:{service.handle}",
             "reference:S1")  # fmt: skip
    assert tell(*(used(0, whose=name) for name in names)).accepted == 5
    assert {quantity for _, quantity in events(shop.anna)} == {1}


def test_what_cannot_be_taken_is_kept_with_its_reason_and_costs_no_other_event(shop):
    now = datetime(2026, 11, 20, tzinfo=UTC)
    shop.change(Subscription, shop.anna, billing_ends_on=date(2026, 11, 19))
    about = {
        "unknown_subscription": used(9999, id="a"),
        "unknown_metric": used(shop.anna, code="sausages", id="b"),
        "quantity": used(shop.anna, "NaN", id="c"),
        "future": used(shop.anna, at=now + timedelta(hours=1), id="d"),
        "before_start": used(shop.anna, at="2026-10-31T23:59:59Z", id="e"),
        "after_end": used(shop.anna, at="2026-11-19T00:00:00Z", id="f"),
        "at": used(shop.anna, at="yesterday", id="g"),
        "id": used(shop.anna, id="x" * 65),
        "properties": used(shop.anna, id="i", properties={"much": "y" * 3000}),
    }
    others = [
        used(shop.anna, at=datetime(2026, 11, 10), id="j"),  # noqa: DTZ001 that is the fault
        used(shop.anna, -4, id="k"), used(shop.anna, 10**13, id="l"), used(shop.anna, 0.5, id="m"),
        used(0, whose="subscription:1 OR 1=1", id="n"), used(0, whose="Anna", id="o"),
        used(shop.anna, "1_000", id="p"),
    ]  # fmt: skip
    good = used(shop.anna, 3, id="good")
    told = tell(*about.values(), *others, good, now=now)
    assert (told.accepted, told.rejected) == (1, 16)
    assert dict(rejects()) == {
        **{reading.id[:64]: reason for reason, reading in about.items()},
        "j": "at", "k": "quantity", "l": "quantity", "m": "quantity", "n": "unknown_subscription",
        "o": "unknown_subscription", "p": "quantity",
    }  # fmt: skip
    tell(*about.values(), *others, now=now)
    assert len(rejects()) == 16  # told again, they are kept once


def test_a_source_that_counts_its_events_anew_for_each_line_loses_none_that_are_rejected(shop):
    """It calls the first event of each line "1": of Bea and Cid, whom nobody knows yet, each is kept, and of Bea both
    that were at another time; told again, they are kept once, and all are counted once their lines are known."""
    told = [
        used(0, 30, whose="login:bea", id="1"),
        used(0, 40, whose="login:bea", id="1", at="2026-11-11T12:00:00+00:00"),
        used(0, 50, whose="login:cid", id="1"),
        used(0, 60, whose="login:cid", id="1", code="hours"),
        used(0, 70, whose="login:cid", id="1" * 64 + "a"),
        used(0, 80, whose="login:cid", id="1" * 64 + "b"),
    ]
    for _ in range(2):
        assert tell(*told).rejected == 6
    assert [reason for _, reason in rejects()] == ["unknown_subscription"] * 6
    bea, cid = (shop.subscribe(shop.customer(), shop.tv, anchor=NOVEMBER, due=DECEMBER) for _ in range(2))
    for key, login in ((bea, "bea"), (cid, "cid")):
        (line,) = (one for one in shop.all(Service) if one.subscription_id == key)
        shop.change(Service, line.id, login=login)
    with clock.business_time(MUCH_LATER), writing(SYSTEM) as tx:
        done = retry_rejects(tx, ChosenRejects(), upto=1000)
    assert (done.taken, done.left) == (3, 3)
    assert (events(bea), events(cid)) == ([("1", 30), ("1", 40)], [("1", 50)])
    assert rejects() == [("1", "unknown_metric"), ("1" * 64, "id"), ("1" * 64, "id")]


def test_two_lines_of_one_login_are_nobody_and_one_that_is_gone_does_not_count(shop):
    other = shop.subscribe(shop.customer(), shop.tv, anchor=NOVEMBER, due=DECEMBER)
    services = shop.all(Service)
    for service in services:
        shop.change(Service, service.id, login="same")
    assert tell(used(0, whose="login:same")).rejected == 1
    shop.change(Service, services[0].id, lifecycle="gone")
    assert tell(used(0, whose="login:same")).accepted == 1
    assert len(events(other)) == 1


def test_quantities_finer_than_the_metric_are_refused_and_decimals_are_exact(shop):
    metric(shop, "hours", decimals=2)
    assert tell(used(shop.anna, Decimal("0.25"), code="hours"), used(shop.anna, "0.255", code="hours")).accepted == 1
    assert events(shop.anna)[0][1] == 25


def test_a_source_needs_a_name(shop):
    with pytest.raises(InvalidInput, match="source"), writing(SYSTEM) as tx:
        record_events(tx, " ", [])


def test_two_importers_of_one_file_count_each_event_once(shop):
    """Batches overlap and come in another order; both see every subscription."""
    others = [shop.subscribe(shop.customer(), shop.tv, anchor=NOVEMBER, due=DECEMBER) for _ in range(5)]
    told = [used(one, n, f"2026-11-{n:02d}T10:00:00Z") for n in range(1, 25) for one in (shop.anna, *others)]
    accepted, errors = [], []

    def importer(readings):
        try:
            with shop.app.app_context():
                for at in range(0, len(readings), 20):
                    with writing(SYSTEM) as tx:
                        accepted.append(record_events(tx, "file", readings[at : at + 20]).accepted)
        except Exception as error:  # noqa: BLE001 shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=importer, args=(ones,)) for ones in (told, told[::-1], told[50:] + told[:50])]
    with clock.business_time(datetime(2026, 12, 1, tzinfo=UTC)):  # there is one clock for all threads
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert sum(accepted) == len(told) == 144
    assert len(events(shop.anna)) == 24


def test_use_that_arrives_between_reading_and_writing_is_billed(shop, monkeypatch):
    """The run has read 100 minutes; before it writes, 50 more come in. It looks again, and no minute is lost."""
    from billhead.actions.billing import run as module

    tell(used(shop.anna, 100))
    rate, told = module.rate, []

    def slow(*args):
        answer = rate(*args)
        if not told:
            told.append(tell(used(shop.anna, 50)))
        return answer

    monkeypatch.setattr(module, "rate", slow)
    shop.run(DECEMBER)
    assert told[0].late == 0
    assert billed(shop.anna) == [(NOVEMBER, DECEMBER, 0, 2, 150, 150)]


def test_a_batch_that_fails_leaves_nothing(shop):
    event = used(shop.anna, 5)

    def record_and_break():
        with clock.business_time(datetime(2026, 12, 1, tzinfo=UTC)), writing(SYSTEM) as tx:
            record_events(tx, "panel", [event, used(9999)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_break()
    assert (events(shop.anna), rejects(), len(shop.all(UsageBatch))) == ([], [], 0)
    assert tell(event).accepted == 1
