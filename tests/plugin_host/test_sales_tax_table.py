"""The operator's own rows: from a file into the database, seen by the next quote, and out again."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from billhead.db import db, reading
from billhead.models.operations import AuditEntry
from billhead.plugin import InvalidInput, current_host
from billhead.plugin_host import plugin_ladder, plugins, upgrade_plugin
from billhead_sales_tax.rate_file import COLUMNS, read_rates, written_rates
from billhead_sales_tax.rates import shipped
from billhead_sales_tax.store import current_rates, own_rates

FILE = f"""{",".join(COLUMNS)}
us-ca,900 12,,county,2.25,2026-01-01,,1,,,,,us-ca-lax
US-NV,,tv,state,0,2026-01-01,2027-01-01,,,*,,,
CA-QC,,,qst,9.975,2013-01-01,,1,yes,,,yes,
"""


@pytest.fixture
def host(app_context):
    upgrade_plugin(db.engine, plugins().get("sales_tax"))
    return current_host("sales_tax")


@pytest.fixture
def run(host):
    commands = {command.name: command for _, command in plugins().offers("cli_commands") if command.name}

    def run(name, *arguments):
        return CliRunner().invoke(commands[name], [str(argument) for argument in arguments])

    return run


def test_its_migration_makes_what_its_code_says(host):
    assert plugin_ladder(plugins().get("sales_tax")).missing(db.engine) == []


def test_rows_go_in_are_seen_at_once_and_come_out_the_same(host, run, tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text(FILE)
    before = current_rates(host)
    assert json.loads(run("import", file, "--dry-run", "--json").output) == {"rates": 3, "dry_run": True}
    assert own_rates(host) == []
    assert run("import", file).output == f"3 rates of {file} are in force.\n"
    assert own_rates(host) == read_rates(FILE)
    assert current_rates(host) is not before
    assert current_rates(host) is current_rates(host)  # kept until the next change
    out = run("export", "--own").output
    assert read_rates(out) == read_rates(FILE)
    assert "county" in run("due", "US", "--region", "CA", "--postcode", "90012", "--on", "2026-11-28").output


def test_the_same_file_twice_changes_nothing(host, run, tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text(FILE)
    run("import", file)
    run("import", file)
    assert own_rates(host) == read_rates(FILE)


def test_a_file_with_a_mistake_changes_nothing(host, run, tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text(FILE)
    run("import", file)
    file.write_text(FILE.replace("2.25", "3.5").replace("9.975", "9,975"))
    answer = run("import", file)
    assert answer.exit_code == 1
    assert "more fields than the header" in answer.output
    assert own_rates(host) == read_rates(FILE)


def test_forgotten_rows_let_the_shipped_ones_hold_again(host, run, tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text("place,tax,rate,since\nNO,vat,30,2026-01-01\n")
    run("import", file)
    assert "30 %" in run("rates", "--place", "NO").output
    assert run("forget", "NO", "vat").output == "Your rows of vat in NO are gone.\n"
    assert "25 %" in run("rates", "--place", "NO").output
    assert run("forget", "NO", "vat").exit_code == 1
    with reading() as session:
        trail = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.action, one.subject) for one in trail] == [
        ("sales_tax.import", "sales_tax:rates"), ("sales_tax.forget", "sales_tax:NO")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "field", "why"),
    [
        ("place,tax,since\n", "rate", "is missing in the header"),
        ("place,tax,rate,since,colour\n", "colour", "is not a column here"),
        ("place,tax,rate,since\nNO,vat,1O,2026-01-01\n", "rate", "line 2: '1O' is not a percentage"),
        ("place,tax,rate,since\nNO,vat,NaN,2026-01-01\n", "rate", "line 2: 'NaN' is not a percentage"),
        ("place,tax,rate,since\nNO,vat,-1,2026-01-01\n", "rate", "line 2: '-1' is not a percentage"),
        ("place,tax,rate,since\nNO,vat,100,2026-01-01\n", "rate", "line 2: '100' is not a percentage"),
        ("place,tax,rate,since\nNO,vat,9.97501,2026-01-01\n", "rate", "at most four decimals"),
        ("place,tax,rate,since\nNO,vat,25,2026-02-30\n", "since", "line 2: '2026-02-30' is not a day"),
        ("place,tax,rate,since,position\nNO,vat,25,2026-01-01,x\n", "position", "is not a whole number"),
        ("place,tax,rate,since,compound\nNO,vat,25,2026-01-01,maybe\n", "compound", "is not yes or no"),
        ("place,tax,rate,since\nNorway,vat,25,2026-01-01\n", "place", "'NORWAY' can't be"),
    ],
)
def test_a_file_is_refused_by_line_and_column(text, field, why):
    with pytest.raises(InvalidInput) as refused:
        read_rates(text)
    assert refused.value.field == field
    assert why in refused.value.message


def test_the_shipped_table_survives_a_trip_through_a_file():
    assert sorted(read_rates(written_rates(shipped())), key=repr) == sorted(shipped(), key=repr)
    assert written_rates([]).strip() == ",".join(COLUMNS)
