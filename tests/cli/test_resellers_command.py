"""`billhead resellers`: credits are granted by code, once per reference, and listed with what is held."""

import json

import pytest
from click.testing import CliRunner
from reseller_shop import open_reseller_shop

from billhead.cli import main


@pytest.fixture
def shop(operator):
    return open_reseller_shop(operator)


def run(shop, *words):
    return CliRunner().invoke(main, ["resellers", *words], obj=shop.operator.app)


def test_grant_and_list(shop):
    said = run(shop, "grant", "aurora", "150.00", "--cost", "125.00 EUR", "--reference", "document:81")
    assert (said.exit_code, said.stdout) == (0, "aurora has 150.00 credits to spend.\n")
    run(shop, "grant", "aurora", "150.00", "--reference", "document:81")
    shop.add("aurora")
    rows = json.loads(run(shop, "list", "--json").stdout)["resellers"]
    assert [(row["code"], row["parent"], row["balance"], row["held"], row["subscriptions"]) for row in rows] == [
        ("aurora", None, "140.00", "10.00", 1),
        ("baltic", "aurora", "0.00", "0.00", 0),
        ("gulf", None, "0.00", "0.00", 0),
    ]
    assert shop.lots("aurora") == [("purchase", 14_000, 11_667)]  # 125.00 less its share of 10 in 150, 8.33
    assert "baltic                       0.00 to spend" in run(shop, "list").stdout


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["nobody", "5"], "There is no reseller nobody."),
        (["aurora", "0"], "amount: must be credits above zero, got 0.00 XCR"),
        (["aurora", "NaN"], "amount: 'NaN' is not an amount"),
        (["aurora", "5", "--cost", "5.00"], "cost: '5.00' names no currency"),
    ],
)
def test_what_is_no_grant(shop, words, refusal):
    said = run(shop, "grant", *words)
    assert said.exit_code == 1
    assert said.stderr.startswith(f"Error: {refusal}")
    assert shop.wallet("aurora")[0] == "0.00"
