"""`billhead prices` and `billhead coupons`: previewed, changed, withdrawn; made, imported, given, refused in words."""

import json
from datetime import UTC, date, datetime

import pytest
from billing_shop import open_shop
from click.testing import CliRunner

from billhead import clock
from billhead.cli import main
from billhead.models.catalogue import Plan
from billhead.models.coupons import Coupon
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop, clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=date(2026, 12, 1))
        yield shop


def run(shop, *words):
    said = CliRunner().invoke(main, [*words, "--json"], obj=shop.app)
    return json.loads(said.stdout) if said.stdout else said.stderr


def test_prices_are_previewed_changed_listed_and_withdrawn(shop):
    asked = ["--percent", "5", "--existing-from", "2027-01-01", "--plan", "tv"]
    (one,) = run(shop, "prices", "preview", *asked)["changes"]
    assert (one["old"], one["new"], one["subscriptions"], one["a_month"]) == ("10.00 EUR", "10.50 EUR", 1, "0.50 EUR")
    assert run(shop, "prices", "change", *asked) == {"change": 1, "prices": 1, "subscriptions": 1}
    listed = run(shop, "prices", "list", "--plan", "tv")["prices"]
    assert [(row["version"], row["amount"], row["existing_from"]) for row in listed] == [
        (2, "10.50 EUR", "2027-01-01"), (1, "10.00 EUR", None),
    ]  # fmt: skip
    assert run(shop, "prices", "changes")["changes"][0]["a_month"] == {"EUR": "0.50 EUR"}
    (one,) = run(shop, "prices", "whom", "1")["touched"]
    assert (one["plan"], one["before"], one["after"]) == ("tv", "10.00 EUR", "10.50 EUR")
    assert run(shop, "prices", "whom", "9")["error"]["message"] == "There is no price change 9."
    would = run(shop, "prices", "withdraw", "1", "--preview")
    stays = {"customers": 0, "documents": 0, "more": {}}
    assert would == {"change": 1, "offers": 0, "drafts": 0, "billed": stays}
    assert run(shop, "prices", "changes")["changes"][0]["state"] == "planned"
    assert run(shop, "prices", "withdraw", "1") == would
    for command in (["prices", "change"], ["coupons", "create", "TEN"]):
        refused = CliRunner().invoke(main, [*command, "--percent", "1e1"], obj=shop.app)
        assert (refused.exit_code, refused.stderr.splitlines()[0]) == (1, "Error: percent: '1e1' is not a percentage")


def test_what_is_billed_by_a_change_that_is_withdrawn_is_told_in_figures_and_listed(shop):
    """12.00 and 20 % tax instead of 10.00 and tax: 2.40 more."""
    shop.change(Subscription, 1, next_bill_on=date(2026, 11, 21))
    shop.change(Plan, 1, lead_days={"": 10})
    run(shop, "prices", "change", "--add", "200", "--existing-from", "2026-12-01", "--tell-nobody")
    shop.run(date(2026, 11, 25))
    stays = {"customers": 1, "documents": 1, "more": {"EUR": "2.40 EUR"}}
    assert run(shop, "prices", "withdraw", "1")["billed"] == stays
    (one,) = run(shop, "prices", "billed", "1")["billed"]
    assert (one["billed"], one["more"], one["from"], one["until"]) == (
        "14.40 EUR",
        "2.40 EUR",
        "2026-12-01",
        "2026-12-31",
    )
    assert (one["final"], one["customer"]) == (True, "Customer 1")
    assert run(shop, "prices", "billed", "9")["error"]["message"] == "There is no price change 9."


def test_coupons_are_made_imported_given_and_stopped(shop, tmp_path):
    assert run(shop, "coupons", "create", "welcome", "--percent", "12.5", "--uses", "10") == {"coupon": "WELCOME"}
    assert run(shop, "coupons", "create", "gift", "--balance", "50.00 EUR", "--cycles", "forever") == {"coupon": "GIFT"}
    assert run(shop, "coupons", "give", "gift", "1") == {"coupon": "GIFT", "subscription": 1}
    rows = run(shop, "coupons", "list")["coupons"]
    assert [(row["code"], row["gives"], row["cycles"], row["used"]) for row in rows] == [
        ("GIFT", "50.00 EUR", None, 1), ("WELCOME", "12.5%", 1, 0),
    ]  # fmt: skip
    run(shop, "coupons", "stop", "gift")
    assert [row.disabled for row in shop.all(Coupon)] == [False, True]
    file = tmp_path / "coupons.csv"
    file.write_text("code,percent,amount,currency,plans,ends_on\nA10,10,,,tv,2027-01-01\nB50,,5.00,EUR,,\n", "utf-8")
    assert run(shop, "coupons", "import", str(file), "--dry-run")["made"] == 0
    assert run(shop, "coupons", "import", str(file)) == {"made": 2, "problems": []}
    refused = run(shop, "coupons", "create", "never", "--percent", "10", "--cycles", "0")["error"]
    assert refused["message"] == "cycles: must be a whole number from 1 up, or nothing"
    file.write_text("code,percent\nNEW1,10\nNEW2,many\nA10,5\n", "utf-8")
    told = run(shop, "coupons", "import", str(file))
    assert (told["made"], [(one["line"], one["code"]) for one in told["problems"]]) == (
        0,
        [(3, "invalid_input"), (4, "conflict")],
    )
    assert len(shop.all(Coupon)) == 4  # all or nothing
