"""`billhead resellers`: credits are granted by code, once per reference, and listed with what is held."""

import json

import pytest
from click.testing import CliRunner
from reseller_shop import open_reseller_shop
from sqlalchemy import select

from billhead.cli import main
from billhead.models.people import Customer, Reseller


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


def said(shop, *words):
    answer = run(shop, *words, "--json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


def test_the_tree_from_a_shell(shop):
    shop.operator.change(Reseller, shop.known["gulf"], tier="super_reseller")
    made = said(shop, "add", "Corner Shop", "corner@example.net", "--below", "gulf", "--start-up", "5")
    assert made == {"reseller": "corner-shop", "start_up": "5.00"}
    shop.grant("gulf", "50.00")
    assert said(shop, "transfer", "gulf", "corner-shop", "20")["balance"] == "30.00"
    assert said(shop, "take", "gulf", "5", "--reason", "a mistake")["balance"] == "25.00"
    added = shop.add("gulf", name="Kadri")
    shop.operator.work()
    assert [row["name"] for row in said(shop, "users", "gulf", "--search", "kadri")["users"]] == ["Kadri"]
    assert said(shop, "users", "gulf", "--expiring", "366")["users"][0]["subscription"] == added.subscription_id
    rows = said(shop, "statement", "gulf")["statement"]
    assert [(row["kind"], row["change"], row["after"], row["reason"]) for row in rows[-3:]] == [
        ("credits_taken", "-5.00", "25.00", "a mistake"),
        ("credits_transferred", "-20.00", "30.00", ""),
        ("credits_granted", "50.00", "50.00", ""),
    ]
    assert said(shop, "show", "gulf")["below"] == 1
    assert "sells            basic, pair, box, week" in run(shop, "show", "gulf").stdout

    told = run(shop, "suspend", "gulf", "--lines", "stopped").stdout
    assert told == "1 subscriptions stop; 1 resellers stand below it.\nNothing is done yet: say --yes.\n"
    assert said(shop, "show", "gulf")["suspended"] is False
    assert said(shop, "suspend", "gulf", "--yes")["done"] is True
    assert said(shop, "resume", "gulf")["done"] is True
    assert said(shop, "move-users", "gulf", "corner-shop", "--yes")["customers"] == 1
    assert said(shop, "remove", "corner-shop", "--yes")["credits"] == "25.00"
    (user,) = shop.rows(select(Customer.id).where(Customer.reseller_id == shop.known["gulf"]))
    told = run(shop, "move-customer", str(user)).stdout
    assert told.splitlines()[1:] == ["Unpaid invoices that stay the customer's: 0.", "Nothing is done yet: say --yes."]
    assert told.startswith("Subscription 1, Basic: paid until 2026-12-22, then 10.00 EUR for 1 month\n")
    assert said(shop, "move-customer", str(user), "--yes")["lines"][0]["costs_minor"] == 1000
    assert said(shop, "move-customer", str(user), "--to", "gulf", "--yes")["lines"][0]["currency"] == "XCR"
    assert said(shop, "show", "gulf")["subscriptions"] == 1
    assert "There is no reseller corner-shop." in run(shop, "show", "corner-shop").stderr


def test_what_resellers_buy_is_kept_from_a_shell(shop):
    first = said(shop, "save-package", "pack", "--name", "150 credits", "--credits", "150", "--cost", "125.00 EUR",
                 "--for", "reseller")  # fmt: skip
    assert first == {"code": "pack", "name": "150 credits", "costs": ["125.00 EUR"], "offered": True,
                     "credits": "150.00", "for": ["reseller"]}  # fmt: skip
    assert said(shop, "price", "pack", "130.00 EUR", "140.00 USD")["costs"] == ["130.00 EUR", "140.00 USD"]
    assert said(shop, "save-package", "pack", "--withdrawn")["credits"] == "150.00", "what is not said stays"
    (row,) = said(shop, "packages")["packages"]
    assert (row["offered"], row["costs"]) == (False, ["130.00 EUR", "140.00 USD"])
    made = said(shop, "save-plan", "partner", "--name", "Partner", "--cost", "20.00 EUR", "--start-up", "15.00",
                "--credit-price", "20.00", "--sells", "basic", "--trials", "2", "--terminate")  # fmt: skip
    assert (made["tier"], made["start_up"], made["credit_price"], made["sells"]) == (
        "reseller", "15.00", "20.00", ["basic"],
    )  # fmt: skip
    assert said(shop, "price", "partner", "25.00 EUR")["credit_price"] == "20.00"
    again = said(shop, "save-plan", "partner", "--credit-price", "none", "--no-terminate", "--unlisted")
    assert (again["credit_price"], again["terminate"], again["listed"], again["trials_per_day"]) == (
        None,
        False,
        False,
        2,
    )
    assert [one["code"] for one in said(shop, "plans")["plans"]] == ["partner"]
    for words, refusal in (
        (["price", "nothing", "5.00 EUR"], "There is no credit package or reseller plan nothing."),
        (["price", "pack", "5.00"], "cost: '5.00' names no currency"),
        (["price", "pack", "0.00 EUR"], "costs: must be above zero"),
        (["save-package", "other", "--name", "Other", "--cost", "5.00 EUR"], "value: must be credits above zero"),
        (["save-plan", "partner", "--start-up", "90.00", "--credit-price", "20.00"], "start_up: is more than"),
    ):
        refused = run(shop, *words)
        assert (refused.exit_code, refused.stderr.startswith(f"Error: {refusal}")) == (1, True), refused.stderr


def test_a_key_is_listed_and_revoked(shop):
    from billhead.actions.resellers.create_key import create_key
    from billhead.db import writing
    from billhead.domain.context import Context

    with shop.operator.app.app_context(), writing(Context.system("test")) as tx:
        made = create_key(tx, shop.known["aurora"], "Panel script")
    (row,) = said(shop, "keys", "aurora")["keys"]
    assert (row["key"], row["name"], row["revoked"]) == (made.key_id, "Panel script", False)
    assert made.key.startswith(row["begins"])
    words = ("revoke-key", "aurora", str(made.key_id), "--reason", "stolen laptop")
    assert "say --yes" in run(shop, *words).stdout
    assert not said(shop, "keys", "aurora")["keys"][0]["revoked"]
    assert run(shop, "revoke-key", "gulf", str(made.key_id), "--reason", "x", "--yes").exit_code == 1
    assert said(shop, *words, "--yes")["done"]
    assert "revoked" in run(shop, "keys", "aurora").stdout
    assert "revoked already" in run(shop, *words, "--yes").stderr


def test_a_reseller_is_placed_from_a_shell(shop):
    shop.operator.change(Reseller, shop.known["gulf"], tier="reseller")
    assert said(shop, "set-tier", "gulf", "super_reseller")["tier"] == "super_reseller"
    seen = said(shop, "place", "baltic", "--below", "gulf")
    assert (seen["done"], seen["resellers"], seen["lost"]) == (False, 1, [])
    assert "say --yes" in run(shop, "place", "baltic").stdout
    assert said(shop, "place", "baltic", "--below", "gulf", "--yes", "--reason", "sold")["done"]
    assert said(shop, "show", "baltic")["parent"] == "gulf"
    assert "stands there already" in run(shop, "place", "baltic", "--below", "gulf", "--yes").stderr
