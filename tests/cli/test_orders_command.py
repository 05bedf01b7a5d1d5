"""`billhead orders add`: what it costs first, then the order, once for each key."""

import json
from datetime import UTC, datetime

import pytest
from billing_shop import open_shop
from click.testing import CliRunner

from billhead import clock
from billhead.cli import main
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry, Notice
from billhead.models.subscriptions import Service, Subscription


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        shop.customer(credit_minor=9000)
        shop.plan("tv", 3000)
        shop.plan("screen", 300, kind="connection", details={"plans": ["tv"], "max_units": 3})
        yield shop


def run(shop, *words, code=0):
    ran = CliRunner().invoke(main, [*map(str, words), "--json"], obj=shop.app)
    assert ran.exit_code == code, (ran.stdout, ran.stderr, ran.exception)
    return json.loads(ran.stdout) if ran.stdout else {}


ADD = ("orders", "add", 1, "tv", "--term", "1 month", "--addon", "screen=2")


@pytest.mark.parametrize("flag", ["--preview", "--dry-run"])
def test_a_preview_says_what_it_costs_and_leaves_nothing(shop, flag):
    seen = run(shop, *ADD, flag)
    assert (seen["total"], seen["tax"]) == ("43.20 EUR", "7.20 EUR")  # 30.00 + 2 × 3.00, and 20 %
    assert [line["net"] for line in seen["lines"]] == ["30.00 EUR", "6.00 EUR"]
    for table in (Subscription, Service, Document, Notice):
        assert shop.all(table) == []
    assert [row.action for row in shop.all(AuditEntry) if row.action.startswith("subscriptions.")] == []


def test_it_costs_what_was_seen_and_is_placed_once_for_a_key(shop):
    first = run(shop, *ADD, "--total", "43.20", "--pay", "later", "--key", "call-17", "--reason", "by phone")
    assert run(shop, *ADD, "--total", "43.20", "--pay", "later", "--key", "call-17", "--reason", "by phone") == first
    (document,) = shop.all(Document)
    assert (document.id, document.total_minor, document.kind) == (first["document"], 4320, "proforma")
    assert [one.id for one in shop.all(Subscription)] == first["subscriptions"]
    (noted,) = [row for row in shop.all(AuditEntry) if row.action == "subscriptions.order_for"]
    assert (noted.subject, noted.reason) == ("customer:1", "by phone")
    run(shop, *ADD, "--pay", "credit", "--key", "call-17", code=1)
    assert len(shop.all(Document)) == 1, "the key of another order orders nothing"


def test_at_another_price_or_for_nobody_nothing_is_ordered(shop):
    run(shop, *ADD, "--total", "40.00", code=1)
    run(shop, *ADD, "--total", "40.00", "--preview", code=1)
    run(shop, "orders", "add", 99, "tv", "--term", "1 month", code=1)
    run(shop, "orders", "add", 1, "radio", "--term", "1 month", code=1)
    assert shop.all(Subscription) == []


def test_from_credit_it_is_paid_at_once(shop):
    done = run(shop, *ADD, "--pay", "credit")
    (row,) = shop.all(Subscription)
    assert row.state == "active"
    assert shop.get(Document, done["document"]).kind == "invoice"


def test_its_first_day_is_chosen(shop):
    run(shop, *ADD, "--from", "2026-05-10", "--pay", "credit")
    (row,) = shop.all(Subscription)
    assert (row.started_on.isoformat(), row.paid_through.isoformat()) == ("2026-05-10", "2026-06-10")
    run(shop, *ADD, "--from", "2026-03-31", "--preview", code=1)
    assert len(shop.all(Subscription)) == 1
