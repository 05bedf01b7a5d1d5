"""`billhead simulate`: what it prints, keeps and refuses."""

import json
import sqlite3
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import insert

from billhead import clock
from billhead.cli import main
from billhead.db import db, writing
from billhead.domain.context import Context
from billhead.models.sellers import Seller


@pytest.fixture
def run(app):
    with app.app_context(), writing(Context.system("test")) as tx:
        about = {"code": "s", "name": "S", "legal_name": "S Oy", "country": "FI", "currency": "EUR"}
        tx.session.execute(insert(Seller).values(**about))

    def runs(*words):
        return CliRunner().invoke(main, ["simulate", *map(str, words)], obj=app)

    yield runs
    with app.app_context():
        db.engine.dispose()


def test_an_empty_shop_is_simulated_kept_and_told(run, tmp_path):
    today = clock.business_now().date()
    kept = tmp_path / "kept.sqlite3"
    span = ("--from", today, "--to", today + timedelta(days=2))
    ran = run(*span, "--payments", "all", "--keep", kept, "--json")
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.stdout)
    assert [one["day"] for one in result["days"]] == [str(today + timedelta(days=n)) for n in range(3)]
    assert (result["ledger_verified"], result["billed_twice"], result["exceptions"]) == (True, [], [])
    assert (result["billing_faults"], result["failed"]) == ([], 0)
    with sqlite3.connect(kept) as copy:
        assert copy.execute("SELECT code FROM seller").fetchall() == [("s",)]
    assert clock.business_now().date() == today  # the clock of the living process has not moved
    again = run(*span, "--keep", kept, "--json")
    assert json.loads(again.stdout)["error"]["message"].endswith("exists already")
    assert "nothing billed twice" in run(*span).stdout


def test_what_can_not_be_simulated_is_refused_with_the_field(run):
    today = clock.business_now().date()
    refused = run("--from", "2020-01-01", "--to", "2020-02-01", "--json")
    assert json.loads(refused.stdout)["error"]["field"] == "from"
    refused = run("--from", today, "--to", today - timedelta(days=1), "--json")
    assert json.loads(refused.stdout)["error"]["field"] == "to"
    refused = run("--from", today, "--to", today, "--payments", "most", "--json")
    assert json.loads(refused.stdout)["error"]["field"] == "payments"
    assert run("--from", "2027-02-30", "--to", today).exit_code == 2
