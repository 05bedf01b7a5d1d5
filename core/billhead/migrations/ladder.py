"""Climbing a ladder of revisions. One version table per ladder, so that an uninstalled plugin never blocks the core."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, MetaData

from billhead import models as _models  # noqa: F401 registers the tables
from billhead.db import Model

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig
    from alembic.operations.ops import DowngradeOps, UpgradeOps
    from alembic.runtime.environment import EnvironmentContext

# Alembic is imported by what climbs: a worker that bills and a command that asks do without it.

__all__ = ["Ladder", "upgrade_core"]

_HERE = Path(__file__).parent
_OF_PLUGINS = "x_"
"""Tables of plugins begin so; the core's ladder leaves them alone."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """`folder` holds `versions/`; `prefix` limits a plugin's ladder to its own tables ("" = the core's)."""

    folder: Path
    version_table: str
    metadata: MetaData
    prefix: str = ""

    def _config(self) -> "AlembicConfig":
        from alembic.config import Config as AlembicConfig

        config = AlembicConfig()
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        config.set_main_option("version_locations", str(self.folder / "versions").replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        return config

    def _mine(self, name: str | None, kind: str, *_: Any) -> bool:
        if kind != "table":
            return True
        table = str(name or "")
        if not self.prefix and table.startswith(_OF_PLUGINS):
            return False
        return bool(table) and not table.startswith("alembic_version") and table.startswith(self.prefix)

    def _configure(self, env: "EnvironmentContext", connection: Connection) -> None:
        env.configure(
            connection=connection,
            target_metadata=self.metadata,
            version_table=self.version_table,
            render_as_batch=True,
            include_name=self._mine,
        )

    def upgrade(
        self, engine: Engine, to: str = "head", *, check: Callable[[Connection], None] | None = None
    ) -> str | None:
        """Climb to `to` in one transaction; returns the revision that the database stands on afterwards.

        `check` sees the result before it is committed; what it raises undoes the whole climb.
        """
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        config = self._config()
        script = ScriptDirectory.from_config(config)
        env = EnvironmentContext(config, script, fn=lambda rev, _: script._upgrade_revs(to, rev))
        # The transaction is ours: Alembic by itself would commit each step on SQLite.
        with engine.execution_options(billhead_writer=True).begin() as connection:
            self._configure(env, connection)
            with env.begin_transaction():
                env.run_migrations()
            if check is not None:
                check(connection)
        return self.current(engine)

    def current(self, engine: Engine) -> str | None:
        from alembic.runtime.migration import MigrationContext

        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table": self.version_table})
            return context.get_current_revision()

    def head(self) -> str | None:
        from alembic.script import ScriptDirectory

        return ScriptDirectory.from_config(self._config()).get_current_head()

    def missing(self, engine: Engine) -> list[Any]:
        """What the models have and the database lacks, or the other way round; [] when they agree."""
        from alembic.autogenerate import compare_metadata
        from alembic.runtime.migration import MigrationContext

        with engine.connect() as connection:
            opts = {"version_table": self.version_table, "include_name": self._mine}
            return list(compare_metadata(MigrationContext.configure(connection, opts=opts), self.metadata))

    def write(self, engine: Engine, message: str, rev_id: str) -> Path:
        """Write the next revision from the difference between models and a database that stands at the head."""
        from alembic.autogenerate import produce_migrations
        from alembic.runtime.migration import MigrationContext

        with engine.connect() as connection:
            opts = {"version_table": self.version_table, "include_name": self._mine, "render_as_batch": True,
                    "user_module_prefix": "billhead.db."}  # fmt: skip
            context = MigrationContext.configure(connection, opts=opts)
            script = produce_migrations(context, self.metadata)
        name = "_".join(message.lower().split())
        file = self.folder / "versions" / f"{rev_id}_{name}.py"
        file.write_text(
            _REVISION.format(
                message=message,
                rev_id=rev_id,
                down=self.head(),
                up=_indented(script.upgrade_ops),
                down_ops=_indented(script.downgrade_ops),
            ),
            "utf-8",
        )
        return file


def _indented(ops: "UpgradeOps | DowngradeOps | None") -> str:
    from alembic.autogenerate import render_python_code

    assert ops is not None, "autogenerate always fills both directions"
    code = render_python_code(ops, render_as_batch=True, user_module_prefix="billhead.db.")
    kept = [line for line in code.splitlines() if not line.lstrip().startswith("# ###")]
    # Alembic indents every line for a function's body, but for the first
    return indent(dedent("    " + "\n".join(kept).lstrip()), "    ").strip()


_REVISION = '''"""{message}."""

import sqlalchemy as sa
from alembic import op

import billhead.db

revision = {rev_id!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down_ops}
'''


CORE = Ladder(_HERE, "alembic_version", Model.metadata)


def upgrade_core(engine: Engine) -> str | None:
    """Bring the core's tables up to date; returns the revision."""
    return CORE.upgrade(engine)
