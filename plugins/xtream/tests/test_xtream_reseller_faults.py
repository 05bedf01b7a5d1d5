"""The reseller API: each call × each way in which it can fail. Here a renewal sent twice is money spent twice.

The rows and columns are those of docs/fault-matrix.md. One sandbox serves all cells; each begins on its first day.
"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fault_tables import first_table
from spoiling import FAILURES, FAULTS, Spoiling

from billhead.plugin import (
    Desired,
    Due,
    Found,
    Gone,
    Handle,
    HttpClient,
    LineKind,
    PanelConnection,
    PanelOutcomeUnknown,
    PanelOutOfCredit,
    PanelUnreachable,
    Purchase,
    Resolution,
    load_settings,
)
from billhead_sandbox.panel.server import start
from billhead_xtream.module import XtreamModule
from billhead_xtream.settings import XtreamSettings

KEY = "fedcba9876543210fedcba9876543210"
JUNE = datetime(2037, 6, 1, tzinfo=UTC)
BOX, NEXT_BOX = "00:1A:79:AA:BB:01", "00:1A:79:AA:BB:02"
ERRORS = {"unreachable": PanelUnreachable, "unknown": PanelOutcomeUnknown}
MODULE = XtreamModule()


@pytest.fixture(scope="module")
def running():
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def first_day(running):
    opened = []

    def panel():
        running.state.reset()
        opened.append(Resold(running))
        return opened[-1]

    yield panel
    for panel in opened:
        panel.close()


class Resold:
    """A panel on which we are a reseller with 100 credits, and the words of these stories."""

    def __init__(self, running):
        self.state = running.state
        values = {"url": f"{running.url}/resell/", "api_key": KEY, "dialect": "xui_reseller"}
        self.clients = [HttpClient("one")]
        self.connection = PanelConnection("one", load_settings(XtreamSettings, values), self.clients[0])

    def close(self):
        for client in self.clients:
            client.close()

    def spoilt(self, transport):
        self.clients.append(HttpClient("one", transport=transport))
        return replace(self.connection, http=self.clients[-1])

    def accounts(self):
        return [row for row in self.state.lines() if row["panel"] == "xtream"]

    @property
    def spent(self):
        return 100 - self.state.store.value("SELECT credits FROM users WHERE api_key = ?", (KEY,))

    def planned(self, wanted):
        found = MODULE.look_up(self.connection, wanted)
        return MODULE.plan(self.connection, wanted, found.observed if isinstance(found, Found) else None)

    def purchase(self, wanted):
        """What is to be bought, as core records it before it is sent."""
        (step,) = [step for step in self.planned(wanted) if isinstance(step, Purchase)]
        return replace(step, balance_minor=MODULE.balance(self.connection))

    def bought(self, wanted):
        """As it stands with our customer afterwards: nothing is due."""
        seen = MODULE.buy(self.connection, self.purchase(wanted))
        return replace(wanted, handle=Handle(wanted.handle.ref, seen.handle_data), due=None)


def line(**fields):
    values = {"kind": LineKind.STREAM, "login": "anna-long", "password": "hunter-1", "due": Due("1", 100)}
    return Desired(handle=Handle("A2B3C4D5E6F"), **{**values, **fields})


def mag(**fields):
    return line(kind=LineKind.MAG, mac=BOX, **fields)


def enigma(**fields):
    return line(kind=LineKind.ENIGMA2, mac=BOX, **fields)


def due_again(wanted):
    return replace(wanted, due=Due("1", 100))


READS = {
    "user_info": (lambda on, kept: MODULE.check(on), line),
    "user_info, credit": (lambda on, kept: MODULE.balance(on), line),
    "packages": (lambda on, kept: MODULE.catalogue(on), line),
    "user_logs": (lambda on, kept: MODULE.look_up(on, replace(kept, handle=Handle(kept.handle.ref))), line),
    "get_line": (MODULE.look_up, line),
    "get_mag": (MODULE.look_up, mag),
    "get_enigma": (MODULE.look_up, enigma),
    "live_connections": (MODULE.live_sessions, line),
    "activity_logs": (lambda on, kept: list(MODULE.viewings(on, JUNE, JUNE)), line),
}
PURCHASES = {  # the call that fails, of what, renewed or new, and what the module says
    "packages, before a purchase": ("packages", line, False, "unreachable"),
    "get_line, before a renewal": ("get_line", line, True, "unreachable"),
    "create_line": ("create_line", line, False, "unknown"),
    "edit_line, a renewal": ("edit_line", line, True, "unknown"),
    "get_line, after a renewal": ("get_line", line, True, "unknown"),
    "create_mag": ("create_mag", mag, False, "unknown"),
    "edit_mag, a renewal": ("edit_mag", mag, True, "unknown"),
    "create_enigma": ("create_enigma", enigma, False, "unknown"),
    "edit_enigma, a renewal": ("edit_enigma", enigma, True, "unknown"),
}
SPENDING = [name for name, (hit, *_) in PURCHASES.items() if hit.startswith(("create", "edit"))]
CHANGES = {  # free ones: the call that fails, of what, what is wanted of it
    "edit_line, a password": ("edit_line", line, {"password": "hunter-2"}),
    "edit_mag, another box": ("edit_mag", mag, {"mac": NEXT_BOX}),
    "edit_enigma, another box": ("edit_enigma", enigma, {"mac": NEXT_BOX}),
    "disable_line": ("disable_line", line, {"blocked": True}),
    "disable_line, of a box": ("disable_line", mag, {"blocked": True}),
    "enable_line": ("enable_line", line, {"blocked": False}),
    "get_line, after a change": ("get_line", line, {"blocked": True}),
    "delete_line": ("delete_line", line, None),
    "delete_mag": ("delete_mag", mag, None),
    "delete_enigma": ("delete_enigma", enigma, None),
    "get_line, after a delete": ("get_line", line, None),
}


def refused(call, *about):
    with pytest.raises(tuple(ERRORS.values())) as caught:
        call(*about)
    assert "hunter" not in repr(caught.value) + str(caught.value.as_dict())
    return next(word for word, error in ERRORS.items() if isinstance(caught.value, error))


@pytest.mark.parametrize("name", READS)
def test_a_read_that_fails_proves_nothing(first_day, name):
    ask, subject = READS[name]
    for fault in FAULTS:
        panel = first_day()
        kept = panel.bought(subject())
        before, spoiling = panel.accounts(), Spoiling(name.partition(",")[0], fault)
        assert refused(ask, panel.spoilt(spoiling), kept) == "unreachable"
        assert (spoiling.struck, panel.accounts(), panel.spent) == (True, before, 1)
        ask(panel.connection, kept)


@pytest.mark.parametrize("name", PURCHASES)
def test_a_purchase_that_fails_is_made_once(first_day, name):
    for fault in FAULTS:
        made_once(first_day(), name, fault)


@pytest.mark.parametrize("name", SPENDING)
def test_a_purchase_that_the_panel_calls_a_failure_is_made_once(first_day, name):
    """Builds of version 2.1.2 save what they were asked for, and then say that it failed."""
    for fault in FAILURES:
        made_once(first_day(), name, fault)


def made_once(panel, name, fault):
    """What core does: intend, send once, resolve; and only what is proven not to have been bought is sent again."""
    hit, subject, renewed, outcome = PURCHASES[name]
    acts = (FAULTS | FAILURES)[fault][0]
    wanted = due_again(panel.bought(subject())) if renewed else subject()
    step, spoiling = panel.purchase(wanted), Spoiling(hit, fault, skip="after" in name)
    assert refused(MODULE.buy, panel.spoilt(spoiling), step) == outcome
    assert spoiling.struck
    was_sent = outcome == "unknown" and (acts or hit.startswith("get"))
    found_out = MODULE.resolve(panel.connection, step)
    assert found_out is (Resolution.BOUGHT if was_sent else Resolution.NOT_BOUGHT)
    if found_out is Resolution.NOT_BOUGHT:
        MODULE.buy(panel.connection, step)
    assert (panel.spent, len(panel.accounts())) == (1 + renewed, 1)
    assert isinstance(MODULE.look_up(panel.connection, wanted), Found)


@pytest.mark.parametrize("name", SPENDING)
def test_credit_added_meanwhile_hides_no_purchase(first_day, name):
    """10 credits come while it is not known whether ours was made: what is left says nothing of the one it cost."""
    hit, subject, renewed, _ = PURCHASES[name]
    panel = first_day()
    wanted = due_again(panel.bought(subject())) if renewed else subject()
    step = panel.purchase(wanted)
    assert refused(MODULE.buy, panel.spoilt(Spoiling(hit, "reset")), step) == "unknown"
    panel.state.store.run("UPDATE users SET credits = credits + 10")
    assert MODULE.resolve(panel.connection, step) is Resolution.STILL_UNKNOWN


@pytest.mark.parametrize("name", CHANGES)
def test_a_free_change_that_fails_is_unknown_and_costs_nothing(first_day, name):
    hit, subject, wish = CHANGES[name]
    for fault in FAULTS:
        panel = first_day()
        kept = panel.bought(subject())
        if wish == {"blocked": False}:
            (step,) = panel.planned(replace(kept, blocked=True))
            MODULE.apply(panel.connection, step)
        wanted, spoiling = replace(kept, **(wish or {})), Spoiling(hit, fault, skip="after" in name)
        spoilt = panel.spoilt(spoiling)
        if wish is None:
            assert refused(MODULE.remove, spoilt, wanted) == "unknown"
            assert MODULE.remove(panel.connection, wanted) == Gone()
            assert panel.accounts() == []
        else:
            (step,) = panel.planned(wanted)
            assert refused(MODULE.apply, spoilt, step) == "unknown"
            for each in panel.planned(wanted):
                MODULE.apply(panel.connection, each)
            assert (panel.planned(wanted), len(panel.accounts())) == ([], 1)
        assert (spoiling.struck, panel.spent) == (True, 1)


@pytest.mark.parametrize("name", SPENDING)
def test_credits_gone_half_way(first_day, name):
    """Spent by somebody else between the plan and the purchase; or while it is not known whether ours was made."""
    hit, subject, renewed, _ = PURCHASES[name]
    panel = first_day()
    wanted = due_again(panel.bought(subject())) if renewed else subject()
    step, before = panel.purchase(wanted), panel.accounts()
    panel.state.store.run("UPDATE users SET credits = 0")
    with pytest.raises(PanelOutOfCredit):
        MODULE.buy(panel.connection, step)
    assert panel.accounts() == before

    panel.state.store.run("UPDATE users SET credits = 50")
    step = replace(step, balance_minor=5000)
    assert refused(MODULE.buy, panel.spoilt(Spoiling(hit, "reset")), step) == "unknown"
    panel.state.store.run("UPDATE users SET credits = 0")
    assert MODULE.resolve(panel.connection, step) is Resolution.STILL_UNKNOWN
    assert panel.accounts() == before


def test_the_table_in_the_docs_is_this_matrix():
    def rows(names, test, outcome=lambda name: "unreachable"):
        return [[name, *[outcome(name)] * len(FAULTS), f"`{test}`"] for name in names]

    assert first_table("#### An answer of STATUS_FAILURE") == [
        ["call", *FAILURES, "test"],
        *[
            [name, *["unknown"] * len(FAILURES), "`test_a_purchase_that_the_panel_calls_a_failure_is_made_once`"]
            for name in SPENDING
        ],
    ]
    assert first_table("### xui_reseller") == [
        ["call", *FAULTS, "test"],
        *rows(READS, "test_a_read_that_fails_proves_nothing"),
        *rows(PURCHASES, "test_a_purchase_that_fails_is_made_once", lambda name: PURCHASES[name][3]),
        *rows(CHANGES, "test_a_free_change_that_fails_is_unknown_and_costs_nothing", lambda name: "unknown"),
    ]
