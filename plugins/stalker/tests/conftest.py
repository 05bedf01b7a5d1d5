"""A sandbox portal on a real socket, the module, and a line that is brought in step as core would do it; and beside it
the portal's own database, on a real MariaDB."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pymysql
import pytest

from billhead.plugin import (
    Absent,
    Desired,
    Found,
    Free,
    Handle,
    HttpClient,
    LineKind,
    Observed,
    PanelConnection,
    load_settings,
)
from billhead_sandbox.panel.server import Running, start
from billhead_stalker import tariffs
from billhead_stalker.module import StalkerModule
from billhead_stalker.settings import StalkerSettings

MAC = "00:1A:79:AA:BB:01"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with start() as running:
        yield running


_FIRMWARE = "ImageDescription: 0.2.18; Player Engine version: 0x566"


class Box:
    """A MAG at its portal: handshake, profile, and then what it asks all day."""

    def __init__(self, portal: str, mac: str) -> None:
        self.url = f"{portal}/server/load.php"
        self.cookies = f"mac={mac}; stb_lang=en; timezone=Europe/London"
        self.token = ""
        self.token = self.ask("stb", "handshake")["token"]
        self.profile = self.ask("stb", "get_profile", ver=_FIRMWARE, stb_type="MAG250", sn="SN1")

    def asked(self, kind: str, action: str, **more: str) -> httpx.Response:
        headers = {"Cookie": self.cookies} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        asked = {"type": kind, "action": action, "JsHttpRequest": "1-xml", **more}
        return httpx.get(self.url, params=asked, headers=headers)

    def ask(self, kind: str, action: str, **more: str) -> Any:
        return self.asked(kind, action, **more).json()["js"]

    def next_event(self) -> dict[str, Any]:
        return self.ask("watchdog", "get_events")["data"]

    def channels(self) -> int:
        return len(self.ask("itv", "get_all_channels")["data"])


@dataclass
class Bench:
    """The module beside one portal. `converge` does what core does and counts the calls that the portal saw."""

    sandbox: Running
    settings: dict[str, Any]
    module: StalkerModule = field(default_factory=StalkerModule)
    http: HttpClient = field(default_factory=lambda: HttpClient("the portal", timeout_seconds=5))

    def connection(self, **changes: Any) -> PanelConnection:
        settings = load_settings(StalkerSettings, {**self.settings, **changes})
        return PanelConnection("portal", settings, self.http)

    def converge(self, desired: Desired, **settings: Any) -> tuple[Observed, Desired]:
        """Observed, and desired with the handle as core would have stored it."""
        panel = self.connection(**settings)
        answer = self.module.look_up(panel, desired)
        assert isinstance(answer, Found | Absent), answer
        seen = answer.observed if isinstance(answer, Found) else None
        for step in self.module.plan(panel, desired, seen):
            assert isinstance(step, Free), step
            seen = self.module.apply(panel, step)
        assert seen is not None
        kept = replace(desired, handle=replace(desired.handle, data=dict(seen.handle_data)))
        assert self.module.plan(panel, kept, seen) == []
        return seen, kept

    def calls(self) -> dict[str, int]:
        """What the portal was asked since the last time, by name: {"accounts.GET": 1}."""
        seen = {name.removeprefix("stalker."): times for name, times in self.sandbox.state.calls.items()}
        self.sandbox.state.calls.clear()
        return seen

    def accounts(self) -> list[dict[str, Any]]:
        return self.sandbox.state.store.rows("SELECT * FROM stalker_accounts ORDER BY id")

    def account(self) -> dict[str, Any]:
        (only,) = self.accounts()
        return only

    def box(self, mac: str) -> Box:
        """Switched on."""
        return Box(self.settings["url"], mac)

    def events(self) -> list[tuple[str, str]]:
        rows = self.sandbox.state.store.rows("SELECT event, msg FROM stalker_events ORDER BY id")
        return [(row["event"], row["msg"]) for row in rows]

    def stands(self, **columns: Any) -> int:
        """An account that was on the portal before us."""
        return self.sandbox.state.store.insert("stalker_accounts", columns)

    def portal_settings(self, **changes: Any) -> None:
        self.sandbox.state.change_settings({"stalker": changes})


@pytest.fixture(autouse=True)
def nothing_known():
    """A port may come again within the minute that a portal's plans are kept for."""
    tariffs._known.clear()


@pytest.fixture
def bench(sandbox: Running) -> Iterator[Bench]:
    settings = {
        "url": f"{sandbox.url}/stalker_portal",
        "login": "stalker",
        "password": "sandbox",
        "zone": "Europe/London",
    }
    bench = Bench(sandbox, settings)
    yield bench
    bench.http.close()


@pytest.fixture
def alice() -> Desired:
    return Desired(
        handle=Handle("a2b3c4d5e6f"),
        kind=LineKind.MAG,
        login="alice",
        password="correct-horse",
        mac=MAC,
        plan="BASIC",
        expires_at=datetime(2026, 12, 31, 12, 0, tzinfo=UTC),
    )


@pytest.fixture
def scripted() -> Iterator[Callable[..., PanelConnection]]:
    """A portal that gives one fixed answer: what no sandbox would say."""
    clients = []

    def connect(status: int = 200, body: str | bytes = b"", **headers: str) -> PanelConnection:
        answer = httpx.MockTransport(lambda request: httpx.Response(status, content=body, headers=headers))
        clients.append(HttpClient("the portal", transport=answer))
        settings = StalkerSettings("http://portal.example", "billing", "api-secret", "Europe/London")
        return PanelConnection("portal", settings, clients[-1])

    yield connect
    for client in clients:
        client.close()


