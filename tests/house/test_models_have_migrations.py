"""What the models declare is what the migrations build, on both engines."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, text
from sqlalchemy.pool import NullPool

from billhead import models as _models  # noqa: F401  registers the tables
from billhead.db import Model, prepare_engine
from billhead.plugin_host import PluginHost
from billhead.plugin_host.plugin_migrations import plugin_ladder, upgrade_plugin
from source_tree import CORE, files


def differences(url: str, metadata: MetaData) -> list[str]:
    """What a new migration would have to do; bookkeeping tables of the migrations themselves are left out."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _is_ours, "compare_type": True})
        return [str(step) for step in compare_metadata(context, metadata)]


def _is_ours(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    return not (kind == "table" and (name or "").startswith(("alembic_version", "sqlite_")))


def has_migrations() -> bool:
    return any(files("migrations/versions/*.py", root=CORE))


def test_every_model_is_in_a_migration():
    declared = [path for path in files("models/*.py", root=CORE) if path.name != "__init__.py"]
    assert bool(declared) <= has_migrations()


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_migrations_build_what_the_models_declare(engine: str, request: pytest.FixtureRequest):
    assert differences(request.getfixturevalue(f"{engine}_url"), Model.metadata) == []


@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
def test_migrations_of_plugins_build_what_they_declare(engine_name: str, request: pytest.FixtureRequest):
    engine = create_engine(request.getfixturevalue(f"{engine_name}_url"), poolclass=NullPool)
    prepare_engine(engine)
    for plugin in PluginHost.load().all():
        ladder = plugin_ladder(plugin)
        if ladder is not None:
            upgrade_plugin(engine, plugin)
            assert (plugin.name, ladder.missing(engine)) == (plugin.name, [])


def test_a_forgotten_migration_is_found(bare_database_url: str):
    engine = create_engine(bare_database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE plan (id INTEGER NOT NULL PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY)"))
    metadata = MetaData()
    Table("plan", metadata, Column("id", Integer, primary_key=True), Column("title", String))
    Table("panel", metadata, Column("id", Integer, primary_key=True))
    found = sorted(step.split(",")[0].strip("('") for step in differences(bare_database_url, metadata))
    assert found == ["add_column", "add_table"]
