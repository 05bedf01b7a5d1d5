"""`billhead import`: a catalogue alone, and that importing again leaves what was entered in the admin area."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from billhead.cli import main
from billhead.db import reading, writing
from billhead.demo.northcable import example_folder
from billhead.domain.context import Context
from billhead.models.catalogue import Plan
from billhead.models.panels import Panel
from billhead.plugin_host import panel_connection, plugins, store_settings

CATALOGUE = str(example_folder() / "catalog.toml")


@pytest.fixture
def billhead(app):
    def run(*words):
        answer = CliRunner().invoke(main, [*words, "--json"], obj=app)
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.stdout)

    return run


def test_a_catalogue_comes_without_a_single_subscriber(app, billhead):
    told = {"dry_run": False, "plans": 18, "prices": 384, "panels": 2}  # 8×24 + 4 + 8, 6×24 + 4, 32 sold once
    assert billhead("import", "catalog", CATALOGUE, "--dry-run") == {**told, "dry_run": True}
    with app.app_context(), reading() as session:
        assert session.scalar(select(Plan.id).limit(1)) is None
    assert billhead("import", "catalog", CATALOGUE) == told
    assert billhead("import", "catalog", CATALOGUE) == {**told, "prices": 0}
    with app.app_context(), reading() as session:
        assert session.scalar(select(Plan.name).where(Plan.code == "basic-mag")) == "Basic, TV box"


def test_importing_again_leaves_the_address_and_the_key_of_a_panel(app, billhead):
    billhead("import", "catalog", CATALOGUE)
    entered = {"url": "https://xtream.example/code/", "api_key": "0123456789abcdef0123456789abcdef"}
    with app.app_context():
        with writing(Context.system("test")) as tx:
            panel = tx.session.scalars(select(Panel).where(Panel.code == "xtream-one")).one()
            store_settings(plugins().module("xtream").settings_type, panel, entered)
        billhead("import", "catalog", CATALOGUE)
        with reading() as session:
            found = panel_connection(session.scalars(select(Panel).where(Panel.code == "xtream-one")).one()).settings
    assert (found.url, found.api_key) == (entered["url"], entered["api_key"])


def test_importing_again_leaves_what_the_file_does_not_say_of_a_plan(app, billhead):
    billhead("import", "catalog", CATALOGUE)
    entered = {
        "features": {"en": ["4K"]}, "mac_swaps": 3, "cancel_money": "credit",
        "hold": {"min_days": 7, "max_days": 30, "way": ""},
    }  # fmt: skip
    with app.app_context(), writing(Context.system("test")) as tx:
        plan = tx.session.scalars(select(Plan).where(Plan.code == "basic-mag")).one()
        plan.details = before = {**plan.details, **entered}
    billhead("import", "catalog", CATALOGUE)
    with app.app_context(), reading() as session:
        assert session.scalar(select(Plan.details).where(Plan.code == "basic-mag")) == before
