"""Each call of the module × each way in which it can fail: what is said, and that the next round mends it.

The rows and columns are those of docs/fault-matrix.md. One sandbox serves all cells; each begins on its first day.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fault_tables import first_table
from spoiling import FAULTS, Spoiling

from billhead.plugin import (
    Catalogue,
    Desired,
    Found,
    Gone,
    Handle,
    HttpClient,
    LineKind,
    NotAuthorised,
    PanelConnection,
    PanelError,
    PanelOutcomeUnknown,
    PanelUnreachable,
    Tombstone,
    load_settings,
)
from billhead_sandbox.panel.server import start
from billhead_sandbox.panel.xtream import sessions
from billhead_xtream.module import XtreamModule
from billhead_xtream.settings import XtreamSettings

KEY = "0123456789abcdef0123456789abcdef"
BOX, NEXT_BOX = "00:1A:79:AA:BB:01", "00:1A:79:AA:BB:02"
JUNE = datetime(2037, 6, 1, tzinfo=UTC)
MODULE = XtreamModule()
ERRORS = {"unreachable": PanelUnreachable, "not authorised": NotAuthorised}


@pytest.fixture(scope="module")
def running():
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def panel_of(running):
    """`panel_of("classic")`: that panel, empty; its connections are closed at the end."""
    made_here = []

    def first_day(dialect):
        made_here.append(Panel(running, dialect))
        return made_here[-1]

    yield first_day
    for panel in made_here:
        panel.close()


class Panel:
    """One panel on its first day, and the words of these stories."""

    def __init__(self, running, dialect):
        running.state.reset()
        self.state = running.state
        path, key = ("sandbox", KEY) if dialect == "xui_admin" else ("classic", "")
        values = {"url": f"{running.url}/{path}/", "api_key": key, "dialect": dialect, "log_wait_seconds": 0}
        self.clients = [HttpClient("one")]
        self.connection = PanelConnection("one", load_settings(XtreamSettings, values), self.clients[0])

    def spoilt(self, transport):
        self.clients.append(HttpClient("one", transport=transport))
        return replace(self.connection, http=self.clients[-1])

    def close(self):
        for client in self.clients:
            client.close()

    def rows(self):
        return [row for row in self.state.lines() if row["panel"] == "xtream"]

    def converge(self, wanted, on=None):
        connection = on or self.connection
        for _ in range(4):
            found = MODULE.look_up(connection, wanted)
            observed = found.observed if isinstance(found, Found) else None
            data = observed.handle_data if observed else wanted.handle.data
            wanted = replace(wanted, handle=Handle(wanted.handle.ref, data))
            steps = MODULE.plan(connection, wanted, observed)
            if not steps:
                return wanted
            for step in steps:
                MODULE.apply(connection, step)
        raise AssertionError(f"not in step: {steps}")


def line(**fields):
    values = {"kind": LineKind.STREAM, "login": "anna", "password": "hunter-1", "expires_at": JUNE}
    return Desired(handle=Handle("A2B3C4D5E6F"), **{**values, "bouquets": frozenset({"1"}), **fields})


def box(**fields):
    return line(kind=LineKind.MAG, mac=BOX, **fields)


def receiver(**fields):
    return line(kind=LineKind.ENIGMA2, mac=BOX, **fields)


def blocked_box():
    return box(blocked=True)


def made(panel, connection, wanted):
    panel.converge(wanted, connection)


def changed(panel, connection, wanted):
    later = {"expires_at": JUNE + timedelta(days=30), "password": "hunter-2", "previous_password": "hunter-1"}
    panel.converge(replace(wanted, **later), connection)


def swapped(panel, connection, wanted):
    panel.converge(replace(wanted, mac=NEXT_BOX), connection)


def blocked(panel, connection, wanted):
    panel.converge(replace(wanted, blocked=True), connection)


def freed(panel, connection, wanted):
    panel.converge(replace(wanted, blocked=False), connection)


def kicked(panel, connection, wanted):
    MODULE.kick(connection, wanted, panel.session)


def removed(panel, connection, wanted):
    assert isinstance(MODULE.remove(connection, wanted), Gone | Tombstone)


def unknown_id(wanted):
    return replace(wanted, handle=Handle(wanted.handle.ref))


def by_sql(on):
    return replace(on, settings=replace(on.settings, find_by="sql"))


READS = {  # of a line, unless the sort of account stands behind it
    "xui_admin": {
        "user_info": (lambda on, wanted: MODULE.check(on), line),
        "get_line": (MODULE.look_up, line),
        "get_mag": (MODULE.look_up, box),
        "get_enigma": (MODULE.look_up, receiver),
        "get_lines": (lambda on, wanted: MODULE.look_up(on, unknown_id(wanted)), line),
        "get_mags": (lambda on, wanted: list(MODULE.list_lines(on)), line),
        "get_enigmas": (lambda on, wanted: MODULE.look_up(on, unknown_id(wanted)), receiver),
        "mysql_query": (lambda on, wanted: MODULE.look_up(by_sql(on), unknown_id(wanted)), line),
        "get_packages": (lambda on, wanted: MODULE.catalogue(on), line),
        "get_bouquets": (lambda on, wanted: MODULE.catalogue(on), line),
        "get_users": (lambda on, wanted: MODULE.owners(on), line),
        "live_connections": (MODULE.live_sessions, line),
        "live_connections, of all lines": (lambda on, wanted: list(MODULE.live_everywhere(on)), line),
        "activity_logs": (lambda on, wanted: list(MODULE.viewings(on, JUNE, JUNE)), line),
        "player_api.php": (MODULE.prove, line),
    },
    "classic": {
        "user.info": (MODULE.look_up, line),
        "stb.info": (MODULE.look_up, box),
        "reg_user.list": (lambda on, wanted: MODULE.owners(on), line),
        "bouquet.get": (lambda on, wanted: MODULE.catalogue(on), line),
        "player_api.php": (MODULE.prove, line),
    },
}
WRITES = {  # call that fails, what is wished for, of what, and whether it is there before
    "xui_admin": {
        "create_line": ("create_line", made, line, False),
        "edit_line": ("edit_line", changed, line, True),
        "kill_connection, after a block": ("kill_connection", blocked, line, True),
        "kill_connection, of one session": ("kill_connection", kicked, line, True),
        "disable_line, before a delete": ("disable_line", removed, line, True),
        "delete_line": ("delete_line", removed, line, True),
        "create_mag": ("create_mag", made, box, False),
        "edit_mag": ("edit_mag", changed, box, True),
        "disable_line, of a box": ("disable_line", blocked, box, True),
        "enable_line, of a box": ("enable_line", freed, blocked_box, True),
        "reload_cache, after it": ("reload_cache", blocked, box, True),
        "delete_mag": ("delete_mag", removed, box, True),
        "create_enigma": ("create_enigma", made, receiver, False),
        "edit_enigma": ("edit_enigma", changed, receiver, True),
        "delete_enigma": ("delete_enigma", removed, receiver, True),
    },
    "classic": {
        "user.create": ("user.create", made, line, False),
        "user.edit": ("user.edit", changed, line, True),
        "user.edit, at the end": ("user.edit", removed, line, True),
        "stb.create": ("stb.create", made, box, False),
        "stb.create, another box": ("stb.create", swapped, box, True),
        "stb.edit": ("stb.edit", changed, box, True),
    },
}


def read_outcome(dialect, call, fault):
    if call == "player_api.php":
        return "not known"
    if (dialect, fault) != ("classic", "empty"):
        return "unreachable"
    return "no bouquets" if call == "bouquet.get" else "not authorised"  # as builds without that call say, too


@pytest.mark.parametrize(("dialect", "call"), [(name, call) for name, calls in READS.items() for call in calls])
def test_a_read_that_fails_proves_nothing(panel_of, dialect, call):
    ask, subject = READS[dialect][call]
    for fault in FAULTS:
        panel = panel_of(dialect)
        kept = panel.converge(subject())
        before, spoiling = panel.rows(), Spoiling(call.partition(",")[0], fault)
        outcome = read_outcome(dialect, call, fault)
        if outcome == "no bouquets":
            assert ask(panel.spoilt(spoiling), kept) == Catalogue({}, {})
        elif outcome == "not known":
            assert ask(panel.spoilt(spoiling), kept).serves is None
        else:
            with pytest.raises(ERRORS[outcome]) as caught:
                ask(panel.spoilt(spoiling), kept)
            assert "hunter" not in repr(caught.value) + str(caught.value.as_dict())
        assert spoiling.struck
        assert panel.rows() == before
        ask(panel.connection, kept)


@pytest.mark.parametrize(("dialect", "call"), [(name, call) for name, calls in WRITES.items() for call in calls])
def test_a_write_that_fails_is_unknown_and_in_step_after_the_next_round(panel_of, dialect, call):
    hit, wish, subject, there = WRITES[dialect][call]
    for fault in FAULTS:
        panel = panel_of(dialect)
        wanted = panel.converge(subject()) if there else subject()
        if hit in ("kill_connection", "disable_line") and subject is line:
            sessions.watch(panel.state, panel.rows()[0]["id"], 1, None)
            (panel.session,) = [one.id for one in MODULE.live_sessions(panel.connection, wanted)]
        ignores = ("edit_mag", "enabled") if hit.endswith("able_line") or hit == "reload_cache" else ("", "")
        spoiling = Spoiling(hit, fault, ignores=ignores)
        with pytest.raises(PanelError) as caught:
            wish(panel, panel.spoilt(spoiling), wanted)
        assert isinstance(caught.value, PanelOutcomeUnknown)
        assert spoiling.struck
        assert "hunter" not in repr(caught.value) + str(caught.value.as_dict())

        wish(panel, panel.connection, wanted)
        serving = [row for row in panel.rows() if row["enabled"]]
        assert len(serving) == (0 if wish in (removed, blocked) else 1)
        if wish is changed:
            assert serving[0]["exp_date"] == int((JUNE + timedelta(days=30)).timestamp())
        if wish in (blocked, kicked):
            assert MODULE.live_sessions(panel.connection, wanted) == []
        if wish is removed and dialect == "xui_admin":
            assert panel.rows() == []


def test_players_that_can_not_be_asked_hold_no_block_up(panel_of):
    for fault in FAULTS:
        panel = panel_of("xui_admin")
        wanted, spoiling = panel.converge(line()), Spoiling("player_api.php", fault)
        blocked(panel, panel.spoilt(spoiling), wanted)
        assert (spoiling.struck, panel.rows()[0]["enabled"]) == (True, 0)


@pytest.mark.parametrize("dialect", ["xui_admin", "classic"])
def test_two_workers_that_create_at_once_leave_one_line(panel_of, dialect):
    """Both have looked, and found nothing."""
    for subject in (line, box):
        panel = panel_of(dialect)
        (create,) = MODULE.plan(panel.connection, subject(), None)
        first, second = (MODULE.apply(panel.connection, create) for _ in range(2))
        assert first == second
        assert len(panel.rows()) == 1


@pytest.mark.parametrize("dialect", ["xui_admin", "classic"])
def test_the_table_in_the_docs_is_this_matrix(dialect):
    reads = [
        [call, *(read_outcome(dialect, call, fault) for fault in FAULTS), "`test_a_read_that_fails_proves_nothing`"]
        for call in READS[dialect]
    ]
    test = "`test_a_write_that_fails_is_unknown_and_in_step_after_the_next_round`"
    writes = [[call, *["unknown"] * len(FAULTS), test] for call in WRITES[dialect]]
    assert first_table(f"### {dialect}") == [["call", *FAULTS, "test"], *reads, *writes]
