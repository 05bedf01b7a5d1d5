"""`billhead credit`: given, spent on what is owed, shown and taken back."""

import json
from datetime import UTC, date, datetime

import pytest
from billing_shop import open_shop
from click.testing import CliRunner

from billhead import clock
from billhead.cli import main
from billhead.models.operations import AuditEntry


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(sqlite_url, tmp_path) as shop:
        yield shop


def run(shop, *words, code=0):
    ran = CliRunner().invoke(main, ["credit", *map(str, words), "--json"], obj=shop.app)
    assert ran.exit_code == code, (ran.stdout, ran.stderr, ran.exception)
    return json.loads(ran.stdout)


def test_credit_is_given_shown_and_taken_back(shop):
    customer = shop.customer(card=False)
    shop.subscribe(customer, shop.plan("tv", 3000), due=date(2026, 4, 1))
    shop.run(date(2026, 4, 1))  # 36.00 with 20 %, and nothing there to pay it
    given = run(shop, "grant", customer, "40.00", "--reason", "the outage", "--expires-on", "2026-07-01")
    assert (given["amount_minor"], given["remaining_minor"], given["currency"]) == (4000, 400, "EUR")
    shown = run(shop, "show", customer)
    assert (shown["to_spend_minor"], shown["currency"]) == (400, "EUR")
    assert [(one["what"], one["amount_minor"], one["balance_minor"]) for one in shown["movements"]] == [
        ("Given", 4000, 4000), ("Used", -3600, 400),
    ]  # fmt: skip
    assert run(shop, "take", customer, "1.50", "--reason", "too much")["taken_minor"] == 150
    assert run(shop, "show", customer)["to_spend_minor"] == 250
    assert ("credits.take", "too much") in {(row.action, row.reason) for row in shop.all(AuditEntry)}
    told = CliRunner().invoke(main, ["credit", "show", str(customer)], obj=shop.app).stdout
    assert told.startswith("To spend: 2.50 EUR.\n2026-04-01       40.00 EUR  Given the outage\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", 99), "There is no customer 99."),
        (("grant", 99, "1", "--reason", "x"), "There is no customer 99."),
        (("grant", 1, "1.005", "--reason", "x"), "amount: "),
        (("grant", 1, "0", "--reason", "x"), "amount: must be above zero"),
        (("grant", 1, "1", "--reason", " "), "reason: say what it is for: the customer reads it"),
        (("grant", 1, "1", "--reason", "x", "--expires-on", "2026-04-01"), "expires_on: must be a day to come"),
        (("take", 1, "1", "--reason", "x"), "only 0.00 EUR of what was given is left"),
    ],
)
def test_refusals_are_told(shop, words, message):
    shop.customer(card=False)
    assert run(shop, *words, code=1)["error"]["message"].startswith(message)
