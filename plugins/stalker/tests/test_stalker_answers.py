"""Answers that mean something else than HTTP says, and faults on the way: nothing is concluded that was not proven."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest

from billhead.plugin import (
    Found,
    NotAuthorised,
    PanelOutcomeUnknown,
    PanelRejected,
    PanelUnreachable,
)
from billhead_stalker.client import Portal
from billhead_stalker.module import StalkerModule

MODULE = StalkerModule()
RECORD = {
    "login": "alice",
    "account_number": "a2b3c4d5e6f",
    "stb_mac": "00:1A:79:AA:BB:01",
    "tariff_plan": "BASIC",
    "status": 1,
    "end_date": "2027-01-01 00:00:00",
    "subscribed": [],
}


def ok(results, **more):
    return json.dumps({"status": "OK", "results": results, **more})


def error(text):
    return json.dumps({"status": "ERROR", "results": None, "error": text})


NOT_REST = {
    "crash page": "<br />\n<b>Fatal error</b>: Uncaught TypeError in api.php",
    "refused start": "Unauthorized request.",
    "empty": "",
    "truncated": '{"status":"OK","resu',
    "a list": "[]",
    "no status": '{"results": true}',
    "no results": '{"status": "OK"}',
    "status is a number": '{"status": 1, "results": true}',
    "not UTF-8": b'{"status":"OK","results":"\xff"}',
    "database": error("Query failed by reason : Lock wait timeout"),
    "nested": "[" * 100_000,
}


@pytest.mark.parametrize("body", NOT_REST.values(), ids=NOT_REST)
def test_what_is_no_rest_answer_fails_a_read_and_leaves_a_write_unknown(scripted, alice, body):
    with pytest.raises(PanelUnreachable):
        MODULE.look_up(scripted(body=body), alice)
    with pytest.raises(PanelOutcomeUnknown):
        Portal(scripted(body=body)).create({"login": "alice"})
    with pytest.raises(PanelUnreachable):
        list(MODULE.list_lines(scripted(body=body)))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_errors_fail_a_read_and_leave_a_write_unknown(scripted, alice, status):
    with pytest.raises(PanelUnreachable):
        MODULE.look_up(scripted(status), alice)
    with pytest.raises(PanelOutcomeUnknown):
        Portal(scripted(status)).update("accounts", "1001", {"status": "0"})


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, NotAuthorised), (403, NotAuthorised), (404, PanelUnreachable), (429, PanelUnreachable)],
)
def test_what_surely_did_not_happen_is_not_called_unknown(scripted, status, expected):
    with pytest.raises(expected):
        Portal(scripted(status)).update("accounts", "1001", {"status": "0"})


def test_a_redirect_is_not_followed_and_its_host_is_named(scripted):
    with pytest.raises(PanelUnreachable, match=r"sends us on to portal\.example"):
        MODULE.check(scripted(301, Location="https://portal.example/stalker_portal/api/tariffs/"))


@pytest.mark.parametrize("results", [None, False])
def test_ok_with_false_or_null_is_not_success(scripted, results):
    portal = Portal(scripted(body=ok(results)))
    for write in (lambda: portal.create({}), lambda: portal.update("accounts", "1001", {})):
        with pytest.raises(PanelRejected, match="did nothing"):
            write()
    with pytest.raises(PanelUnreachable):
        portal.accounts("1001")
    with pytest.raises(PanelUnreachable):
        portal.user("alice")


def test_a_write_confirmed_with_anything_else_is_unknown(scripted):
    with pytest.raises(PanelOutcomeUnknown):
        Portal(scripted(body=ok([]))).create({})


def test_php_notices_beside_the_answer_are_ignored(scripted, alice):
    answer = MODULE.look_up(scripted(body=ok([RECORD], output="Notice: Undefined index")), alice)
    assert isinstance(answer, Found)


def test_numbers_may_come_as_text(scripted, alice):
    answer = MODULE.look_up(scripted(body=ok([{**RECORD, "status": "0"}])), alice)
    assert answer.observed.blocked is True


@pytest.mark.parametrize(
    "wrong",
    [{"status": None}, {"status": 2}, {"end_date": "soon"}, {"end_date": 5}, {"subscribed": None}],
    ids=str,
)
def test_a_record_with_a_wrong_type_is_no_observation(scripted, alice, wrong):
    with pytest.raises(PanelUnreachable):
        MODULE.look_up(scripted(body=ok([{**RECORD, **wrong}])), alice)


def test_an_answer_about_other_accounts_is_no_observation(scripted, alice):
    """Some resources give the whole list for an unknown identifier; a proxy may give a stale page."""
    with pytest.raises(PanelUnreachable, match="other accounts"):
        MODULE.look_up(scripted(body=ok([{**RECORD, "account_number": "77"}])), alice)


@pytest.mark.parametrize(
    "text", ["Not valid mac address", "Login required", "Insert data is empty", "One or more identifiers are incorrect"]
)
def test_bad_input_is_shown_to_staff_in_the_portals_words(scripted, alice, text):
    with pytest.raises(PanelRejected, match=text):
        MODULE.look_up(scripted(body=error(text)), alice)


def test_an_error_that_quotes_what_was_sent_does_not_show_the_password(scripted):
    portal = Portal(scripted(body=error("Query failed by reason : insert ('alice', 'correct-horse')")))
    with pytest.raises(PanelOutcomeUnknown) as failed:
        portal.create({"login": "alice", "password": "correct-horse"})
    assert "correct-horse" not in str(failed.value)


@pytest.mark.parametrize("cut", [1, 40, -1, -2, -20])
def test_a_list_that_breaks_off_is_an_error_and_not_a_short_list(scripted, cut):
    whole = ok([RECORD, {**RECORD, "account_number": "1002"}])
    with pytest.raises(PanelUnreachable):
        list(MODULE.list_lines(scripted(body=whole[:cut])))
    assert len(list(MODULE.list_lines(scripted(body=whole)))) == 2


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (ok([]), 0),
        (ok([RECORD], output="Notice"), 1),
        (json.dumps({"output": "x", "status": "OK", "results": [RECORD]}), 1),
        ('{"status":"OK","results":[' + f"{json.dumps(RECORD)} , {json.dumps(RECORD)}" + "]}", 2),
    ],
)
def test_lists_in_every_spelling(scripted, body, lines):
    assert len(list(MODULE.list_lines(scripted(body=body)))) == lines


def test_a_list_with_something_else_in_it_is_an_error(scripted):
    with pytest.raises(PanelUnreachable):
        list(MODULE.list_lines(scripted(body='{"status":"OK","results":[5]}')))


FAULTS = [
    {"kind": "reset"},
    {"kind": "crash"},
    {"kind": "down"},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 504, "perform": True},
    {"kind": "empty"},
    {"kind": "html"},
    {"kind": "truncated"},
]


@pytest.mark.parametrize("call", ["POST", "PUT", "GET"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault.values())))
def test_after_any_fault_the_next_try_heals_and_no_second_account_is_made(bench, alice, fault, call):
    if call == "PUT":
        _, alice = bench.converge(alice)
        alice = replace(alice, blocked=True, plan="FAMILY", bouquets=frozenset({"PKG_SPORT"}))
    for skip in range(3):  # the first, second and third call of that sort
        bench.sandbox.state.faults.clear()
        bench.sandbox.state.faults.add(match=f"*.{call}", count=1, skip=skip, **fault)
        with suppress(PanelUnreachable, PanelOutcomeUnknown):
            bench.converge(alice)
    bench.sandbox.state.faults.clear()
    seen, _ = bench.converge(alice)
    assert (seen.blocked, seen.plan, len(bench.accounts())) == (alice.blocked, alice.plan, 1)


def test_a_write_whose_answer_was_lost_is_unknown_and_then_found(bench, alice):
    bench.sandbox.state.faults.add(kind="crash", match="stalker.accounts.POST", count=1)
    panel = bench.connection()
    (create,) = bench.module.plan(panel, alice, None)
    with pytest.raises(PanelOutcomeUnknown):
        bench.module.apply(panel, create)
    assert isinstance(bench.module.look_up(panel, alice), Found)


def test_a_portal_that_is_slow_past_the_timeout_is_not_waited_for(bench, alice):
    bench.sandbox.state.faults.add(kind="slow", seconds=1.5, match="*.GET", count=1)
    with pytest.raises(PanelUnreachable, match="ReadTimeout"):
        bench.module.look_up(bench.connection(timeout_seconds=1), alice)
