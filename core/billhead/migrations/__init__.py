"""Migrations: one ladder for the core and one per plugin, each with its own version table, driven by Alembic's API."""

from billhead.migrations.ladder import Ladder, upgrade_core

__all__ = ["Ladder", "upgrade_core"]
