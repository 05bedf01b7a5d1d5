"""Tables of plugins: a ladder and a prefix of their own, and nothing of the core's is ever touched."""

import sys
from types import ModuleType

import pytest
from sqlalchemy import create_engine, inspect, text

from billhead.db import prepare_engine
from billhead.domain.errors import PluginFailed
from billhead.plugin_host import Plugin, upgrade_plugin

REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = {id!r}, {down!r}, None, None

def upgrade():
    {upgrade}

def downgrade():
    pass
"""
CREATE = 'op.create_table("x_loyal_points", sa.Column("id", sa.Integer), sa.Column("customer_id", sa.Integer))'
ADD = 'op.add_column("x_loyal_points", sa.Column("level", sa.Integer))'


@pytest.fixture
def engine(database_url):
    engine = create_engine(database_url)
    prepare_engine(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def loyal(tmp_path, monkeypatch):
    """`loyal(*upgrades)`: the plugin with one revision for each."""
    monkeypatch.syspath_prepend(tmp_path)
    versions = tmp_path / "billhead_loyal" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "billhead_loyal" / "__init__.py").write_text("")

    def plugin(*upgrades) -> Plugin:
        for n, upgrade in enumerate(upgrades, 1):
            down = f"{n - 1:04}" if n > 1 else None
            (versions / f"{n:04}.py").write_text(REVISION.format(id=f"{n:04}", down=down, upgrade=upgrade))
        module = ModuleType("billhead_loyal.plugin")
        module.MIGRATIONS = "billhead_loyal:migrations"
        return Plugin("loyal", module=module)

    yield plugin
    sys.modules.pop("billhead_loyal", None)


def tables(engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_a_plugin_climbs_its_own_ladder(engine, loyal):
    before = tables(engine)
    assert upgrade_plugin(engine, loyal(CREATE)) == "0001"
    assert tables(engine) - before == {"x_loyal_points", "alembic_version_loyal"}
    assert upgrade_plugin(engine, loyal(CREATE, ADD)) == "0002"
    assert {column["name"] for column in inspect(engine).get_columns("x_loyal_points")} == {
        "id",
        "customer_id",
        "level",
    }


def test_climbing_again_changes_nothing(engine, loyal):
    plugin = loyal(CREATE)
    assert upgrade_plugin(engine, plugin) == upgrade_plugin(engine, plugin) == "0001"


def test_the_core_keeps_its_own_version_table(engine, loyal):
    with engine.connect() as connection:
        core = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        upgrade_plugin(engine, loyal(CREATE))
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == core


@pytest.mark.parametrize(
    ("upgrade", "why"),
    [
        (CREATE.replace("x_loyal_points", "points"), "creates the table points; its tables are called x_loyal_…"),
        (CREATE.replace("x_loyal_points", "x_other_points"), "creates the table x_other_points"),
        ('op.add_column("customer", sa.Column("level", sa.Integer))', "alters the table customer"),
        ('op.drop_table("plugin_storage")', "drops the table plugin_storage"),
        (
            CREATE.replace("sa.Integer))", 'sa.Integer, sa.ForeignKey("customer.id")))'),
            "x_loyal_points has a foreign key to customer: keep the id in a plain column instead",
        ),
        (f"{CREATE}\n    raise RuntimeError('no')", "its migration failed: RuntimeError: no"),
    ],
)
def test_what_oversteps_is_undone_as_if_it_had_never_been(engine, loyal, upgrade, why):
    before = tables(engine)
    with pytest.raises(PluginFailed) as caught:
        upgrade_plugin(engine, loyal(CREATE.replace("points", "firsts"), upgrade))
    assert why in caught.value.message
    assert tables(engine) == before
    assert "level" not in {column["name"] for column in inspect(engine).get_columns("customer")}


def test_a_plugin_without_tables_has_nothing_to_climb(engine):
    assert upgrade_plugin(engine, Plugin("plain", module=ModuleType("plain"))) is None


def test_a_folder_that_is_not_there_is_named(engine):
    module = ModuleType("lost")
    module.MIGRATIONS = "billhead:nowhere"
    with pytest.raises(PluginFailed, match=r"there is no folder .*nowhere/versions"):
        upgrade_plugin(engine, Plugin("lost", module=module))
