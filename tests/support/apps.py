"""The whole application on a test's database: `app` on each engine in turn, `build_app` where a test needs its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask

SECRET_KEY = "a secret of the tests, and of nobody else"


def build_app(database_url: str, home: Path, **settings: Any) -> Flask:
    """create_app() with settings for tests; `settings` are fields of Config."""
    # Imported late: a run of the domain's tests alone loads no application.
    from billhead.app import create_app
    from billhead.config import Config

    home.mkdir(exist_ok=True)
    given = {"broker_url": "memory://", "secret_key": SECRET_KEY, "testing": True, **settings}
    return create_app(Config(home=home, database_url=database_url, **given))


def without_web(database_url: str, home: Path, **settings: Any) -> Flask:
    """As `build_app`, and none of its seven hundred routes: they cost ten times the rest. `with_web` adds them."""
    with patch("billhead.app.mount_web"):
        return build_app(database_url, home, **settings)


def with_web(app: Flask) -> Flask:
    from billhead.web import mount_web

    if not app.blueprints:
        mount_web(app)
    return app


def close_app(app: Flask) -> None:
    """Let go of the database, so that it can be dropped."""
    from billhead.db import db

    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application without its web, which most tests of actions never see (`with_web` adds it), on a migrated, empty
    database; the test runs once on each engine."""
    app = without_web(database_url, tmp_path / "home")
    yield app
    close_app(app)


@pytest.fixture
def app_context(app: Flask) -> Iterator[Flask]:
    """`app`, with its context open during the whole test: `reading()`, `writing(ctx)` and `plugins()` just work."""
    with app.app_context():
        yield app
