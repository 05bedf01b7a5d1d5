"""Each call of the module × each way in which it can fail: what is said, and that the next round mends it.

The rows and columns are those of docs/fault-matrix.md. One sandbox serves all cells; each begins on its first day.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

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
JUNE = datetime(2027, 6, 1, tzinfo=UTC)
MODULE = XtreamModule()

WRONG_TYPES = b'{"status": ["STATUS_SUCCESS"], "result": {"yes": 1}, "data": 7, "user_info": "anna"}'
FAULTS = {
    "timeout before": (False, lambda body: httpx.ReadTimeout("nothing came")),
    "timeout after": (True, lambda body: httpx.ReadTimeout("nothing came")),
    "reset": (False, lambda body: httpx.ReadError("reset")),
    "5xx before": (False, lambda body: httpx.Response(502, text="<html>")),
    "5xx after": (True, lambda body: httpx.Response(504, text="<html>")),
    "empty": (True, lambda body: httpx.Response(200)),
    "HTML": (True, lambda body: httpx.Response(200, text="<html>the panel is being looked after</html>")),
    "truncated": (True, lambda body: httpx.Response(200, content=body[: len(body) // 2])),
    "wrong types": (True, lambda body: httpx.Response(200, content=WRONG_TYPES)),
}


class Spoiling(httpx.BaseTransport):
    """Spoils the first call of one name, as `fault` says; the others reach the panel over a real socket."""

    def __init__(self, call, fault):
        self._call, (self._acts, self._answer), self.struck = call, FAULTS[fault], False
        self._onward = httpx.HTTPTransport()

    def handle_request(self, request):
        body = request.read().decode()
        names = re.findall(r"(?:^|[?&])(?:action|sub)=(\w+)", f"{request.url.query.decode()}&{body}")
        if ".".join(names) != self._call or self.struck:
            return self._onward.handle_request(request)
        self.struck = True
        answer = self._answer(self._onward.handle_request(request).read() if self._acts else b"")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self._onward.close()


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
    for client in (client for panel in made_here for client in panel.clients):
        client.close()


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


def made(panel, connection, wanted):
    panel.converge(wanted, connection)


def changed(panel, connection, wanted):
    later = {"expires_at": JUNE + timedelta(days=30), "password": "hunter-2", "previous_password": "hunter-1"}
    panel.converge(replace(wanted, **later), connection)


def swapped(panel, connection, wanted):
    panel.converge(replace(wanted, mac=NEXT_BOX), connection)


def blocked(panel, connection, wanted):
    panel.converge(replace(wanted, blocked=True), connection)


def removed(panel, connection, wanted):
    assert isinstance(MODULE.remove(connection, wanted), Gone | Tombstone)


READS = {
    "xui_admin": {
        "user_info": lambda on, wanted: MODULE.check(on),
        "get_line": MODULE.look_up,
        "get_bouquets": lambda on, wanted: MODULE.catalogue(on),
        "get_users": lambda on, wanted: MODULE.owners(on),
        "live_connections": MODULE.live_sessions,
        "activity_logs": lambda on, wanted: list(MODULE.viewings(on, JUNE, JUNE)),
        "get_mags": lambda on, wanted: list(MODULE.list_lines(on)),
    },
    "classic": {
        "user.info": MODULE.look_up,
        "reg_user.list": lambda on, wanted: MODULE.owners(on),
        "bouquet.get": lambda on, wanted: MODULE.catalogue(on),
    },
}
WRITES = [
    ("xui_admin", "create_line", made, line, False),
    ("xui_admin", "edit_line", changed, line, True),
    ("xui_admin", "kill_connection", blocked, line, True),
    ("xui_admin", "delete_line", removed, line, True),
    ("xui_admin", "create_mag", made, box, False),
    ("xui_admin", "edit_mag", changed, box, True),
    ("xui_admin", "delete_mag", removed, box, True),
    ("classic", "user.create", made, line, False),
    ("classic", "user.edit", changed, line, True),
    ("classic", "user.edit", removed, line, True),
    ("classic", "stb.create", made, box, False),
    ("classic", "stb.create", swapped, box, True),
    ("classic", "stb.edit", changed, box, True),
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("dialect", "call"), [(name, call) for name, calls in READS.items() for call in calls])
def test_a_read_that_fails_proves_nothing(panel_of, dialect, call, fault):
    panel = panel_of(dialect)
    kept = panel.converge(line())
    before, spoiling = panel.rows(), Spoiling(call, fault)
    ask = READS[dialect][call]
    if (call, fault) == ("bouquet.get", "empty"):  # what builds without that call say, too
        assert ask(panel.spoilt(spoiling), kept) == Catalogue({}, {})
    else:
        expected = NotAuthorised if (dialect, fault) == ("classic", "empty") else PanelUnreachable
        with pytest.raises(expected) as caught:
            ask(panel.spoilt(spoiling), kept)
        assert "hunter" not in repr(caught.value) + str(caught.value.as_dict())
    assert spoiling.struck
    assert panel.rows() == before
    ask(panel.connection, kept)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("dialect", "call", "wish", "subject", "there"), WRITES)
def test_a_write_that_fails_is_unknown_and_in_step_after_the_next_round(
    panel_of, dialect, call, wish, subject, there, fault
):
    panel = panel_of(dialect)
    wanted = panel.converge(subject()) if there else subject()
    if wish is blocked:
        sessions.watch(panel.state, panel.rows()[0]["id"], 1, None)
    spoiling = Spoiling(call, fault)
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
    if wish is blocked:
        assert MODULE.live_sessions(panel.connection, wanted) == []
    if wish is removed and dialect == "xui_admin":
        assert panel.rows() == []
