"""The data: database and migrations, stored secrets, numbers without gaps, the ledger's proof, the last backup."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import inspect, select, text

from billhead import clock
from billhead.actions.health._check import Answer, amber, good, look, red
from billhead.actions.health._facts import last_known
from billhead.db import db, reading
from billhead.domain.counted import counted
from billhead.domain.errors import InvalidInput
from billhead.migrations.ladder import CORE
from billhead.models.ledger import LedgerEntry
from billhead.plugin_host import plugin_ladder, plugins, vault
from billhead.plugin_host.current import config
from billhead.plugin_host.rotation import SEALED
from billhead.reports._number_gaps import series_counted

__all__ = ["LOOKS"]

_OLDEST_SQLITE, _OLDEST_POSTGRESQL = (3, 37, 0), 14
_TRIED_SECRETS = 50  # of each column, the newest
_BACKUP_IS_OLD = timedelta(days=2)
_PROOF_IS_OLD = timedelta(days=31)
_KEY_OF_THAT_TIME = 'put the key of that time back, after the new one: BILLHEAD_SECRET_KEY="new old"'


@look("database", "Data", mend="check BILLHEAD_DATABASE_URL, and that the server runs and knows this user")
def database() -> Iterator[Answer]:
    yield from _sqlite() if config().is_sqlite else _postgresql()


def _sqlite() -> Iterator[Answer]:
    with db.engine.connect() as connection:
        said = str(connection.execute(text("SELECT sqlite_version()")).scalar_one())
    if tuple(int(part) for part in said.split(".")) < _OLDEST_SQLITE:
        oldest = ".".join(map(str, _OLDEST_SQLITE))
        yield red(f"sqlite {said} is older than {oldest}", "install a newer Python or libsqlite3")
    else:
        yield good(f"sqlite {said}")


def _postgresql() -> Iterator[Answer]:
    with db.engine.connect() as connection:
        number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        most = int(connection.execute(text("SHOW max_connections")).scalar_one())
        used = int(connection.execute(text("SELECT count(*) FROM pg_stat_activity")).scalar_one())
    says = f"postgresql {number // 10000}.{number % 10000}, {used} of {most} connections in use"
    if number // 10000 < _OLDEST_POSTGRESQL:
        yield red(says, f"upgrade the server to {_OLDEST_POSTGRESQL} or newer")
    elif used * 10 > most * 8:
        yield amber(says, "raise max_connections of the server, or run fewer web processes and workers")
    else:
        yield good(says)


@look("migrations", "Data", mend="run: billhead db upgrade")
def migrations() -> Iterator[Answer]:
    ladders = {"core": CORE}
    for plugin in plugins().all():
        ladder = None if plugin.broken else plugin_ladder(plugin)
        if ladder is not None:
            ladders[plugin.name] = ladder
    for name, ladder in ladders.items():
        stands_at, head = ladder.current(db.engine), ladder.head()
        if stands_at == head:
            yield good(f"{name} stands at {stands_at}")
        else:
            yield red(f"{name} stands at {stands_at}, this release needs {head}", "run: billhead db upgrade")


@look("secrets", "Data", mend="run: billhead db upgrade")
def secrets() -> Iterator[Answer]:
    """The newest of each kind are opened: a database that was moved without its key is found at once."""
    tried = 0
    closed: list[str] = []
    for column in SEALED:
        (key,) = inspect(column.class_).primary_key
        with reading() as session:
            sealed = select(column).where(column != "").order_by(key.desc()).limit(_TRIED_SECRETS)
            tokens = session.scalars(sealed).all()
        tried += len(tokens)
        if any(not _opens(token) for token in tokens):
            closed.append(column.class_.__tablename__)
    if closed:
        yield red(f"stored secrets can't be opened by this key: {', '.join(sorted(set(closed)))}", _KEY_OF_THAT_TIME)
    else:
        opened = counted(tried, f"{tried} stored secret was opened", f"{tried} stored secrets were opened")
        yield good(opened if tried else "no secret is stored yet")


def _opens(token: str) -> bool:
    try:
        vault().decrypt(token)
    except InvalidInput:
        return False
    return True


@look("numbers", "Data", mend="run: billhead db upgrade", slow=True)
def numbers() -> Iterator[Answer]:
    with reading() as session:
        series = list(series_counted(session))
    for one in series:
        if not one.sound:
            missing, due = ", ".join(map(str, one.missing)), one.last - one.first + 1
            says = f"{one.kind} numbers of {one.seller} in {one.fiscal_year}: {missing} missing"
            if not missing:
                says = f"{one.kind} numbers of {one.seller} in {one.fiscal_year}: {one.given} given instead of {due}"
            yield red(says, "restore a backup, or explain it to the auditor", "report", code="number-gaps")
    if all(one.sound for one in series):
        yield good(f"{len(series)} series without a gap")


@look("ledger", "Data", mend="run: billhead db upgrade")
def ledger() -> Iterator[Answer]:
    """When it was last proven; proving it is work for a job."""
    with reading() as session:
        known = last_known(session, "ledger")
        begun = session.scalar(select(LedgerEntry.id).limit(1)) is not None
    mend = "press Verify on the health page, or run weekly: billhead ledger verify"
    if known is not None and known.data.get("another_key") and known.data.get("faults") == 1:
        says = "this is not the secret key that it was sealed with, or somebody without that has sealed everything anew"
        yield red(says, _KEY_OF_THAT_TIME)
    elif known is not None and not known.data.get("verified"):
        faults = int(known.data.get("faults", 0))
        wrong = counted(faults, f"wrong in {faults} place", f"wrong in {faults} places")
        yield red(wrong, "run: billhead ledger verify, and restore a backup")
    elif known is not None and clock.now() - known.at < _PROOF_IS_OLD:
        entries, on = int(known.data.get("entries", 0)), f"{known.at:%Y-%m-%d}"
        yield good(counted(entries, f"proven on {on}, {entries} entry", f"proven on {on}, {entries} entries"))
    elif known is not None:
        yield amber(f"proven last on {known.at:%Y-%m-%d}", mend)
    elif begun:
        yield amber("it was never proven", mend)
    else:
        yield good("nothing is booked yet")


@look("backup", "Data", mend="run: billhead db upgrade")
def backup() -> Iterator[Answer]:
    with reading() as session:
        known = last_known(session, "backup")
    mend = "run daily: billhead backup FOLDER, and keep what it writes on another machine"
    if known is None:
        yield amber("no backup is known", mend)
    elif clock.now() - known.at > _BACKUP_IS_OLD:
        yield amber(f"the last that is known is of {known.at:%Y-%m-%d %H:%M} UTC", mend)
    else:
        yield good(f"{known.at:%Y-%m-%d %H:%M} UTC, {known.data.get('file', '')}")


LOOKS = (database, migrations, secrets, numbers, ledger, backup)
