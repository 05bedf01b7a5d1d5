"""The portal's own database, for what REST v1 does not know: resellers, and what was watched. Optional.

One connection a question, with timeouts, every value a parameter. Written is one column, `users.reseller_id`, of one
row that is named by its id. Table and column names are the portal's.
"""

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Never

import pymysql
from pymysql.cursors import Cursor, SSCursor

from billhead.plugin import Owner, PanelOutcomeUnknown, PanelRejected, PanelUnreachable, marked
from billhead_stalker.settings import StalkerSettings

WITHOUT_DATABASE = marked("Without the database connection: no reseller on the portal, no viewing history.")

NOBODY = "0"
"""The owner of an account that has no reseller. Ids of the portal begin at 1."""

Who = tuple[str, str, str]
"""Account number, login and MAC of an account, all in lower case: what a record of REST v1 can be matched by."""

_REFUSED = {1044, 1045, 1049, 1054, 1142, 1143, 1146, 1698}  # login, database, grants, or no such table or column
_ROLLED_BACK = {1205, 1213}  # lock wait timeout, deadlock: surely not done
_FIND = {
    "number": "SELECT id, reseller_id FROM users WHERE ls = %s LIMIT 2",
    "mac": "SELECT id, reseller_id FROM users WHERE mac = %s LIMIT 2",
    "login": "SELECT id, reseller_id FROM users WHERE login = %s LIMIT 2",
}


class PortalDatabase:
    """Raises PanelUnreachable, PanelRejected (the database says no), and from a write PanelOutcomeUnknown."""

    def __init__(self, settings: StalkerSettings) -> None:
        self._settings = settings

    def resellers(self) -> list[Owner]:
        """Those of the portal, before them whoever has none."""
        rows = self._read("SELECT id, name FROM reseller ORDER BY id")
        return [Owner(NOBODY, "(no reseller)"), *(Owner(str(row[0]), str(row[1])) for row in rows)]

    def owner_of(self, by: str, value: str) -> str | None:
        """The reseller of the one account whose `by` (number, mac or login) is `value`; None if not just one has it."""
        rows = self._read(_FIND[by], value)
        return _owner(rows[0][1]) if len(rows) == 1 else None

    def owners(self) -> Mapping[Who, str]:
        """The reseller of every account. Accounts that can't be told apart are left out."""
        owners: dict[Who, str] = {}
        alike: set[Who] = set()
        for number, login, mac, reseller_id in self.stream("SELECT ls, login, mac, reseller_id FROM users"):
            who = named(number, login, mac)
            if who in owners:
                alike.add(who)
            owners[who] = _owner(reseller_id)
        return {who: owner for who, owner in owners.items() if who not in alike}

    def give(self, by: str, value: str, owner: str) -> None:
        """Give the one account whose `by` is `value` to a reseller, and see that it has got it."""
        if not (owner.isascii() and owner.isdecimal()):  # to a column of numbers "7x" would be 7
            raise PanelRejected(f"The portal has no reseller of the id {owner!r}: they are numbers")
        reseller_id = None if owner == NOBODY else int(owner)
        if reseller_id is not None and not self._read("SELECT id FROM reseller WHERE id = %s", reseller_id):
            raise PanelRejected(f"The portal has no reseller of the id {owner}")
        found = self._read(_FIND[by], value)
        if len(found) != 1:
            how_many = "no account" if not found else "several accounts"
            raise PanelRejected(f"The portal's database has {how_many} of the {by} {value}: nobody was moved")
        if _owner(found[0][1]) == owner:
            return
        self._write("UPDATE users SET reseller_id = %s WHERE id = %s", reseller_id, found[0][0])
        seen = self._read("SELECT reseller_id FROM users WHERE id = %s", found[0][0])
        if len(seen) != 1 or _owner(seen[0][0]) != owner:
            raise PanelRejected(f"The portal's database took the reseller {owner} for {value}, but does not show it")

    def stream(self, sql: str, *values: Any) -> Iterator[Sequence[Any]]:
        """Rows as they come: a table of the portal may be longer than our memory."""
        with self._connected() as connection:
            try:
                with connection.cursor(SSCursor) as cursor:
                    cursor.execute(sql, values)
                    while row := cursor.fetchone():
                        yield row
            except pymysql.MySQLError as error:
                _raise_for(error, PanelUnreachable)

    def _read(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]:
        def ask(cursor: Cursor) -> Sequence[Sequence[Any]]:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

        return self._run(ask, PanelUnreachable)

    def _write(self, sql: str, *values: Any) -> None:
        self._run(lambda cursor: cursor.execute(sql, values), PanelOutcomeUnknown)

    def _run(self, act: Callable[[Cursor], Any], broken: type[PanelUnreachable | PanelOutcomeUnknown]) -> Any:
        with self._connected() as connection:
            try:
                with connection.cursor() as cursor:
                    return act(cursor)
            except pymysql.MySQLError as error:
                _raise_for(error, broken)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        s = self._settings
        try:
            connection = pymysql.connect(
                host=s.database_host,
                port=s.database_port,
                user=s.database_user,
                password=s.database_password,
                database=s.database_name,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=min(s.timeout_seconds, 10),
                read_timeout=s.timeout_seconds,
                write_timeout=s.timeout_seconds,
                init_command="SET time_zone = '+00:00'",  # its timestamps are told in UTC then
                ssl=ssl.create_default_context() if s.database_tls else None,
            )
        except (pymysql.MySQLError, OSError) as error:
            _raise_for(error, PanelUnreachable)
        try:
            yield connection
        finally:
            connection.close()


def named(number: Any, login: Any, mac: Any) -> Who:
    one, two, three = (str(part or "").strip().casefold() for part in (number, login, mac))
    return one, two, three


def aware(instant: datetime) -> datetime:
    """A timestamp of a connection that speaks UTC."""
    return instant.replace(tzinfo=UTC)


def _owner(reseller_id: Any) -> str:
    return str(reseller_id or NOBODY)


def _raise_for(error: Exception, broken: type[PanelUnreachable | PanelOutcomeUnknown]) -> Never:
    """The code and kind only: messages of a server may quote values."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    what = f"{type(error).__name__} {code}".strip()
    if code in _REFUSED:
        raise PanelRejected(
            f"The portal's database refuses us ({what})",
            hint="Check its name, user and password in the panel's settings, and that the user may read `reseller` and "
            "`users` and write `users.reseller_id`.",
        ) from error
    if code in _ROLLED_BACK:
        raise PanelUnreachable(f"The portal's database was busy and did nothing ({what})") from error
    if broken is PanelOutcomeUnknown:
        raise PanelOutcomeUnknown(f"The portal's database broke off, it may have acted ({what})") from error
    raise PanelUnreachable(f"The portal's database does not answer ({what})") from error
