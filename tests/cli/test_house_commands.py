"""Every command of the house: what it prints with --json, what it says in words, and how it refuses bad input."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from apps import build_app, close_app
from billhead.actions.importing.catalog_file import read_catalog
from billhead.actions.importing.import_catalog import import_catalog
from billhead.actions.ledger.post import post
from billhead.actions.scheduling import enqueue
from billhead.cli import billing, main
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.jobs.kinds import KINDS, Kind
from billhead.models.operations import AuditEntry, FreezeSwitch, Job
from billhead.models.panels import Panel
from billhead.models.people import User
from billhead.models.sellers import Seller
from billhead.models.sign_in import StaffRole

CTX = Context.system("test")
NORTHCABLE = Path(__file__).resolve().parents[2] / "examples" / "northcable"
SETUP = {
    "--seller": "North",
    "--country": "FI",
    "--currency": "EUR",
    "--zone": "Europe/Helsinki",
    "--email": "ann@north.example",
    "--password": "a sentence of the tests",
}


class Runner:
    """Runs commands in one application."""

    def __init__(self, app):
        self.app = app

    def __call__(self, *words):
        return CliRunner().invoke(main, [str(word) for word in words], obj=self.app)

    def json(self, *words, code=0):
        """What the command prints with --json, which is one object and nothing else."""
        ran = self(*words, "--json")
        assert ran.exit_code == code, (ran.exit_code, ran.stdout, ran.stderr, ran.exception)
        lines = ran.stdout.splitlines()
        assert len(lines) == 1, lines
        return json.loads(lines[0])

    def refused(self, *words, code=1):
        """The refusal of a command, in words and as an object; never a traceback."""
        ran = self(*words)
        assert ran.exit_code == code, (ran.exit_code, ran.stdout, ran.exception)
        assert ran.stdout == ""
        assert "Traceback" not in ran.stderr
        if code == 1:
            error = self.json(*words, code=1)["error"]
            assert error["message"] in ran.stderr
        return ran.stderr


@pytest.fixture
def run(app):
    return Runner(app)


@pytest.fixture
def on_sqlite(sqlite_url, tmp_path):
    """For commands in which the database makes no difference."""
    app = build_app(sqlite_url, tmp_path / "home")
    yield Runner(app)
    close_app(app)


@pytest.fixture
def bare(bare_database_url, tmp_path):
    """An installation whose database is empty."""
    app = build_app(bare_database_url, tmp_path / "home")
    yield Runner(app)
    close_app(app)


def options(**changes):
    given = {**SETUP, **{f"--{name}": value for name, value in changes.items()}}
    return [word for name, value in given.items() if value is not None for word in (name, value)]


def with_panels(app):
    """NorthCable, whose panels do not answer."""
    nowhere = {"stalker-one": {"url": "http://127.0.0.1:9/"}, "xtream-one": {"url": "http://127.0.0.1:9/access-code"}}
    with app.app_context(), writing(CTX) as tx:
        import_catalog(tx, read_catalog(NORTHCABLE / "catalog.toml", nowhere))


# -- setup ------------------------------------------------------------------------------------------------------------


def test_setup_opens_the_first_seller_and_login_on_an_empty_database(bare):
    made = bare.json("setup", *options())
    with bare.app.app_context(), reading() as session:
        seller = session.get_one(Seller, made["seller_id"])
        user = session.get_one(User, made["user_id"])
        role = session.get_one(StaffRole, user.staff_role_id)
    assert (role.name, role.permissions) == ("owner", ["*"])
    assert (seller.code, seller.name, seller.currency, seller.zone) == ("main", "North", "EUR", "Europe/Helsinki")
    assert (user.email, user.role, user.permissions) == ("ann@north.example", "staff", [])
    assert user.password_hash.startswith("$argon2id$")


def test_a_second_person_of_staff_keeps_the_seller(on_sqlite):
    first = on_sqlite.json("setup", *options())
    second = on_sqlite.json("setup", *options(email="bob@north.example", seller="Something else"))
    assert second["seller_id"] == first["seller_id"]
    assert second["user_id"] != first["user_id"]
    assert "has a login at this seller already" in on_sqlite.refused("setup", *options())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"country": "Finland"}, "country: 'Finland' is not a country"),
        ({"currency": "EURO"}, "currency: 'EURO' is not a currency"),
        ({"zone": "Helsinki"}, "zone: 'Helsinki' is not a time zone"),
        ({"email": "ann"}, "'ann' is not an e-mail address"),
        ({"password": "short"}, "password: use at least 10 characters"),
        ({"code": "North Ltd"}, "code: 'North Ltd': use small letters"),
        ({"seller": None}, "--seller: is missing"),
    ],
)
def test_setup_refuses_and_leaves_nothing(on_sqlite, changes, told):
    assert told in on_sqlite.refused("setup", *options(**changes))
    with on_sqlite.app.app_context(), reading() as session:
        assert session.scalars(select(Seller)).all() == []
        assert session.scalars(select(User)).all() == []


# -- db ---------------------------------------------------------------------------------------------------------------


def test_db_upgrade_brings_an_empty_database_up_to_date(bare):
    assert bare.json("db", "check", code=1)["ok"] is False
    assert "run billhead db upgrade" in bare("db", "check").stdout
    assert "core" in bare.json("db", "upgrade")["revisions"]
    checked = bare.json("db", "check")
    assert checked["ok"] is True
    assert checked["differences"] == []
    assert checked["revision"] == checked["head"]


def test_db_check_names_what_the_database_lacks(run):
    with run.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_job_key"))
    checked = run.json("db", "check", code=1)
    assert "ix_job_key" in checked["differences"][0]


def test_db_revision_writes_nothing_when_nothing_changed(on_sqlite):
    assert "there is nothing to write" in on_sqlite.refused("db", "revision", "Nothing")
    assert "There is no plugin loyalty" in on_sqlite.refused("db", "revision", "Nothing", "--plugin", "loyalty")


def test_a_database_that_is_not_migrated_is_no_traceback(bare):
    told = bare.refused("jobs", "list")
    assert "The database is not migrated" in told
    assert "billhead db upgrade" in told


# -- billing and ledger -----------------------------------------------------------------------------------------------


def test_a_billing_run_reports_what_it_did(run):
    report = run.json("billing", "run", "--as-of", "2026-11-22")
    assert (report["as_of"], report["dry_run"], report["considered"]) == ("2026-11-22", False, 0)
    assert "0 subscriptions were due" in run("billing", "run", "--as-of", "2026-11-22", "--dry-run").stdout


def test_a_billing_run_is_shared_by_processes(run):
    assert run.json("billing", "run", "--as-of", "2026-11-22", "--part", "2/2")["considered"] == 0


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "1/", "-1/2", "1/65", "½/1"])
def test_a_share_that_is_none_is_refused(part):
    told = CliRunner().invoke(billing.group, ["run", "--as-of", "2026-11-22", f"--part={part}"])
    assert told.exit_code == 2
    assert f"{part} is no share; write it as 1/2, of at most 64" in told.output


@pytest.mark.parametrize("day", ["2026-02-30", "22.11.2026", "tomorrow", "20261122", ""])
def test_a_date_that_is_none_is_refused(on_sqlite, day):
    told = on_sqlite.refused("billing", "run", "--as-of", day, code=2)
    assert f"{day!r} is not a date; write year, month and day, like 2026-11-30" in told


def test_the_ledger_of_a_new_operator_is_verified(run):
    assert run.json("ledger", "verify")["verified"] is True
    assert run.json("ledger", "seal") == {"sealed": 0}


def test_a_ledger_that_was_tampered_with_ends_with_1_and_names_the_place(on_sqlite):
    with on_sqlite.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("PRAGMA foreign_keys=OFF"))
    with on_sqlite.app.app_context():
        raw = db.engine.raw_connection()
        raw.execute("PRAGMA foreign_keys=OFF")
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(
            "INSERT INTO ledger_posting (entry_id, leg, account_id, side, amount_minor) VALUES (81, 1, 1, 'D', 500)"
        )
        raw.close()
    report = on_sqlite.json("ledger", "verify", code=1)
    assert report["verified"] is False
    assert report["faults"][0]["where"] == "entry 81"
    assert "The ledger is WRONG in 1 places" in on_sqlite("ledger", "verify").stdout


def test_a_ledger_that_was_sealed_with_another_key_ends_with_1_and_says_so(run):
    with_panels(run.app)
    with run.app.app_context():
        amount = Money(500, "EUR")
        legs = [debit(AccountCode.SUSPENSE, amount), credit(AccountCode.WRITE_OFF, amount)]
        for day in (1, 2):
            with writing(CTX) as tx:
                seller_id = tx.session.scalar(select(Seller.id))
                post(tx, seller_id, "test", date(2026, 11, day), f"test:{day}", legs)
            run.json("ledger", "seal")
    settings = run.app.extensions["billhead"]
    before, settings.config = settings.config, replace(settings.config, secret_key="of another house")
    ran, report = run("ledger", "verify"), run.json("ledger", "verify", code=1)
    settings.config = before
    assert ran.exit_code == 1
    verdict, found = ran.stdout.splitlines()
    assert verdict.startswith("The ledger is NOT VERIFIED: none of its seals is by this secret key: 5 entries, ")
    assert "seal 1: none of the 2 seals is signed with a secret key that is set here, and their chain is whole" in found
    assert (report["verified"], report["another_key"], len(report["faults"])) == (False, True, 1)
    assert run.json("ledger", "verify")["verified"] is True


# -- panels -----------------------------------------------------------------------------------------------------------


def test_panels_are_listed_with_their_health(run):
    assert run.json("panels", "list") == {"panels": []}
    with_panels(run.app)
    panels = run.json("panels", "list")["panels"]
    assert [(panel["code"], panel["module"], panel["health"]) for panel in panels] == [
        ("stalker-one", "stalker", "well"),
        ("xtream-one", "xtream", "well"),
    ]
    with run.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.scalars(select(Panel).where(Panel.code == "xtream-one")).one().calls_per_second = 5
    assert [panel["calls_per_second"] for panel in run.json("panels", "list")["panels"]] == [0, 5]
    assert run("panels", "list").stdout.count("at most 5 calls/s") == 1


def test_a_panel_that_does_not_answer_is_told_and_costs_no_other(run):
    with_panels(run.app)
    checked = run.json("panels", "check", code=1)
    assert (checked["ok"], list(checked["panels"])) == (False, ["stalker-one", "xtream-one"])
    assert all(one["said"] for one in checked["panels"].values())
    assert "stalker-one: NOT WELL" in run("panels", "check", "stalker-one").stdout
    reconciled = run.json("panels", "reconcile", "--no-repair", code=1)
    assert set(reconciled["panels"]) == {"stalker-one", "xtream-one"}
    assert "could not be compared" in run("panels", "reconcile", "xtream-one").stdout


def test_a_panel_that_is_not_there_is_named_with_those_that_are(run):
    with_panels(run.app)
    for command in ("check", "reconcile"):
        told = run.refused("panels", command, "stalker-two")
        assert "There is no panel stalker-two" in told
        assert "stalker-one, xtream-one" in told
    assert "There is no line viewer12" in run.refused("panels", "try", "viewer12")


# -- stop -------------------------------------------------------------------------------------------------------------


def test_charges_are_stopped_and_go_on(run):
    assert run.json("stop", "charges", "--reason", "the bank asks") == {"switch": "charges", "stopped": True}
    with run.app.app_context(), reading() as session:
        switch = session.get_one(FreezeSwitch, "charges")
        trail = session.scalars(select(AuditEntry).where(AuditEntry.action == "house.freeze")).one()
    assert (switch.on, switch.reason, trail.actor) == (True, "the bank asks", "cli:stop")
    assert run.json("stop", "charges", "--lift")["stopped"] is False
    assert "'everything' is not one of 'charges', 'panels'" in run.refused("stop", "everything", code=2)


# -- jobs -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def failing_kind(monkeypatch):
    outcomes = [ZeroDivisionError("by nothing")]

    def once(_ctx, _args):
        if outcomes:
            raise outcomes.pop()

    monkeypatch.setitem(KINDS, "test.once", Kind("test.once", once, max_tries=1))


def test_jobs_are_drained_listed_and_tried_again(run, failing_kind):
    with run.app.app_context(), writing(CTX) as tx:
        job_id = enqueue(tx, "test.once", {"n": 1})
    assert run.json("jobs", "drain") == {"ran": 1}
    listed = run.json("jobs", "list", "--state", "parked")
    assert listed["counts"] == {"parked": 1}
    assert (listed["jobs"][0]["id"], listed["jobs"][0]["error"]) == (job_id, "ZeroDivisionError: by nothing")
    assert "ZeroDivisionError" in run("jobs", "list").stdout
    assert run.json("jobs", "retry", job_id) == {"job_id": job_id, "state": "queued"}
    assert run.json("jobs", "drain", "--threads", 2) == {"ran": 1}
    assert run.json("jobs", "list", "--kind", "test.once")["counts"] == {"done": 1}
    assert "there is nothing to try again" in run.refused("jobs", "retry", job_id)


def test_bad_numbers_of_jobs_are_refused(on_sqlite):
    assert "There is no job 17" in on_sqlite.refused("jobs", "retry", 17)
    assert "'seventeen' is not a valid integer" in on_sqlite.refused("jobs", "retry", "seventeen", code=2)
    on_sqlite.refused("jobs", "list", "--state", "lost", code=2)
    on_sqlite.refused("jobs", "drain", "--threads", 0, code=2)


# -- doctor -----------------------------------------------------------------------------------------------------------


def checks(answer):
    return {check["name"]: check for check in answer["checks"]}


def test_a_new_installation_is_healthy(run):
    run.json("db", "upgrade")
    answer = run.json("doctor")
    assert answer["healthy"] is True
    assert {
        "home",
        "database",
        "migrations",
        "broker",
        "jobs",
        "numbers",
        "plugins",
        "proxies",
        "panels",
        "switches",
        "clock",
        *("address", "backup", "beat", "disk", "files", "gateways", "key", "ledger", "mail", "messages", "plans"),
        *("renewals", "secrets", "sellers", "tax", "themes", "workers"),
    } == set(checks(answer))


def test_the_doctor_names_each_fault_and_its_cure(run):
    run.json("db", "upgrade")
    with_panels(run.app)
    run("stop", "panels")
    with run.app.app_context(), writing(CTX) as tx:
        job_id = enqueue(tx, "nobody.knows")
        tx.session.get_one(Job, job_id).state = "failed"
    answer = run.json("doctor", code=1)
    faults = {check["name"]: check for check in answer["checks"] if not check["ok"]}
    assert faults.keys() == {"panels", "switches", "jobs"}
    assert faults["switches"]["mend"] == "run: billhead stop panels --lift"
    assert "billhead jobs list --state parked" in faults["jobs"]["mend"]
    assert "BAD  panels" in run("doctor").stdout


def test_a_doctor_does_not_faint_on_an_empty_database(bare):
    answer = bare.json("doctor", code=1)
    assert checks(answer)["home"]["ok"] is True
    assert checks(answer)["migrations"]["mend"] == "run: billhead db upgrade"
    assert {checks(answer)[name]["mend"] for name in ("ledger", "numbers")} == {"run: billhead db upgrade"}


def test_a_database_that_is_not_there_is_named(tmp_path):
    app = build_app("postgresql+psycopg://nobody@127.0.0.1:9/none", tmp_path / "home")
    run = Runner(app)
    assert checks(run.json("doctor", code=1))["database"]["ok"] is False
    told = run.refused("jobs", "list")
    assert "The database can't be used" in told
    assert "BILLHEAD_DATABASE_URL" in told
    close_app(app)


def test_a_broker_that_is_not_there_is_named(sqlite_url, tmp_path):
    app = build_app(sqlite_url, tmp_path / "home", broker_url="redis://127.0.0.1:9/0")
    broker = checks(Runner(app).json("doctor", code=1))["broker"]
    assert broker["ok"] is False
    assert "BILLHEAD_BROKER_URL" in broker["mend"]
    close_app(app)


# -- settings ---------------------------------------------------------------------------------------------------------


def test_a_port_that_is_none_is_refused_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("BILLHEAD_HOME", str(tmp_path))
    monkeypatch.setenv("BILLHEAD_PORT", "eighty")
    ran = CliRunner().invoke(main, ["serve"])
    assert ran.exit_code == 1
    assert "BILLHEAD_PORT: 'eighty' is not a port number" in ran.stderr
