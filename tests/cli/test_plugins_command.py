"""`billhead plugins …` and `billhead x …`, on a host with a sound, a broken and a switched-off plugin."""

import json

import pytest
from click.testing import CliRunner

from billhead import clock
from billhead.cli import main
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.operations import Event, EventDelivery

SWEEP = """
import click

@click.command()
@click.argument("room")
def sweep(room):
    click.echo(f"swept {room} with {current_host('broom').get('bristles', 'none')}")

@hookimpl
def cli_commands(): return [sweep]

@hookimpl
def on_event(event): ...
"""


@pytest.fixture
def app(host_app, sqlite_url, pretend):
    return host_app(sqlite_url, [pretend("broom", SWEEP), pretend("torn", "API = 9"), pretend("vase", "")])


@pytest.fixture
def run(app):
    def run(*words):
        return CliRunner().invoke(main, words, obj=app)

    return run


def as_json(result) -> dict:
    assert result.stdout.count("\n") == 1, result.stdout
    return json.loads(result.stdout)


def test_list_shows_every_plugin_with_its_state(run):
    run("plugins", "disable", "vase")
    rows = {row["name"]: row for row in as_json(run("plugins", "list", "--json"))["plugins"]}
    assert {name: row["state"] for name, row in rows.items()} == {"broom": "active", "torn": "broken", "vase": "off"}
    assert rows["broom"]["offers"] == ["cli_commands", "on_event"]
    assert [line.split()[0] for line in run("plugins", "list").stdout.splitlines()] == ["broom", "torn", "vase"]


def test_doctor_says_what_is_broken_and_how_to_mend_it(run):
    result = run("plugins", "doctor")
    assert result.exit_code == 1
    assert result.stdout == ("torn: it is built for plugin API 9, this Billhead speaks 1\n  upgrade Billhead\n")
    found = as_json(run("plugins", "doctor", "--json"))
    assert found["healthy"] is False
    assert [problem["plugin"] for problem in found["problems"]] == ["torn"]


def test_doctor_is_content_where_all_is_well(host_app, sqlite_url, pretend):
    app = host_app(sqlite_url, [pretend("vase", "")])
    result = CliRunner().invoke(main, ["plugins", "doctor"], obj=app)
    assert (result.exit_code, result.stdout) == (0, "All 1 plugins are well.\n")


def test_doctor_shows_events_that_could_not_be_delivered(run, app):
    with app.app_context(), writing(Context.system("test")) as tx:
        event = Event(type="service.active", aggregate="service:1", data={}, at=clock.now())
        tx.session.add(event)
        tx.session.flush()
        parked = {"event_id": event.id, "plugin": "broom", "state": "parked", "due_at": clock.now()}
        tx.session.add(EventDelivery(**parked, tries=8, error="RuntimeError: disk full"))
    problems = as_json(run("plugins", "doctor", "--json"))["problems"]
    assert problems[1]["problem"] == "1 events could not be delivered: RuntimeError: disk full"


def test_doctor_names_tables_that_are_behind(run, app, tmp_path, monkeypatch):
    (tmp_path / "billhead_shelf" / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "billhead_shelf" / "__init__.py").write_text("")
    revision = tmp_path / "billhead_shelf" / "migrations" / "versions" / "0001.py"
    revision.write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = '0001', None\n"
        "def upgrade(): op.create_table('x_vase_shelf', sa.Column('id', sa.Integer))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    app.extensions["billhead"].plugins.get("vase").module.MIGRATIONS = "billhead_shelf:migrations"
    behind = as_json(run("plugins", "doctor", "--json"))["problems"][-1]
    assert behind == {
        "plugin": "vase",
        "problem": "its tables are not up to date",
        "mend": "billhead plugins migrate vase",
    }
    assert as_json(run("plugins", "migrate", "--json")) == {"migrated": {"vase": "0001"}, "failed": {}}
    assert [problem["plugin"] for problem in as_json(run("plugins", "doctor", "--json"))["problems"]] == ["torn"]


def test_a_migration_that_fails_is_told_and_stops_no_other(run, app):
    app.extensions["billhead"].plugins.get("broom").module.MIGRATIONS = "billhead:nowhere"
    result = run("plugins", "migrate")
    assert result.exit_code == 1
    assert "The plugin broom failed: MIGRATIONS = 'billhead:nowhere': there is no folder" in result.stdout


def test_enable_and_disable(run):
    assert as_json(run("plugins", "disable", "vase", "--json")) == {"plugin": "vase", "active": False}
    assert run("plugins", "enable", "vase").stdout == "vase is on.\n"


def test_a_refusal_is_told_in_words_or_as_json(run):
    words = run("plugins", "enable", "torn")
    assert words.exit_code == 1
    assert words.stderr.splitlines() == [
        "Error: the plugin torn is broken: it is built for plugin API 9, this Billhead speaks 1",
        "  upgrade Billhead",
    ]
    refused = run("plugins", "disable", "nobody", "--json")
    assert refused.exit_code == 1
    assert as_json(refused)["error"]["code"] == "not_found"


def test_new_writes_a_plugin_without_an_application(tmp_path):
    result = CliRunner().invoke(main, ["plugins", "new", "tax", "acme_tax", "--into", str(tmp_path), "--json"])
    assert as_json(result) == {"folder": str(tmp_path / "acme_tax"), "kind": "tax", "name": "acme_tax"}
    assert (tmp_path / "acme_tax" / "billhead_acme_tax" / "plugin.py").is_file()


def test_commands_of_plugins_run_inside_the_application(run):
    assert run("x", "broom", "sweep", "hall").stdout == "swept hall with none\n"
    assert "broom" in run("x", "--help").stdout
    run("plugins", "disable", "broom")
    assert run("x", "broom", "sweep", "hall").exit_code == 2
