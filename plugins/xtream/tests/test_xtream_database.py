"""The panel's own database, on a real MariaDB, with the column names of both generations."""

import base64
import json
import socket
import threading
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pymysql
import pytest
from fault_tables import first_table

from billhead.plugin import (
    Absent,
    Gone,
    Handle,
    InvalidInput,
    LineKind,
    NotAuthorised,
    PanelUnreachable,
    ViewingKind,
)
from billhead_xtream.database import PanelDatabase

DIALECTS = ("classic", "xui_admin")
NOON = datetime(2026, 12, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LINES = (
    "id INT AUTO_INCREMENT PRIMARY KEY, member_id INT, username VARCHAR(50), password VARCHAR(50), exp_date INT,"
    " admin_enabled INT DEFAULT 1, enabled INT DEFAULT 1, admin_notes TEXT, bouquet TEXT,"
    " max_connections INT DEFAULT 1, is_restreamer INT DEFAULT 0, is_mag INT DEFAULT 0,"
    " is_e2 INT DEFAULT 0, pair_id INT, forced_country VARCHAR(3)"
)
SESSIONS = (
    "activity_id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, stream_id INT, server_id INT, user_ip VARCHAR(39),"
    " container VARCHAR(50), date_start INT, date_end INT"
)


@pytest.fixture(params=DIALECTS)
def database(request, mariadb_url):
    """(dialect, settings of its database, run a statement): the tables of that generation, empty."""
    place = urlsplit(mariadb_url)
    name = f"panel_{uuid.uuid4().hex[:12]}"
    login = {"host": place.hostname, "port": place.port, "user": place.username, "password": place.password or ""}
    lines, log, live = (
        ("users", "user_activity", "user_activity_now")
        if request.param == "classic"
        else ("`lines`", "lines_activity", "lines_live")
    )
    with pymysql.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        cursor.execute(f"USE {name}")
        for table, columns in {
            lines: LINES,
            log: SESSIONS,
            live: SESSIONS,
            "mag_devices": "mag_id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, mac VARCHAR(50)",
            "enigma2_devices": "device_id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, mac VARCHAR(50)",
            "streams": "id INT PRIMARY KEY, type INT, stream_display_name TEXT",
        }.items():
            cursor.execute(f"CREATE TABLE {table} ({columns})")
        settings = {f"database_{key}": value for key, value in login.items()} | {"database_name": name}

        def run(sql, *values):
            cursor.execute(sql.format(lines=lines, log=log, live=live), values)

        yield request.param, settings, run
        cursor.execute(f"DROP DATABASE {name}")


@pytest.fixture
def panel(database, connect, classic):
    dialect, settings, _ = database
    return classic(**settings) if dialect == "classic" else connect(**settings)


@pytest.fixture
def run(database):
    return database[2]


def test_all_lines_come_with_their_bouquets(module, panel, run, desired):
    run("INSERT INTO {lines} (username, password, exp_date, admin_notes, bouquet, forced_country) VALUES"
        " ('anna', 'secret-1', 2114380800, 'billhead:A2B3C4D5E6F Flat 4 &amp; garage', '[1,2]', 'de')")  # fmt: skip
    run("INSERT INTO {lines} (username, is_mag, bouquet) VALUES ('hidden', 1, '[3]'), ('orphan', 1, '[]')")
    run("INSERT INTO {lines} (username) VALUES (NULL)")
    run("INSERT INTO mag_devices (user_id, mac) VALUES (2, %s)", base64.b64encode(b"00:1A:79:AA:BB:01").decode())
    assert module.capabilities(panel).listing
    line, box = module.list_lines(panel)
    assert (line.ref, line.remote_id, line.kind) == ("A2B3C4D5E6F", "line:1", LineKind.STREAM)
    assert (line.note, line.observed.country) == ("Flat 4 & garage", "DE")
    assert module.plan(panel, desired(country="DE"), line.observed) == []
    assert (box.remote_id, box.observed.mac, box.observed.bouquets) == ("mag:1", "00:1A:79:AA:BB:01", {"3"})


def test_what_was_watched_is_told_with_our_reference(module, panel, run):
    run("INSERT INTO {lines} (username, admin_notes) VALUES ('anna', 'billhead:A2B3C4D5E6F')")
    run("INSERT INTO streams VALUES (5, 2, 'Harbour Lights')")
    for user, ended in ((1, NOON), (1, NOON + MINUTE), (0, NOON)):
        run("INSERT INTO {log} (user_id, stream_id, date_start, date_end) VALUES (%s, 5, %s, %s)",
            user, int(NOON.timestamp()) - 60, int(ended.timestamp()))  # fmt: skip
    run("INSERT INTO streams VALUES (6, 1, 'North Sport 1')")
    for container in ("ts", "TV Archive", "TV Archive (HLS)"):
        run("INSERT INTO {log} (user_id, stream_id, container, date_start, date_end) VALUES (1, 6, %s, %s, %s)",
            container, *[int(at.timestamp()) for at in (NOON - 3 * MINUTE, NOON)])  # fmt: skip
    seen, *channel = module.viewings(panel, NOON, NOON + MINUTE)
    assert [one.kind for one in channel] == [ViewingKind.LIVE, ViewingKind.CATCHUP, ViewingKind.CATCHUP]
    told = module.capabilities(panel).viewings
    assert (ViewingKind.CATCHUP in told) == (panel.settings.spoken == "classic")
    assert (seen.kind, seen.title, seen.login, seen.ref) == (ViewingKind.FILM, "Harbour Lights", "anna", "A2B3C4D5E6F")
    assert (seen.began_at, seen.ended_at) == (NOON - MINUTE, NOON)


CALLS = {
    "check": lambda module, panel, wanted: module.check(panel),
    "list_lines": lambda module, panel, wanted: list(module.list_lines(panel)),
    "viewings": lambda module, panel, wanted: list(module.viewings(panel, NOON, NOON + MINUTE)),
    "look_up, by a password of staff": lambda module, panel, wanted: module.look_up(panel, wanted),
    "live_sessions": lambda module, panel, wanted: module.live_sessions(panel, wanted),
}
OF_CLASSIC_ALONE = ("look_up, by a password of staff", "live_sessions")
"""The admin API tells these by itself."""
BROKEN = {
    "wrong login": (NotAuthorised, {"database_user": "nobody", "database_password": "hunter-2"}, b""),
    "nobody there": (PanelUnreachable, {"database_port": 1}, b""),
    "timeout": (PanelUnreachable, {"timeout_seconds": 1}, None),
    "reset": (PanelUnreachable, {}, b""),
    "another server": (PanelUnreachable, {}, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
}
"""The error, the settings, and what a server that is none says before it hangs up; None: nothing, and it stays."""


@pytest.fixture
def impostor():
    """A port where something else than the database listens; `.says` as in BROKEN."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                if listening_as.says is None:
                    held.append(connection)
                    continue
                with connection:
                    connection.sendall(listening_as.says)

        held, listening_as = [], SimpleNamespace(port=listening.getsockname()[1], says=b"")
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listening_as
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    ("database", "call"),
    [(of, call) for of in DIALECTS for call in CALLS if of == "classic" or call not in OF_CLASSIC_ALONE],
    indirect=["database"],
)
def test_a_database_that_fails_is_no_answer_and_tells_no_password(module, panel, desired, impostor, call):
    for fault, (error, changes, impostor.says) in BROKEN.items():
        where = {} if fault in ("wrong login", "nobody there") else {"database_port": impostor.port}
        broken = replace(panel, settings=replace(panel.settings, **{**where, **changes}))
        began = time.monotonic()
        with pytest.raises(error) as caught:
            CALLS[call](module, broken, desired())
        assert "hunter" not in repr(caught.value) + str(caught.value.as_dict())
        assert time.monotonic() - began < 60, fault


def test_the_table_in_the_docs_is_this_matrix():
    words = {NotAuthorised: "not authorised", PanelUnreachable: "unreachable"}
    outcomes = [words[error] for error, _, _ in BROKEN.values()]
    test = "`test_a_database_that_fails_is_no_answer_and_tells_no_password`"
    assert first_table("### The panel's database") == [
        ["call", *BROKEN, "test"], *([call, *outcomes, test] for call in CALLS)
    ]  # fmt: skip


def test_a_server_that_says_nothing_is_left_after_the_timeout(panel, impostor):
    impostor.says = None
    settings = replace(panel.settings, database_port=impostor.port, timeout_seconds=1)
    began = time.monotonic()
    with pytest.raises(PanelUnreachable):
        PanelDatabase(settings, "the panel").count()
    assert time.monotonic() - began < 60  # and not for ever


def test_a_server_without_tls_gets_no_login_where_tls_is_asked_for(panel):
    """What listens in the tests has none, or a certificate that nobody vouches for."""
    with pytest.raises(PanelUnreachable):
        PanelDatabase(replace(panel.settings, database_tls=True), "the panel").count()


def test_nothing_is_written_even_by_a_user_who_may(panel, run):
    run("INSERT INTO {lines} (username) VALUES ('anna')")
    told = PanelDatabase(panel.settings, "the panel")
    table = "users" if panel.settings.spoken == "classic" else "`lines`"
    with pytest.raises(PanelUnreachable, match="error 1792"):
        list(told._rows(f"DELETE FROM {table}"))
    assert told.count() == 1


def test_a_login_is_a_value_and_no_part_of_the_query(panel, run):
    run("INSERT INTO {lines} (username, password) VALUES ('anna', 'secret-1'), ('o''neil', 'secret-2')")
    told = PanelDatabase(panel.settings, "the panel")
    assert [told.password_of(name) for name in ("anna", "ANNA", "o'neil", "' OR ''='", "100%s\\")] == [
        "secret-1", "", "secret-2", "", ""
    ]  # fmt: skip


@pytest.mark.parametrize("database", ["xui_admin"], indirect=True)
def test_the_selects_that_replace_broken_lists_are_understood_by_the_database_itself(
    module, database, connect, run, desired
):
    """SQLite takes `lines` without quotes; MariaDB does not."""
    _, settings, _ = database

    def mysql(form):
        if form["action"] != ["mysql_query"]:
            return None
        login = {name: settings[f"database_{name}"] for name in ("host", "port", "user", "password")}
        with (
            pymysql.connect(**login, database=settings["database_name"]) as connection,
            connection.cursor(pymysql.cursors.DictCursor) as cursor,
        ):
            cursor.execute(form["query"][0])
            return httpx.Response(200, text=json.dumps({"status": "STATUS_SUCCESS", "data": list(cursor.fetchall())}))

    panel = connect(mysql, find_by="sql")
    assert isinstance(module.look_up(panel, desired()), Absent)
    run("INSERT INTO {lines} (username, password, admin_notes) VALUES ('anna', 'secret-1', 'billhead:A2B3C4D5E6F')")
    run("INSERT INTO {lines} (username, is_mag) VALUES ('hidden', 1)")
    run("INSERT INTO mag_devices (user_id, mac) VALUES (2, '00:1A:79:AA:BB:01')")
    assert [line.remote_id for line in module.list_lines(panel)] == ["line:1", "mag:1"]


def test_a_host_needs_a_name_and_a_user_and_a_panel_of_our_own(connect):
    with pytest.raises(InvalidInput, match="name and user of the database"):
        connect(database_host="127.0.0.1")
    whole = {"database_host": "127.0.0.1", "database_name": "xui", "database_user": "reader"}
    with pytest.raises(InvalidInput, match="goes without the panel's database"):
        connect(dialect="xui_reseller", **whole)


@pytest.mark.parametrize("database", ["classic"], indirect=True)
def test_a_password_that_staff_changed_is_read_from_the_database(
    module, panel, run, desired, converge, sandbox, stored
):
    wanted = desired()
    wish = replace(wanted, handle=Handle(wanted.handle.ref, converge(wanted, on=panel).handle_data))
    sandbox.state.store.update("lines", {"password": "by-staff"}, "username = ?", ("anna",))
    run("INSERT INTO {lines} (username, password) VALUES ('anna', 'by-staff')")
    converge(wish, on=panel)
    assert stored("anna")["password"] == "secret-1"


@pytest.mark.parametrize("database", ["classic"], indirect=True)
def test_with_a_database_an_end_is_proven_and_live_sessions_are_seen(module, panel, run, desired, converge, sandbox):
    wanted = desired()
    wish = replace(wanted, handle=Handle(wanted.handle.ref, converge(wanted, on=panel).handle_data))
    run("INSERT INTO streams VALUES (6, 1, 'North Sport 1')")
    run("INSERT INTO {live} (user_id, stream_id, user_ip, date_start) VALUES (1, 6, '203.0.113.7', 2114380800)")
    (session,) = module.live_sessions(panel, wish)
    assert (session.item, session.ip) == ("North Sport 1", "203.0.113.7")
    (listed,) = module.live_everywhere(panel)
    assert (listed.session, listed.remote_id) == (session, "line:1")
    sandbox.state.store.run("DELETE FROM lines")
    assert module.remove(panel, wish) == Gone()
