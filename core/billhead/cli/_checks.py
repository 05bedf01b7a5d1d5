"""What `billhead doctor` looks at. A check never raises: what is wrong is its answer, with the way to mend it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import func, select, text

from billhead import clock
from billhead.actions.freeze import SWITCHES, is_frozen
from billhead.actions.panels.check_panel import check_panel
from billhead.config import Config
from billhead.db import db, reading
from billhead.domain.context import Context
from billhead.migrations.ladder import CORE
from billhead.models.operations import Job
from billhead.models.panels import Panel
from billhead.plugin_host import plugin_ladder, plugins
from billhead.reports._number_gaps import series_counted

__all__ = ["Check", "all_checks"]

_SKEW = timedelta(seconds=5)
_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    says: str
    mend: str = ""


Look = Callable[[], Iterator[Check]]


def _checked(name: str, mend: str) -> Callable[[Look], Look]:
    """A check that breaks is one that failed: the rest is looked at all the same."""

    def decorate(look: Look) -> Look:
        @wraps(look)
        def safely() -> Iterator[Check]:
            try:
                yield from look()
            except Exception as error:  # noqa: BLE001 a doctor who faints is of no use
                lines = str(getattr(error, "orig", error)).strip().splitlines()
                yield Check(name, False, lines[0] if lines else type(error).__name__, mend)

        return safely

    return decorate


def all_checks() -> list[Check]:
    looks = (_home, _database, _migrations, _broker, _queue, _plugins, _panels, _numbers, _switches, _clock)
    return [check for look in looks for check in look()]


def _config() -> Config:
    config: Config = current_app.extensions["billhead"].config
    return config


@_checked("home", "set BILLHEAD_HOME to a folder that this user may write")
def _home() -> Iterator[Check]:
    home = _config().home
    probe = home / f".doctor-{os.getpid()}"
    probe.write_text("")
    probe.unlink()
    yield Check("home", True, f"{home} is writable")


@_checked("database", "check BILLHEAD_DATABASE_URL, and that the server runs and knows this user")
def _database() -> Iterator[Check]:
    with db.engine.connect() as connection:
        version = "sqlite_version()" if _config().is_sqlite else "version()"
        said = str(connection.execute(text(f"SELECT {version}")).scalar_one())
    yield Check("database", True, f"{db.engine.dialect.name} {said.removeprefix('PostgreSQL ').split(' ')[0]}")


@_checked("migrations", "run: billhead db upgrade")
def _migrations() -> Iterator[Check]:
    ladders = {"core": CORE}
    for plugin in plugins().all():
        ladder = None if plugin.broken else plugin_ladder(plugin)
        if ladder is not None:
            ladders[plugin.name] = ladder
    for name, ladder in ladders.items():
        stands_at, head = ladder.current(db.engine), ladder.head()
        says = f"{name} stands at {stands_at}" + ("" if stands_at == head else f", this release needs {head}")
        yield Check("migrations", stands_at == head, says, "run: billhead db upgrade")


@_checked("broker", "check BILLHEAD_BROKER_URL, and that the broker runs")
def _broker() -> Iterator[Check]:
    if _config().embedded:
        yield Check("broker", True, "memory:// (jobs are done by the process of billhead serve)")
        return
    celery = current_app.extensions["billhead"].celery
    with celery.connection_for_write(connect_timeout=3) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=3)
        yield Check("broker", True, connection.as_uri())


@_checked("jobs", "run: billhead db upgrade")
def _queue() -> Iterator[Check]:
    with reading() as session:
        late = Job.due_at < clock.business_now() - _LATE
        waiting = session.scalar(select(func.count()).where(Job.state == "queued", late))
        parked = session.scalar(select(func.count()).where(Job.state.in_(("parked", "failed"))))
    start = "start billhead serve" if _config().embedded else "start billhead worker and billhead beat"
    yield Check("jobs", not waiting, f"{waiting} have waited for more than five minutes", start)
    mend = "see billhead jobs list --state parked, mend the cause, then: billhead jobs retry ID"
    yield Check("jobs", not parked, f"{parked} wait for a person", mend)


@_checked("plugins", "run: billhead db upgrade")
def _plugins() -> Iterator[Check]:
    broken = plugins().broken()
    for plugin in broken:
        yield Check("plugins", False, f"{plugin.name} is broken: {plugin.broken}", plugin.mend)
    if not broken:
        yield Check(
            "plugins", True, f"{len(plugins().active_names())} of {len(plugins().all())} are active, none is broken"
        )


@_checked("panels", "run: billhead db upgrade")
def _panels() -> Iterator[Check]:
    with reading() as session:
        panels = session.execute(select(Panel.id, Panel.code).order_by(Panel.code)).all()
    for panel_id, code in panels:
        yield from _checked("panels", f"correct the settings of {code} in the admin area")(_panel(panel_id, code))()
    if not panels:
        yield Check("panels", True, "there is none yet")


def _panel(panel_id: int, code: str) -> Look:
    def look() -> Iterator[Check]:
        checked = check_panel(Context.system("cli:doctor"), panel_id)
        mend = f"check address and secrets of {code} in the admin area, and that the panel runs"
        yield Check("panels", checked.ok, f"{code}: {checked.said}", mend)

    return look


@_checked("numbers", "run: billhead report number-gaps")
def _numbers() -> Iterator[Check]:
    with reading() as session:
        series = list(series_counted(session))
    for one in series:
        if not one.sound:
            about = f"{one.kind} numbers of {one.seller} in {one.fiscal_year}"
            missing = (
                ", ".join(map(str, one.missing)) or f"{one.given} were given instead of {one.last - one.first + 1}"
            )
            yield Check(
                "numbers", False, f"{about}: {missing} missing", "restore a backup, or explain it to the auditor"
            )
    if all(one.sound for one in series):
        yield Check("numbers", True, f"{len(series)} series without a gap")


@_checked("switches", "run: billhead db upgrade")
def _switches() -> Iterator[Check]:
    with reading() as session:
        stopped = [name for name in SWITCHES if is_frozen(session, name)]
    for name in stopped:
        yield Check("switches", False, f"{name} are stopped", f"run: billhead stop {name} --lift")
    if not stopped:
        yield Check("switches", True, "nothing is stopped")


@_checked("clock", "install the tzdata package, and let the machine's clock be set by NTP")
def _clock() -> Iterator[Check]:
    ZoneInfo("Pacific/Kiritimati")
    skew = timedelta(0)
    if not _config().is_sqlite:
        with db.engine.connect() as connection:
            there: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        skew = abs(there.astimezone(UTC) - clock.now())
    mend = "set both clocks by NTP: leases and sessions compare them"
    says = f"{clock.now():%Y-%m-%d %H:%M:%S} UTC, {skew.total_seconds():.1f} s from the database's"
    yield Check("clock", skew < _SKEW, says, mend)
