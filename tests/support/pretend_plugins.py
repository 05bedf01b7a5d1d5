"""Plugins that exist for one test: their source as text, behind real entry points. And an app that is only a host."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from flask import Flask

SECRET = "a secret of the tests, and of nobody else"


@dataclass
class Installed:
    """What `app.extensions["billhead"]` holds, as far as plugins need it."""

    config: object
    plugins: object
    vault: object


@cache
def _compiled(source: str) -> CodeType:
    return compile("from billhead.plugin import *\nAPI = 1\n" + source, "<pretended>", "exec")


@cache
def installed_points() -> tuple[EntryPoint, ...]:
    """Of the plugins that are really there. Looked for once: that reads the files of every distribution."""
    return tuple(entry_points(group="billhead.plugins"))


def plugin_point(name: str, source: str) -> EntryPoint:
    """An entry point to a module with this source; `API = 1` and the usual imports stand above it."""
    module = ModuleType(f"pretend_{name}")
    exec(_compiled(source), module.__dict__)
    sys.modules[module.__name__] = module
    return EntryPoint(name, module.__name__, "billhead.plugins")


@pytest.fixture
def pretend() -> Iterator[Callable[[str, str], EntryPoint]]:
    """`pretend("loyalty", source)` installs a plugin for this test."""
    yield plugin_point
    for name in [name for name in sys.modules if name.startswith("pretend_")]:
        del sys.modules[name]


@pytest.fixture
def host_app(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """`host_app(url, points)`: an app with a database, these plugins and a vault, and nothing else."""
    from billhead.config import Config
    from billhead.db import db, init_db
    from billhead.plugin_host import PluginHost, Vault, provide_facade

    made = []

    def build(url: str, points: list[EntryPoint]) -> Flask:
        app = Flask("host", static_folder=None)
        app.config.update(SECRET_KEY=SECRET, WTF_CSRF_ENABLED=False)
        init_db(app, url)
        config = Config(home=tmp_path, database_url=url, broker_url="memory://", secret_key=SECRET)
        app.extensions["billhead"] = Installed(config, PluginHost.load(points), Vault.from_secret(SECRET))
        provide_facade(app)
        made.append(app)
        return app

    yield build
    for app in made:
        with app.app_context():
            db.engine.dispose()
