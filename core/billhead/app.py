"""create_app(): the only composition root. Everything is wired here and nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from celery import Celery
from flask import Flask, has_request_context

from billhead import models as _models  # noqa: F401 registers the tables
from billhead.actions.access.lend_line import lend_line
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.usage.record_events import record_events
from billhead.actions.verb import audit
from billhead.config import Config, load_config
from billhead.db import init_db, writing
from billhead.domain.context import Context
from billhead.jobs import house as _house  # noqa: F401 registers its kinds of job
from billhead.jobs import privacy as _privacy  # noqa: F401 registers its kinds of job
from billhead.jobs import referrals as _referrals  # noqa: F401 registers its kind of job
from billhead.jobs import shops as _shops  # noqa: F401 registers its kinds of job
from billhead.jobs import simulations as _simulations  # noqa: F401 registers its kind of job
from billhead.jobs import support as _support  # noqa: F401 registers its kinds of job
from billhead.jobs import tasks as _tasks  # noqa: F401 registers the kinds of job
from billhead.jobs import usage as _usage  # noqa: F401 registers its kinds of job
from billhead.jobs.celery_app import make_celery
from billhead.plugin import OpenLine, UsageReading
from billhead.plugin_host import PluginHost, Vault, provide_facade
from billhead.web import mount_web
from billhead.web.request_context import current_ctx

__all__ = ["Billhead", "create_app"]


@dataclass(slots=True)
class Billhead:
    """What the running application consists of: `app.extensions["billhead"]`."""

    config: Config
    plugins: PluginHost
    vault: Vault
    celery: Celery


def create_app(config: Config | None = None) -> Flask:
    """Build the application: database, plugins, jobs, web. Does not migrate and starts no thread."""
    config = config or load_config()
    app = Flask("billhead", static_folder=None, template_folder=None)
    app.secret_key, *former = config.secret_key.split()
    app.config["SECRET_KEY_FALLBACKS"] = former  # while the key is being changed, everybody stays signed in
    init_db(app, config.database_url)
    app.extensions["billhead"] = Billhead(
        config=config,
        plugins=PluginHost.load(),
        vault=Vault.from_secret(config.secret_key),
        celery=make_celery(app, config),
    )
    provide_facade(app, _queue_notice, _record_usage, _lend_line, _audit)
    mount_web(app)
    return app


def _queue_notice(customer_id: int, kind: str, key: str, data: Mapping[str, Any]) -> None:
    """A notice that a plugin asked for, in a transaction of its own."""
    with writing(Context.system("plugin", reason=key)) as tx:
        queue_notice(tx, customer_id, kind, key, dict(data))


def _record_usage(source: str, readings: Sequence[UsageReading]) -> Mapping[str, int]:
    """Events that a plugin tells, in a transaction of their own."""
    with writing(Context.system(source)) as tx:
        done = record_events(tx, source, readings)
    return {name: getattr(done, name) for name in ("accepted", "duplicates", "rejected", "late")}


def _audit(plugin: str, action: str, subject: str, reason: str, details: Mapping[str, Any]) -> None:
    """What staff did on a plugin's page, or a plugin by itself."""
    ctx = current_ctx() if has_request_context() else Context.system(f"plugin:{plugin}")
    with writing(replace(ctx, reason=reason)) as tx:
        audit(tx, f"{plugin}.{action}", subject, dict(details))


def _lend_line(plugin: str, service_id: int | None, login: str, ref: str) -> OpenLine:
    """What a line is watched by, for a plugin; that staff asked is written with it."""
    with writing(Context.system(f"plugin:{plugin}")) as tx:
        return lend_line(tx, service_id, login, ref)
