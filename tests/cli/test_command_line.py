"""The command line itself: groups are found by module, refusals are told, nothing is loaded before it is needed."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from billhead.cli import json_option, main, show
from billhead.domain.errors import InvalidInput


@pytest.fixture
def with_command(monkeypatch):
    """A command of the test's own, as if a module of billhead.cli held it."""

    def add(command):
        known = main.get_command
        monkeypatch.setattr(main, "get_command", lambda ctx, name: command if name == "try" else known(ctx, name))

    return add


def test_help_needs_neither_database_nor_settings(tmp_path):
    command = [sys.executable, "-c", "from billhead.cli import main; main(['--help'])"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "plugins" in run.stdout
    assert list(tmp_path.iterdir()) == []


def test_modules_beginning_with_an_underscore_are_no_commands():
    names = main.list_commands(click.Context(main))
    assert "plugins" in names
    assert not [name for name in names if name.startswith(("_", "-"))]


def test_a_refusal_ends_with_exit_code_1_and_a_hint(with_command):
    @click.command()
    @json_option
    def refuse(as_json):
        raise InvalidInput("date", "is not a day", hint="write 2026-11-22")

    with_command(refuse)
    words = CliRunner().invoke(main, ["try"])
    assert (words.exit_code, words.stderr) == (1, "Error: date: is not a day\n  write 2026-11-22\n")
    told = CliRunner().invoke(main, ["try", "--json"])
    assert json.loads(told.stdout) == {
        "error": {
            "code": "invalid_input",
            "message": "date: is not a day",
            "field": "date",
            "hint": "write 2026-11-22",
        }
    }


def test_a_bug_keeps_its_traceback(with_command):
    @click.command()
    def stumble():
        raise ZeroDivisionError

    with_command(stumble)
    assert isinstance(CliRunner().invoke(main, ["try"]).exception, ZeroDivisionError)


def test_a_result_is_shown_as_lines_or_as_one_object(with_command):
    @click.command()
    @json_option
    def tell(as_json):
        show({"paid": 3, "late": "1 Straße"}, as_json)

    with_command(tell)
    assert CliRunner().invoke(main, ["try"]).stdout == "paid: 3\nlate: 1 Straße\n"
    assert CliRunner().invoke(main, ["try", "--json"]).stdout == '{"paid": 3, "late": "1 Straße"}\n'
