"""`billhead import csv`: good rows come in, bad ones are told with their cure, and a dry run leaves nothing."""

import csv
import io
import json
from datetime import date, timedelta
from itertools import islice

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from billhead.cli import main
from billhead.db import reading
from billhead.demo.northcable import example_folder
from billhead.domain.periods import start_of_day
from billhead.models.operations import Job
from billhead.models.payments import GatewayAccount, PaymentMethod
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription

CATALOGUE = example_folder() / "catalog.toml"


@pytest.fixture
def imports(app, tmp_path):
    """`imports(rows, "--dry-run")`: what the command prints for a file of these rows."""

    def run(rows, *options):
        file = tmp_path / "subscribers.csv"
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        file.write_text(text.getvalue(), "utf-8")
        ran = CliRunner().invoke(main, ["import", "csv", str(file), "--catalog", str(CATALOGUE), *options], obj=app)
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout) if "--json" in options else ran.stdout

    return run


def rows(count, payment="none"):
    """The first good rows of NorthCable that are paid like this."""
    with (example_folder() / "subscribers.csv").open(encoding="utf-8") as file:
        return list(islice((row for row in csv.DictReader(file) if row["payment_method"].startswith(payment)), count))


def counted(app, model):
    with app.app_context(), reading() as session:
        wanted = Customer.external_ref.like("NC-%") if model is Customer else True
        return session.scalar(select(func.count()).select_from(model).where(wanted))


def test_good_rows_come_in_and_once_only(app, imports):
    first = imports(rows(5), "--json")
    assert (first["added"], first["known"], first["refused_rows"], first["refusals"]) == (5, 0, 0, [])
    again = imports(rows(6), "--json")
    assert (again["added"], again["known"]) == (1, 5)
    assert counted(app, Customer) == 6


def test_card_tokens_are_kept_in_a_new_shop_and_not_charged_before_staff_says_so(app, imports):
    unnamed = imports(rows(3, "tok_ok"), "--json")
    assert (unnamed["added"], unnamed["refused_rows"]) == (0, 3)
    assert unnamed["refusals"][0]["reason"] == "a card token, and it is not said which gateway's"
    first = imports(rows(3, "tok_ok"), "--json", "--cards", "sandbox_cards")
    assert (first["added"], first["refused_rows"]) == (3, 0)
    with app.app_context(), reading() as session:
        account = session.scalars(select(GatewayAccount)).one()
        methods = session.scalars(select(PaymentMethod)).all()
    assert (account.gateway, account.enabled) == ("sandbox_cards", False)
    assert [method.account_id for method in methods] == [account.id] * 3


def test_a_bad_row_is_told_with_line_column_and_cure_and_costs_no_other(app, imports):
    told = rows(4)
    told[1]["started_on"] = "15.12.2026"
    found = imports(told, "--json")
    assert (found["added"], found["refused_rows"]) == (3, 1)
    refusal = found["refusals"][0]
    assert (refusal["line"], refusal["column"], refusal["value"]) == (3, "started_on", "15.12.2026")
    assert refusal["hint"]
    assert "line 3, started_on: '15.12.2026' is not a date" in imports(told)


def test_a_row_that_clashes_with_the_database_is_refused_alone(app, imports):
    """Another customer has the MAC already: the batch is undone, and every other row of it comes in all the same."""
    boxes = [row for row in rows(60) if row["kind"] == "mag"]
    imports(boxes[:1])
    thief = {**boxes[1], "mac": boxes[0]["mac"]}
    found = imports([boxes[2], thief, boxes[3]], "--json")
    assert (found["added"], [refusal["line"] for refusal in found["refusals"]]) == (2, [3])
    assert not found["refusals"][0]["reason"].startswith("line")
    assert counted(app, Customer) == 3


def test_a_dry_run_says_the_same_and_leaves_nothing(app, imports, monkeypatch):
    monkeypatch.setattr("billhead.actions.importing._batches._BATCH", 5)
    told = rows(12)
    told[7]["zone"] = "Europe/Atlantis"
    dry = imports(told, "--dry-run", "--json")
    assert (dry["dry_run"], counted(app, Customer), counted(app, Seller), counted(app, Job)) == (True, 0, 0, 0)
    real = imports(told, "--json")
    assert {**dry, "dry_run": False} == real
    assert real["added"] == 11


def test_a_dry_run_finds_clashes_too(app, imports):
    boxes = [row for row in rows(60) if row["kind"] == "mag"]
    imports(boxes[:1])
    thief = {**boxes[1], "mac": boxes[0]["mac"]}
    found = imports([boxes[2], thief], "--dry-run", "--json")
    assert (found["added"], found["refused_rows"]) == (1, 1)
    assert counted(app, Customer) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["/nowhere.csv", "--catalog", str(CATALOGUE)], "/nowhere.csv: cannot be read: there is no such file"),
        ([str(CATALOGUE), "--catalog", "/nowhere.toml"], "/nowhere.toml: cannot be read"),
        ([str(CATALOGUE), "--catalog", __file__], "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(app, words, told):
    ran = CliRunner().invoke(main, ["import", "csv", *words], obj=app)
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert told in ran.stderr


def test_what_is_billed_in_arrears_comes_in_so(app, imports):
    (row,) = rows(1)
    row |= dict.fromkeys(("addons", "connections", "kind", "mac"), "")
    row |= {"plan": "basic-stream-1m", "login": "hotel", "password": "secret-12", "timing": "arrears"}
    row |= {"started_on": "2026-03-10", "paid_through": "2026-11-10"}
    assert imports([row], "--json")["added"] == 1
    with app.app_context(), reading() as session:
        subscription = session.scalars(select(Subscription)).one()
        line, grace = session.scalars(select(Service)).one(), session.scalar(select(Seller.grace_hours))
    assert (subscription.timing, subscription.collection) == ("arrears", "auto")
    assert (subscription.billed_through, subscription.next_bill_on) == (date(2026, 11, 10), date(2026, 12, 10))
    # it is watched to the end of the term that is billed then, in its zone, and the grace
    assert line.desired_expires_at == start_of_day(date(2026, 12, 10), row["zone"]) + timedelta(hours=grace)
