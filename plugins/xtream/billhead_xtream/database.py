"""The panel's own database (MySQL or MariaDB), read beside its API where the operator allows it. Reads only.

It tells what no call does: all lines with their bouquets in one query, and on classic panels what is and was watched
and the password that a line has now. The two generations name the tables differently and the columns alike.
"""

import base64
import binascii
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pymysql
from pymysql.cursors import SSDictCursor

from billhead.plugin import ListedLine, NotAuthorised, Observed, PanelUnreachable, Viewing
from billhead_xtream.accounts import ENIGMA, LINE, MAG, Account, Row, by_staff, readable_mac, text
from billhead_xtream.dialects.xui_sessions import viewing_in
from billhead_xtream.settings import XtreamSettings

_DENIED = {1044, 1045, 1142, 1143, 1227, 1698}
_LISTING_PATIENCE = 10  # a list or a log may keep us waiting so many times as long as one line
_COLUMNS = (
    "l.id, l.username, l.password, l.exp_date, l.enabled, l.admin_enabled, l.admin_notes, l.bouquet,"
    " l.max_connections, l.member_id, l.is_restreamer, l.is_mag, l.is_e2, l.pair_id, l.forced_country"
)


@dataclass(frozen=True, slots=True)
class _Tables:
    lines: str
    activity: str
    live: str


# LINES is a word of the database's own, hence the quotes
_XUI = _Tables("`lines`", "lines_activity", "lines_live")
_CLASSIC = _Tables("users", "user_activity", "user_activity_now")


class PanelDatabase:
    """One panel's database. Raises NotAuthorised (login or rights) and PanelUnreachable (all else)."""

    def __init__(self, settings: XtreamSettings, what: str) -> None:
        self._settings = settings
        self._what = what
        self._tables = _CLASSIC if settings.spoken == "classic" else _XUI

    def accounts(self) -> Iterator[Account]:
        """Every account, streamed by its line's id. Lines without a name are ghosts, boxes without a line orphans."""
        sql = (
            f"SELECT {_COLUMNS}, m.mag_id, m.mac AS mag_mac, e.device_id, e.mac AS e2_mac FROM {self._tables.lines} l"  # noqa: S608 - names of our own
            " LEFT JOIN mag_devices m ON m.user_id = l.id LEFT JOIN enigma2_devices e ON e.user_id = l.id"
            " WHERE l.username IS NOT NULL ORDER BY l.id"
        )
        for row in self._rows(sql, patience=_LISTING_PATIENCE):
            account = _account(row)
            if account is not None:
                yield account

    def password_of(self, username: str) -> str:
        """The password that the line of exactly this name has now; "" where there is no such line."""
        sql = f"SELECT username, password FROM {self._tables.lines} WHERE username = %s AND is_mag = 0"  # noqa: S608
        return next((text(row, "password") for row in self._rows(sql, [username]) if row["username"] == username), "")

    def viewings(self, since: datetime, until: datetime) -> Iterator[Viewing]:
        """What ended in [since, until), in the order of the log."""
        sql = (
            "SELECT a.*, l.username, l.admin_notes, m.mag_id, e.device_id, s.stream_display_name, s.type"  # noqa: S608
            f" FROM {self._tables.activity} a LEFT JOIN {self._tables.lines} l ON l.id = a.user_id"
            " LEFT JOIN mag_devices m ON m.user_id = a.user_id LEFT JOIN enigma2_devices e ON e.user_id = a.user_id"
            " LEFT JOIN streams s ON s.id = a.stream_id WHERE a.date_end >= %s AND a.date_end < %s"
            " ORDER BY a.activity_id"
        )
        times = [int(since.timestamp()), int(until.timestamp())]
        for row in self._rows(sql, times, patience=_LISTING_PATIENCE):
            viewing = viewing_in(row)
            if viewing is not None and since <= viewing.ended_at < until:
                yield viewing

    def live(self, line_id: int) -> list[Row]:
        sql = (
            f"SELECT a.*, s.stream_display_name FROM {self._tables.live} a"  # noqa: S608
            " LEFT JOIN streams s ON s.id = a.stream_id WHERE a.user_id = %s ORDER BY a.activity_id"
        )
        return list(self._rows(sql, [line_id]))

    def everybodys(self) -> Iterator[Row]:
        """What runs on whatever line, streamed."""
        sql = (
            "SELECT a.*, l.username, l.admin_notes, m.mag_id, e.device_id, s.stream_display_name"  # noqa: S608
            f" FROM {self._tables.live} a LEFT JOIN {self._tables.lines} l ON l.id = a.user_id"
            " LEFT JOIN mag_devices m ON m.user_id = a.user_id LEFT JOIN enigma2_devices e ON e.user_id = a.user_id"
            " LEFT JOIN streams s ON s.id = a.stream_id ORDER BY a.activity_id"
        )
        return self._rows(sql, patience=_LISTING_PATIENCE)

    def count(self) -> int:
        """How many accounts there are: proof of address, login and rights."""
        return sum(int(row["n"]) for row in self._rows(f"SELECT count(*) AS n FROM {self._tables.lines}"))  # noqa: S608

    def _rows(self, sql: str, values: Sequence[Any] = (), *, patience: int = 1) -> Iterator[Mapping[str, Any]]:
        """Row by row, on a connection of its own; each may take `patience` times the panel's timeout."""
        seconds = self._settings.timeout_seconds * patience
        with (
            self._saying_what(),
            closing(self._connected(seconds)) as connection,
            connection.cursor(SSDictCursor) as cursor,
        ):
            cursor.execute(sql, values)
            yield from cursor

    def _connected(self, seconds: int) -> Any:
        return pymysql.connect(
            host=self._settings.database_host,
            port=self._settings.database_port,
            user=self._settings.database_user,
            password=self._settings.database_password,
            database=self._settings.database_name,
            charset="utf8mb4",
            connect_timeout=min(self._settings.timeout_seconds, 10),
            read_timeout=seconds,
            write_timeout=self._settings.timeout_seconds,
            init_command="SET SESSION TRANSACTION READ ONLY",
            ssl=ssl.create_default_context() if self._settings.database_tls else None,
        )

    @contextmanager
    def _saying_what(self) -> Iterator[None]:
        """The driver's texts may quote the login and the query: only the error's number is told."""
        try:
            yield
        except (pymysql.MySQLError, OSError, UnicodeError) as error:
            number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            if number in _DENIED:
                raise NotAuthorised(
                    f"The database of {self._what} refuses our login (error {number}).",
                    hint="Give the user SELECT on the panel's database, from this server's address.",
                ) from None
            raise PanelUnreachable(f"The database of {self._what} does not answer (error {number}).") from None


def _account(row: Row) -> Account | None:
    """None for the hidden line of a device that is gone."""
    for resource, key, column in ((MAG, "mag_id", "mag_mac"), (ENIGMA, "device_id", "e2_mac")):
        if row[key] is not None:
            return Account(resource, row, {key: row[key], "user_id": row["id"], "mac": _mac(text(row, column))})
    return None if row["is_mag"] or row["is_e2"] else Account(LINE, row)


def _mac(stored: str) -> str:
    """Older panels keep a MAC as base64 of its text."""
    shown = readable_mac(stored)
    if ":" in shown:
        return shown
    try:
        return readable_mac(base64.b64decode(stored, validate=True).decode("ascii"))
    except (binascii.Error, UnicodeError):
        return shown


def listed(account: Account, observed: Observed) -> ListedLine:
    resource, note = account.resource, by_staff(account.notes)
    return ListedLine(account.reference, f"{resource.noun}:{account.id}", resource.kind, observed, note=note)
