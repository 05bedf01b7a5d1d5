"""A backup is one that was restored: on both databases, with its ledger proven, and refused where it would do harm."""

import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from web_shop import open_shop

from apps import build_app, close_app
from billhead.cli import main
from billhead.db import db, reading
from billhead.models.health import HouseFact
from billhead.models.ledger import LedgerEntry
from billhead.models.operations import FreezeSwitch
from billhead.models.people import Customer
from databases import ENGINES, empty_postgresql


def run(app, *words):
    return CliRunner().invoke(main, [str(word) for word in words], obj=app)


def told(ran):
    assert ran.exit_code == 0, (ran.stdout, ran.stderr, ran.exception)
    return json.loads(ran.stdout)


STAND_IN = """#!{python}
import json, os, sys
import psycopg

dsn = next(word.partition("=")[2] for word in sys.argv if word.startswith("--dbname="))
secret = os.environ.get("PGPASSWORD")
if sys.argv[0].endswith("pg_dump"):
    file = next(word.partition("=")[2] for word in sys.argv if word.startswith("--file="))
    json.dump({{"dsn": dsn, "argv": sys.argv}}, open(file, "w"))
else:
    source = psycopg.conninfo.conninfo_to_dict(json.load(open(sys.argv[-1]))["dsn"])["dbname"]
    words = psycopg.conninfo.conninfo_to_dict(dsn)
    target = words.pop("dbname")
    with psycopg.connect(**words, dbname="postgres", password=secret, autocommit=True) as server:
        for name in (source, target):
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        server.execute(f"DROP DATABASE {{target}}")
        server.execute(f"CREATE DATABASE {{target}} TEMPLATE {{source}} STRATEGY file_copy")
"""


@pytest.fixture(autouse=True)
def clients(tmp_path, monkeypatch):
    """Programs in place of pg_dump and pg_restore, which are often older than the server: one notes which database,
    the other has the server copy it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pg_dump", "pg_restore"):
        (folder / name).write_text(STAND_IN.format(python=sys.executable))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.fixture(params=ENGINES)
def urls(request, tmp_path):
    """A migrated database, and one of the same kind without any table."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url"), f"sqlite:///{tmp_path / 'bare.sqlite3'}"
        return
    with empty_postgresql(request.getfixturevalue("postgres_cluster")) as bare:
        yield request.getfixturevalue("postgresql_url"), bare


@pytest.fixture
def paid(urls, tmp_path):
    """A shop in which Ada has bought a line."""
    shop = open_shop(urls[0], tmp_path / "home")
    shop.order(shop.customer())
    shop.pay()
    shop.work()
    yield shop
    close_app(shop.app)


@pytest.fixture
def elsewhere(urls, tmp_path):
    """An empty place, under the same secret key."""
    app = build_app(urls[1], tmp_path / "elsewhere")
    yield app
    close_app(app)


def test_a_house_comes_back_with_its_books_and_both_switches_on(paid, elsewhere, tmp_path):
    made = told(run(paid.app, "backup", tmp_path / "backups", "--json"))
    file = tmp_path / "backups" / made["file"]
    assert file.stat().st_mode & 0o077 == 0, "for nobody else's eyes"
    if made["kind"] == "postgresql":
        assert ":" not in json.loads(file.read_text())["dsn"].partition("@")[0].partition("//")[2], (
            "no password in argv"
        )
    assert (made["entries"] or 0) > 0 if made["kind"] == "sqlite" else made["entries"] is None
    with paid.app.app_context(), reading() as session:
        entries = len(session.scalars(select(LedgerEntry)).all())
        assert session.get(HouseFact, "backup").data["file"] == made["file"]
    restored = told(run(elsewhere, "restore", file, "--json"))
    assert restored["entries"] == entries > 0
    with elsewhere.app_context(), reading() as session:
        assert session.scalars(select(Customer.email)).all() == ["ada@example.com"]
        assert sorted(one.name for one in session.scalars(select(FreezeSwitch)) if one.on) == ["charges", "panels"]
    again = run(elsewhere, "restore", file)
    assert (again.exit_code, "the database is not empty" in again.stderr) == (1, True)
    assert run(elsewhere, "ledger", "verify").exit_code == 0


def test_a_changed_file_and_another_key_are_refused(paid, urls, tmp_path):
    made = told(run(paid.app, "backup", tmp_path / "backups", "--json"))
    file = tmp_path / "backups" / made["file"]
    stranger = build_app(urls[1], tmp_path / "stranger", secret_key="another key, which opens nothing here")
    refused = run(stranger, "restore", file)
    assert (refused.exit_code, "the secret key is another one" in refused.stderr) == (1, True)
    close_app(stranger)
    with file.open("r+b") as damaged:
        damaged.seek(100)
        damaged.write(b"x")
    app = build_app(urls[1], tmp_path / "same")
    assert "damaged or changed" in run(app, "restore", file).stderr
    file.with_suffix(".json").unlink()
    assert "there is no" in run(app, "restore", file).stderr
    close_app(app)
    file.unlink()  # other checks read every database that a test leaves


def test_a_wrong_ledger_is_no_backup(sqlite_url, tmp_path):
    shop = open_shop(sqlite_url, tmp_path / "home")
    shop.order(shop.customer())
    shop.pay()
    shop.work()
    with shop.app.app_context(), db.engine.begin() as connection:
        for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text("UPDATE ledger_posting SET amount_minor = amount_minor + 1 WHERE leg = 1"))
    refused = run(shop.app, "backup", tmp_path / "backups")
    assert (refused.exit_code, "the ledger is wrong" in refused.stderr) == (1, True)
    close_app(shop.app)


def test_old_ones_go_and_nothing_else(sqlite_url, tmp_path, monkeypatch):
    app = build_app(sqlite_url, tmp_path / "home")
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    for day in ("20260101-000000", "20260102-000000"):
        (folder / f"billhead-{day}.json").write_text("{}")
        (folder / f"billhead-{day}.sqlite3").write_text("")
    made = told(run(app, "backup", folder, "--keep", 2, "--json"))
    assert made["deleted"] == ["billhead-20260101-000000.sqlite3"]
    left = sorted(one.name for one in folder.iterdir())
    assert left[-1] == "notes.txt"
    assert len([name for name in left if name.endswith(".sqlite3")]) == 2
    close_app(app)


def test_without_pg_dump_it_is_told_what_to_install(paid, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    ran = run(paid.app, "backup", tmp_path / "backups")
    if paid.app.extensions["billhead"].config.is_sqlite:
        assert ran.exit_code == 0, "SQLite needs no other program"
    else:
        assert (ran.exit_code, "pg_dump is not on this machine" in ran.stderr) == (1, True)


def test_a_folder_that_can_not_be_written_is_told(paid, tmp_path):
    (tmp_path / "file").write_text("")
    refused = run(paid.app, "backup", Path(tmp_path / "file" / "below"))
    assert refused.exit_code == 1
    assert "can't be written" in refused.stderr
