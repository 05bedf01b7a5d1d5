"""The machine: the home and its files, the secret key, disk, clock, proxies, the broker."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import text

from billhead import clock
from billhead.actions.health._check import Answer, amber, good, look, red
from billhead.db import db
from billhead.domain.counted import counted
from billhead.plugin_host.current import config

__all__ = ["LOOKS"]

_SKEW = timedelta(seconds=5)
_SHORT_KEY = 24  # letters
_GIB = 1024**3
_PROC_MOST_READ = stat.S_IRGRP | stat.S_IROTH


@look("home", "Machine", mend="set BILLHEAD_HOME to a folder that this user may write")
def home() -> Iterator[Answer]:
    folder = config().home
    probe = folder / f".doctor-{os.getpid()}-{os.urandom(4).hex()}"
    probe.write_text("")
    probe.unlink()
    yield good(f"{folder} is writable")


@look("files", "Machine", mend="let the user of Billhead own its home, and nobody else read secret.key")
def files() -> Iterator[Answer]:
    """Who may read them may read every secret."""
    folder = config().home
    readable = False
    for name in ("secret.key", "billhead.toml"):
        file = folder / name
        if file.exists() and file.stat().st_mode & _PROC_MOST_READ:
            readable = True
            yield red(f"{file} can be read by other users of this machine", f"run: chmod 600 {file}")
    if folder.stat().st_mode & stat.S_IWOTH:
        readable = True
        yield red(f"{folder} can be written by every user of this machine", f"run: chmod 700 {folder}")
    if not readable:
        yield good("nobody else reads the key and the settings")


@look("key", "Machine", mend="set BILLHEAD_SECRET_KEY, the same for all processes")
def key() -> Iterator[Answer]:
    first, *former = config().secret_key.split()
    if len(first) < _SHORT_KEY:
        yield amber(
            counted(
                len(first),
                f"the secret key has {len(first)} letter: it can be guessed",
                f"the secret key has {len(first)} letters: it can be guessed",
            ),
            "put a long random one before it and run billhead vault rotate; docs/operate.md, Keys",
        )
    elif former:
        yield good(f"the key is changed: {len(former)} former beside it")
    else:
        yield good("one secret key")


@look("disk", "Machine", mend="let the user of Billhead read its home")
def disk() -> Iterator[Answer]:
    for folder in sorted({config().home, _database_folder() or config().home}):
        usage = shutil.disk_usage(folder)
        free = f"{usage.free / _GIB:.1f} GB free for {folder}"
        mend = "delete what is not needed, or give the machine a larger disk: a full one stops all work"
        if usage.free < _GIB // 4:
            yield red(free, mend)
        elif usage.free < _GIB or usage.free * 20 < usage.total:
            yield amber(free, mend)
        else:
            yield good(free)


def _database_folder() -> Path | None:
    file = db.engine.url.database if config().is_sqlite else None
    return Path(file).resolve().parent if file and file != ":memory:" else None


@look("proxies", "Machine", mend="set BILLHEAD_PROXIES to how many proxies of yours stand in front")
def proxies() -> Iterator[Answer]:
    count = config().trusted_proxies
    trusted = counted(count, f"{count} in front is trusted", f"{count} in front are trusted")
    yield good(trusted if count else "none is trusted: 0 are in front")


@look("broker", "Machine", mend="check BILLHEAD_BROKER_URL, and that the broker runs", slow=True)
def broker() -> Iterator[Answer]:
    if config().embedded:
        yield good("memory:// (jobs are done by the process of billhead serve)")
        return
    celery = current_app.extensions["billhead"].celery
    with celery.connection_for_write(connect_timeout=3) as connection:
        connection.ensure_connection(max_retries=1, interval_start=1, timeout=3)
        yield good(connection.as_uri())


@look("clock", "Machine", mend="install the tzdata package, and let the machine's clock be set by NTP")
def clocks() -> Iterator[Answer]:
    ZoneInfo("Pacific/Kiritimati")
    skew = timedelta(0)
    if not config().is_sqlite:
        with db.engine.connect() as connection:
            there: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        skew = abs(there.astimezone(UTC) - clock.now())
    says = f"{clock.now():%Y-%m-%d %H:%M:%S} UTC, {skew.total_seconds():.1f} s from the database's"
    yield good(says) if skew < _SKEW else red(says, "set both clocks by NTP: leases and sessions compare them")


LOOKS = (home, files, key, disk, proxies, broker, clocks)
