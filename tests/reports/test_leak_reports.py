"""Where money leaks, in figures, and what could not be billed."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import NOW, open_shop
from debt_shop import at, november

from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.fraud import FraudCase
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.reports import ask, report_of, tabled

DAY = november(22)
FUTURE = datetime(2026, 12, 4, tzinfo=UTC)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def made(code, day=DAY, **typed):
    found = report_of(code)
    with at(day), reading() as session:
        return tabled(session, found, ask(session, found.report, typed, day))


def line(shop, *, due=date(2026, 12, 1), seen=None, subscription=None, **service):
    """One line at 10.00 a month. `seen`: what the panel said; both change what a healthy one would have."""
    plan = shop.plan(f"tv{shop.made}", 1000)
    subscription_id = shop.subscribe(shop.customer(), plan, due=due, anchor=november(1))
    shop.change(Subscription, subscription_id, **(subscription or {}))
    (row,) = shop.all(Service, Service.subscription_id == subscription_id)
    healthy = {"desired_expires_at": FUTURE, "sync": "ok", "observed_at": NOW, "converged_version": 1}
    observed = {"blocked": False, "expires_at": FUTURE.isoformat(), **(seen or {})}
    shop.change(Service, row.id, **{**healthy, "observed": observed, **service})
    return subscription_id


def leaks(**typed):
    return [(row[0], int(row[2].text)) for row in made("revenue-leaks", **typed).rows]


def test_a_house_in_order_leaks_nothing(shop):
    line(shop)
    past = {"expires_at": "2026-11-01T00:00:00+00:00"}
    line(shop, seen=past, desired_expires_at=november_at(1), subscription={"state": "expired", "next_bill_on": None})
    blocked = {"blocked": True}
    line(shop, seen=blocked, desired_blocked=True, subscription={"state": "suspended", "suspended_for": "debt"})
    checked = line(shop, due=november(3))
    with writing(Context.system("test")) as tx:
        one = tx.session.get_one(Subscription, checked)
        case = FraudCase(
            seller_id=one.seller_id, customer_id=one.customer_id, subscription_id=checked, plan="tv", trial=False,
            amount_minor=1000, currency="EUR", state="review", score=60, ordered_at=NOW,
        )  # fmt: skip
        tx.session.add(case)
    assert leaks() == [], "what is being checked is billed when it is approved"


def november_at(day):
    return datetime(2026, 11, day, tzinfo=UTC)


def test_each_leak_has_its_word_and_its_price(shop):
    unpaid = line(shop, desired_expires_at=november_at(4), subscription={"state": "expired", "next_bill_on": None})
    pending = line(shop, desired_blocked=True, sync="pending", subscription={"state": "suspended"})
    failed = line(
        shop, desired_blocked=True, sync="failed", sync_error="500 from the panel", subscription={"state": "suspended"}
    )
    stopped = line(shop, sync="impossible", sync_error="no slot is free")
    late = line(shop, due=november(3))
    ended = line(shop, subscription={"state": "canceled", "next_bill_on": None})
    table = made("revenue-leaks")
    found = [(row[0], int(row[2].text), row[5]) for row in table.rows]
    assert found == [
        ("Runs on the panel, not paid", unpaid, "the panel runs it until 2026-12-04"),
        ("Blocked here, not on the panel", pending, "the panel runs it until 2026-12-04"),
        ("Blocked here, not on the panel", failed, "500 from the panel"),
        ("Paid, does not run", stopped, "no slot is free"),
        ("Past its billing day, not billed", late, "due on 2026-11-03"),
        ("A line whose subscription has ended", ended, "the panel runs it until 2026-12-04"),
    ]
    assert {row[-1] for row in table.rows} == {Money(1000, "EUR")}
    assert [total.cells[-1] for total in table.totals] == [Money(6000, "EUR")]
    assert leaks(kind="paid_stopped") == [("Paid, does not run", stopped)]
    assert leaks(currency="USD") == []


def test_what_could_not_be_billed_is_kept_when_it_works_again(shop):
    subscription = line(shop, due=november(20))
    owner = shop.get(Subscription, subscription).customer_id
    shop.change(Customer, owner, country="XX")
    for day in (20, 21):
        with at(november(day)):
            assert shop.run(november(day)).failed == 1
    (row,) = made("billing-errors").rows
    assert (row[0].text, row[4], row[5], row[6], row[7]) == (
        str(subscription), "The plugin flat failed: tax engine: LookupError: no rate for XX", 2, november(20), None,
    )  # fmt: skip
    assert made("revenue-leaks", november(25)).rows[0][5].startswith("due on 2026-11-20: The plugin flat failed")
    shop.change(Customer, owner, country="FI")
    with at(november(23)):
        shop.run(november(23))
    (row,) = made("billing-errors", november(25)).rows
    assert (row[5], row[6], row[7]) == (2, november(20), november(23))
    assert made("billing-errors", date(2027, 1, 5)).rows == [], "it was mended before the span"
    assert made("revenue-leaks", november(25)).rows == []
