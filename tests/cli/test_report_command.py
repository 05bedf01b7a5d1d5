"""`billhead report`: the same rows as text, JSON and CSV, and plain words for what can't be asked."""

import csv
import io
import json
from datetime import date

import pytest
from billing_shop import open_shop
from click.testing import CliRunner

from billhead.cli import main


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop:
        plan = shop.plan("tv", 1000)
        shop.subscribe(shop.customer(), plan, due=date(2026, 11, 1), line=False)
        shop.run(date(2026, 11, 1))
        yield shop


def run(shop, *words):
    return CliRunner().invoke(main, ["report", *words], obj=shop.app)


def test_which_there_are(shop):
    assert "receivables              Receivables by age" in run(shop).stdout
    rows = json.loads(run(shop, "--json").stdout)["reports"]
    assert {"code", "title", "description", "plugin", "parameters"} == set(rows[0])


def test_one_report_three_ways(shop):
    asked = ("receivables", "--as-of", "2026-11-30")
    told = json.loads(run(shop, *asked, "--json").stdout)
    assert told["rows"] == [
        {
            "seller": "Shop",
            "currency": "EUR",
            "documents": 1,
            **{age: {"amount": "0.00", "currency": "EUR"} for age in ("not_due", "days_60", "days_90", "older")},
            **{age: {"amount": "12.00", "currency": "EUR"} for age in ("days_30", "owed")},
        }
    ]
    assert told["asked"] == {"as_of": "2026-11-30"}
    assert told["ties"][0]["difference"] == "0.00"
    rows = list(csv.DictReader(io.StringIO(run(shop, *asked, "--csv").stdout)))
    assert [(row["Seller"], row["Currency"], row["Owed"]) for row in rows] == [("Shop", "EUR", "12.00")]
    text = run(shop, *asked).stdout
    assert "Total EUR" in text
    assert text.splitlines()[-1].endswith("12.00 EUR and 12.00 EUR, difference 0.00 EUR")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("nothing",), "There is no report nothing."),
        (("receivables", "--from", "2026-11-01"), "from: the report receivables does not ask for it"),
        (("receivables", "--set", "as_of"), "set: 'as_of' is not NAME=VALUE"),
        (("receivables", "--set", "as_of=soon"), "as_of: 'soon' is not a date"),
        (("receivables", "--seller", "x"), "seller: there is no seller 'x'"),
    ],
)
def test_what_can_not_be_asked(shop, words, refusal):
    said = run(shop, *words, "--json")
    assert said.exit_code == 1
    assert said.stderr.startswith(f"Error: {refusal}")
    assert json.loads(said.stdout)["error"]["message"].startswith(refusal)
