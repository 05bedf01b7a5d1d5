"""`billhead dunning`: stages written on one line each, listed, previewed, removed, and refused in plain words."""

import json

import pytest
from billing_shop import open_shop
from click.testing import CliRunner
from debt_shop import at, debtor, november

from billhead.cli import main
from billhead.models.dunning import DunningPolicy


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path, terms_days=14) as shop:
        yield shop


def run(shop, *words):
    return CliRunner().invoke(main, ["dunning", *words], obj=shop.app)


def test_written_listed_previewed_and_removed(shop):
    said = run(
        shop, "set", "--seller", "shop", "--stage", "remind -3", "--stage", "warn 3 fee 2.50 EUR + 5% max 10.00 EUR",
        "--stage", "throttle 4 to 2", "--stage", "suspend 5", "--promise-days", "7", "--promise-most", "50.00 EUR",
        "--json",
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    (row,) = shop.all(DunningPolicy)
    assert row.stages == [
        {"after_days": -3, "action": "remind"},
        {"after_days": 3, "action": "warn", "fee": {"fixed": {"EUR": 250}, "ppm": 50000, "most": {"EUR": 1000}}},
        {"after_days": 4, "action": "throttle", "connections": 2, "bouquets": None},
        {"after_days": 5, "action": "suspend"},
    ]
    assert (row.promise_days, row.promise_most) == (7, {"EUR": 5000})
    told = json.loads(run(shop, "list", "--json").stdout)
    assert told["policies"][0]["stages"][1]["fee_text"] == "2.50 EUR and 5 %, at most 10.00 EUR"
    assert "day    3  warn, fee 2.50 EUR and 5 %, at most 10.00 EUR" in run(shop, "list").stdout
    debtor(shop)
    with at(november(20)):
        preview = json.loads(run(shop, "preview", "--json").stdout)
        assert "1 debts would be acted on." in run(shop, "preview").stdout
    assert (preview["affected"], preview["debts"][0]["stages"]) == (1, ["remind", "warn", "throttle", "suspend"])
    assert run(shop, "remove", str(row.id)).stdout == f"Removed: {row.id}.\n"
    assert shop.all(DunningPolicy) == []


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("--stage", "shout 5"), "stage: 'shout 5' is no stage"),
        (("--stage", "suspend on friday"), "stage: 'suspend on friday' is no stage"),
        (("--stage", "suspend -2"), "stages: before the due date one may only remind, not suspend"),
        (("--stage", "remind 0 fee 1.00 EUR"), "stages: a late fee can be charged from the first day"),
        (("--stage", "warn 3 fee 2.50"), "stage: '2.50': "),
        (("--stage", "warn 3 fee NaN EUR"), "stage: 'NaN EUR': 'NaN' is not an amount"),
        (("--stage", "warn 3", "--retry-days", "3,1"), "retry days: must be whole and rise"),
        (("--stage", "warn 3", "--plan", "none"), "There is no plan none."),
        (("--stage", "warn 3", "--promise-days", "99"), "promise: the days of a promise must be from 0 to 60"),
    ],
)
def test_what_makes_no_sense(shop, words, refusal):
    said = run(shop, "set", "--seller", "shop", *words)
    assert said.exit_code == 1
    assert said.stderr.startswith(f"Error: {refusal}"), said.stderr
    assert shop.all(DunningPolicy) == []
