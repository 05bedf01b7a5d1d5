"""`billhead sellers`: who sells, and changing how a seller bills."""

import json

import pytest
from billing_shop import open_shop
from click.testing import CliRunner

from billhead.cli import main
from billhead.models.operations import AuditEntry
from billhead.models.sellers import Seller


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path, lead_days=7) as shop:
        yield shop


def said(shop, *words):
    return CliRunner().invoke(main, ["sellers", *words], obj=shop.app)


def test_sellers_are_listed_and_their_rules_changed_one_by_one(shop):
    assert said(shop, "list").stdout == "shop             FI  EUR  Shop\n"
    before = json.loads(said(shop, "rules", "--json").stdout)
    assert (before["tax_rounding"], before["lead_days"], before["hold_for_review"]) == ("per_line", 7, False)
    assert shop.all(AuditEntry, AuditEntry.action == "sellers.set_billing_rules") == []  # it was only looked at
    changes = ("--tax-rounding", "per_rate_keep_gross", "--hold-for-review", "--fiscal-year-start-month", "4")
    after = json.loads(said(shop, "rules", *changes, "--json").stdout)
    assert after == before | {
        "tax_rounding": "per_rate_keep_gross", "hold_for_review": True, "fiscal_year_start_month": 4,
    }  # fmt: skip
    assert "tax_rounding: per_rate_keep_gross\n" in said(shop, "rules", "--seller", "shop").stdout
    refused = said(shop, "rules", "--draft-days", "900")
    assert (refused.exit_code, refused.stderr) == (1, "Error: draft_days: must be from 0 to 365 days\n")
    assert said(shop, "rules", "--tax-rounding", "per_document").exit_code == 2


def test_how_money_is_given_back_and_the_hours_of_grace_are_changed(shop):
    before = {"credit_pays_open": True, "chargeback": "at_once", "bad_debt_tax": "keep", "open_invoices": "credit"}
    assert json.loads(said(shop, "money-back", "--json").stdout) == before
    told = said(shop, "money-back", "--chargeback", "at_loss", "--no-credit-pays-open").stdout
    assert told == "credit_pays_open: False\nchargeback: at_loss\nbad_debt_tax: keep\nopen_invoices: credit\n"
    assert shop.get(Seller, shop.seller_id).money_back == before | {"chargeback": "at_loss", "credit_pays_open": False}
    assert said(shop, "money-back", "--bad-debt-tax", "forget").exit_code == 2
    assert json.loads(said(shop, "rules", "--grace-hours", "6", "--json").stdout)["grace_hours"] == 6
    assert said(shop, "rules", "--grace-hours", "721").stderr == "Error: grace_hours: must be from 0 to 720 hours\n"


def test_a_series_goes_on_where_another_system_stopped(shop):
    assert said(shop, "series").stdout == "The first document begins its series.\n"
    told = said(shop, "series", "invoice", "--year", "2027", "--prefix", "NC-", "--next", "4711").stdout
    assert told == "invoice      2027  NC-2027-004711  ({prefix}{year}-{number:06d})\n"
    told = json.loads(
        said(shop, "series", "invoice", "--year", "2027", "--format", "{prefix}{yy}/{number:05d}", "--json").stdout
    )
    assert [(row["prefix"], row["next_number"], row["looks_like"]) for row in told["series"]] == [
        ("NC-", 4711, "NC-27/04711")
    ]
    refused = said(shop, "series", "invoice", "--year", "2027", "--next", "0")
    assert (refused.exit_code, refused.stderr) == (1, "Error: next_number: must be from 1 to 999999999, got 0\n")