# A portal's own database: its tables and columns, those that we speak of and some that we must not touch.
TABLES = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(128) NOT NULL DEFAULT '', ls VARCHAR(64) NOT NULL DEFAULT '',
  mac VARCHAR(64) NOT NULL DEFAULT '', login VARCHAR(255) NOT NULL DEFAULT '', password VARCHAR(255) NOT NULL
  DEFAULT '', status INT NOT NULL DEFAULT 0, reseller_id INT NULL DEFAULT NULL) DEFAULT CHARSET = utf8;
CREATE TABLE reseller (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL DEFAULT '', created DATETIME,
  modified TIMESTAMP NOT NULL, max_users INT NOT NULL DEFAULT 0) DEFAULT CHARSET = utf8;
CREATE TABLE itv (id INT PRIMARY KEY, name VARCHAR(128) NOT NULL DEFAULT '') DEFAULT CHARSET = utf8;
CREATE TABLE video (id INT PRIMARY KEY, name VARCHAR(255) NOT NULL DEFAULT '') DEFAULT CHARSET = utf8;
CREATE TABLE played_tv_archive (id INT AUTO_INCREMENT PRIMARY KEY, ch_id INT NOT NULL DEFAULT 0, uid INT NOT NULL
  DEFAULT 0, length INT NOT NULL DEFAULT 0, playtime TIMESTAMP NULL DEFAULT NULL);
CREATE TABLE played_timeshift (id INT AUTO_INCREMENT PRIMARY KEY, ch_id INT NOT NULL DEFAULT 0, uid INT NOT NULL
  DEFAULT 0, length INT NOT NULL DEFAULT 0, playtime TIMESTAMP NULL DEFAULT NULL);
CREATE TABLE played_video (id INT AUTO_INCREMENT PRIMARY KEY, video_id INT NOT NULL DEFAULT 0, uid INT NOT NULL
  DEFAULT 0, storage INT NOT NULL DEFAULT 0, playtime TIMESTAMP NULL DEFAULT NULL);
"""


@dataclass
class PortalTables:
    """`settings` go into the panel's; `beside(store)` keeps `users` as the sandbox has its accounts."""

    host: str
    port: int
    name: str
    user: str
    password: str
    others: list[Any] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "database_host": self.host,
            "database_port": self.port,
            "database_name": self.name,
            "database_user": self.user,
            "database_password": self.password,
        }

    def connect(self, **more: Any) -> Any:
        settings = {"user": self.user, "password": self.password, "database": self.name, "autocommit": True, **more}
        return pymysql.connect(host=self.host, port=self.port, connect_timeout=5, **settings)

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def reseller(self, name: str) -> str:
        self.run("INSERT INTO reseller (name, created, modified) VALUES (%s, NOW(), NOW())", name)
        return str(self.run("SELECT max(id) FROM reseller")[0][0])

    def resellers_of(self) -> dict[str, Any]:
        return dict(self.run("SELECT login, reseller_id FROM users ORDER BY id"))

    def beside(self, store: Any) -> None:
        """From now on each write of an account reaches `users` too, as on a portal, where it is the same row."""

        def mirror() -> None:
            rows = store.rows("SELECT id, login, account_number, stb_mac, blocked FROM stalker_accounts")
            with self.connect() as connection, connection.cursor() as cursor:
                for row in rows:
                    cursor.execute(
                        "INSERT INTO users (id, login, ls, mac, status) VALUES (%s, %s, %s, %s, %s) ON DUPLICATE KEY "
                        "UPDATE login = VALUES(login), ls = VALUES(ls), mac = VALUES(mac), status = VALUES(status)",
                        (row["id"], row["login"], row["account_number"], row["stb_mac"], row["blocked"]),
                    )
                marks = ", ".join(["%s"] * len(rows)) or "0"
                cursor.execute(f"DELETE FROM users WHERE id NOT IN ({marks})", [row["id"] for row in rows])

        def followed(real: Any) -> Any:
            def write(where: str, *more: Any) -> Any:
                done = real(where, *more)
                if "stalker_accounts" in where:
                    mirror()
                return done

            return write

        for name in ("insert", "update", "run"):
            setattr(store, name, followed(getattr(store, name)))
        mirror()

    @contextmanager
    def held(self, sql: str) -> Iterator[None]:
        """Somebody else holds a lock while this goes on."""
        with self.connect(autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            try:
                yield
            finally:
                connection.rollback()
                cursor.execute("UNLOCK TABLES")


@pytest.fixture
def tables(mariadb_url: str) -> Iterator[PortalTables]:
    place = urlsplit(mariadb_url)
    name = f"stalker_{uuid4().hex[:12]}"
    made = PortalTables(place.hostname or "", place.port or 3306, name, place.username or "", place.password or "")
    with made.connect(database=None) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} DEFAULT CHARSET utf8")
        cursor.execute(f"USE {name}")
        cursor.execute("SET default_storage_engine = MyISAM")  # as older portals have it
        for statement in filter(str.strip, TABLES.split(";")):
            cursor.execute(statement)
    yield made
    with made.connect(database=None) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")
