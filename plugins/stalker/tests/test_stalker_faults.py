"""The fault matrix: each call of the module under each fault of the way to the portal, and what comes of it.

`docs/fault-matrix.md` is the table of it: a row a call, a column a fault. A question that failed is PanelUnreachable; a
change that may have been made is PanelOutcomeUnknown, never a failure and never a success. When the portal is well
again, the next converge brings the line in step, there is one account of it, and the neighbours are as they were.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from billhead.plugin import (
    Absent,
    BoxCommand,
    Desired,
    Found,
    Gone,
    LineKind,
    PanelOutcomeUnknown,
    PanelUnreachable,
    Tombstone,
)
from billhead_sandbox.panel.app import Application
from billhead_sandbox.panel.server import Running, start

DOC = Path(__file__).parents[3] / "docs" / "fault-matrix.md"
NEIGHBOUR = {"login": "neighbour", "account_number": "77", "stb_mac": "00:1A:79:00:00:07", "blocked": 0}
ERRORS = {"unreachable": PanelUnreachable, "unknown": PanelOutcomeUnknown}

FAULTS = {
    "timeout, not done": {"kind": "down", "seconds": 1.6},
    "timeout, done": {"kind": "slow", "perform": True, "seconds": 1.6},
    "no answer, not done": {"kind": "down"},
    "no answer, done": {"kind": "crash"},
    "reset": {"kind": "reset"},
    "5xx, not done": {"kind": "status", "status": 503},
    "5xx, done": {"kind": "status", "status": 504, "perform": True},
    "empty": {"kind": "empty"},
    "HTML": {"kind": "html"},
    "truncated": {"kind": "truncated"},
    "wrong types": {"kind": "garbled"},
}


@dataclass(frozen=True)
class Call:
    """`hit` is the call of the portal that fails; `new`: the line is not there yet; `outcome`: what the module says."""

    hit: str
    outcome: str
    act: Callable[[Any, Any, Desired], Any]
    new: bool = False
    settings: tuple[tuple[str, Any], ...] = ()


def _applied(**wish: Any) -> Callable[[Any, Any, Desired], Any]:
    """Bring the line in step with another wish; for a new line, make it."""

    def act(bench: Any, panel: Any, line: Desired) -> Any:
        wanted = replace(line, **wish)
        answer = bench.module.look_up(bench.connection(), wanted)
        seen = answer.observed if isinstance(answer, Found) else None
        bench.arm()
        for step in bench.module.plan(panel, wanted, seen):
            bench.module.apply(panel, step)
        return wanted

    return act


def _asked(name: str, *more: str, **wish: Any) -> Callable[[Any, Any, Desired], Any]:
    def act(bench: Any, panel: Any, line: Desired) -> Any:
        bench.arm()
        about = {"look_up": (line,), "live_sessions": (line,), "remove": (line,), "kick": (line, line.mac),
                 "show_message": (line, "Hello", *more), "prove": (replace(line, **wish),),
                 "command": (line, BoxCommand.RESTART)}.get(name, ())  # fmt: skip
        answer = getattr(bench.module, name)(panel, *about)
        return list(answer) if name in ("list_lines", "live_everywhere") else answer

    return act


_APP = {"kind": LineKind.STREAM, "mac": None}
CALLS = {
    "check": Call("stalker.tariffs.GET", "unreachable", _asked("check")),
    "catalogue": Call("stalker.tariffs.GET", "unreachable", _asked("catalogue")),
    "list_lines": Call("stalker.accounts.GET", "unreachable", _asked("list_lines")),
    "look_up, by number": Call("stalker.accounts.GET", "unreachable", _asked("look_up")),
    "look_up, by login": Call("stalker.users.GET", "unreachable", _asked("look_up"), new=True),
    "live_sessions": Call("stalker.accounts.GET", "unreachable", _asked("live_sessions")),
    "live_everywhere": Call("stalker.stb.GET", "unreachable", _asked("live_everywhere")),
    "prove": Call("stalker.device.get_all_channels", "unreachable", _asked("prove")),
    "prove, the handshake": Call("stalker.device.handshake", "unreachable", _asked("prove")),
    "prove, the profile": Call("stalker.device.get_profile", "unreachable", _asked("prove")),
    "prove, as an app": Call("stalker.token", "unreachable", _asked("prove", **_APP)),
    "create": Call("stalker.accounts.POST", "unknown", _applied(), new=True),
    "create, reading back": Call("stalker.accounts.GET", "unreachable", _applied(), new=True),
    "create, its packages": Call(
        "stalker.account_subscription.PUT", "unknown", _applied(bouquets=frozenset({"PKG_SPORT"})), new=True
    ),
    "renew and block": Call("stalker.accounts.PUT", "unknown", _applied(expires_at=None, blocked=True)),
    "renew, reading back": Call("stalker.accounts.GET", "unreachable", _applied(expires_at=None)),
    "packages": Call("stalker.account_subscription.PUT", "unknown", _applied(bouquets=frozenset({"PKG_KIDS"}))),
    "plan, asking for the plans": Call("stalker.tariffs.GET", "unreachable", _applied(plan="PREMIUM")),
    "another box": Call("stalker.accounts.PUT", "unknown", _applied(mac="00:1A:79:AA:BB:02")),
    "no box any more, forgetting it": Call("stalker.stb_auth.PUT", "unknown", _applied(mac=None)),
    "password, ending sessions": Call("stalker.stb_auth.PUT", "unknown", _applied(password="battery-staple")),
    "remove": Call("stalker.accounts.DELETE", "unknown", _asked("remove")),
    "remove, keeping it blocked": Call(
        "stalker.accounts.PUT", "unknown", _asked("remove"), settings=(("keep_records", True),)
    ),
    "kick": Call("stalker.stb_auth.PUT", "unknown", _asked("kick")),
    "show_message": Call("stalker.stb_msg.POST", "unknown", _asked("show_message")),
    "show_message, with a video": Call(
        "stalker.send_event.POST", "unknown", _asked("show_message", "http://tv.example/film.mp4")
    ),
    "command": Call("stalker.send_event.POST", "unknown", _asked("command")),
}


@pytest.fixture(scope="module")
def portal() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.fixture
def sandbox(portal: Running) -> Running:
    """One portal for all cells, empty and well at the beginning of each."""
    portal.state.faults.clear()
    portal.state.store.wipe()
    portal.state.clear_calls()
    return portal


def healed(bench: Any, name: str, line: Desired) -> None:
    """The next converge, or the next try, without a hand."""
    bench.sandbox.state.faults.clear()
    if name.startswith("remove"):
        keeping = name != "remove"
        ended = bench.module.remove(bench.connection(keep_records=keeping), line)
        assert isinstance(ended, Tombstone) if keeping else ended == Gone()
        found = bench.module.look_up(bench.connection(), line)
        assert found.observed.blocked if keeping else found == Absent()
        return
    bench.converge(line)
    assert len([row for row in bench.accounts() if row["login"] == line.login]) == 1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CALLS)
def test_fault(bench, alice, monkeypatch, name, fault):
    monkeypatch.setattr("billhead_stalker.client._LISTING_PATIENCE", 1)  # ten times as long, for a list of everybody
    call, made = CALLS[name], alice
    bench.stands(**NEIGHBOUR)
    if not call.new:
        _, made = bench.converge(alice)
    if name.startswith("plan"):
        bench.settings["url"] = bench.settings["url"].replace("127.0.0.1", "localhost")  # whose plans nobody knows yet
    before = bench.sandbox.state.store.row("SELECT * FROM stalker_accounts WHERE login = 'neighbour'")
    bench.arm = lambda: bench.sandbox.state.faults.add(match=call.hit, count=1, **FAULTS[fault])
    patience = 1 if fault.startswith("timeout") else 10  # a busy machine is no fault
    panel = bench.connection(timeout_seconds=patience, **dict(call.settings))
    with pytest.raises(ERRORS[call.outcome]) as failed:
        call.act(bench, panel, made)
    assert alice.password not in str(failed.value)
    assert sum(each["struck"] for each in bench.sandbox.state.faults.shown()) == 1
    healed(bench, name, made)
    assert bench.sandbox.state.store.row("SELECT * FROM stalker_accounts WHERE login = 'neighbour'") == before
    told = "msg = 'Hello' OR event = 'reboot'"
    events = bench.sandbox.state.store.rows(f"SELECT * FROM stalker_events WHERE {told}")
    assert len(events) <= 1, "a message or command was sent twice"


def test_a_create_that_the_portal_does_after_we_have_left_and_looked_is_not_made_twice(bench, alice, monkeypatch):
    """The worst timeout: the request waits in a queue there, we look up and find nothing, and then it is done."""
    served, serve = [], Application._serve

    def told(portal, request):
        answer = serve(portal, request)
        served.append(request.method)
        return answer

    monkeypatch.setattr(Application, "_serve", told)
    bench.sandbox.state.faults.add(kind="slow", perform=False, seconds=5, match="stalker.accounts.POST", count=1)
    panel = bench.connection(timeout_seconds=1)
    (create,) = bench.module.plan(panel, alice, None)
    with pytest.raises(PanelOutcomeUnknown):
        bench.module.apply(panel, create)
    assert bench.module.look_up(panel, alice) == Absent()
    bench.sandbox.state.faults.clear()
    bench.converge(alice)
    ends = time.monotonic() + 60
    while served.count("POST") < 2 and time.monotonic() < ends:  # the late one, whose login is taken
        time.sleep(0.05)
    assert served.count("POST") == 2
    assert len(bench.accounts()) == 1
    bench.converge(alice)


def test_an_app_line_heals_like_a_box(bench, alice):
    app = replace(alice, kind=LineKind.STREAM, mac=None)
    bench.sandbox.state.faults.add(kind="crash", match="stalker.accounts.POST", count=1)
    (create,) = bench.module.plan(bench.connection(), app, None)
    with pytest.raises(PanelOutcomeUnknown):
        bench.module.apply(bench.connection(), create)
    bench.converge(app)
    assert len(bench.accounts()) == 1


def test_the_table_in_the_docs_is_this_matrix():
    if not DOC.exists():
        pytest.skip("the plugin stands alone, without the project's docs")
    section = DOC.read_text().split("## stalker", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in row.strip("| ").split("|")] for row in section.splitlines() if row.startswith("|")
    ]
    assert rows[0] == ["call", *FAULTS, "test"]
    assert rows[2 : 2 + len(CALLS)] == [
        [name, *[call.outcome] * len(FAULTS), f"`test_fault[{name}-…]`"] for name, call in CALLS.items()
    ]
