"""A panel that answers late, wrongly or never: nothing is claimed that is not so, nothing is done twice, all heals."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.wrappers import Response

from billhead import clock
from two_panels import KEY, NEW_YEAR

BOTH = pytest.mark.parametrize("on", ["stalker", "xtream"])
CREATES = {"stalker": "stalker.accounts.POST", "xtream": "xtream.create_line"}
EDITS = {"stalker": "stalker.accounts.PUT", "xtream": "xtream.edit_line"}
FAULTS = [
    {"kind": "slow", "seconds": 2.6},  # the panel's timeout is two seconds
    {"kind": "reset"},
    {"kind": "reset", "perform": True},
    {"kind": "crash"},
    {"kind": "status", "status": 502},
    {"kind": "empty"},
    {"kind": "html"},
    {"kind": "truncated"},
    {"kind": "down", "count": 9},
]


def named(fault):
    return fault["kind"] + ("-after" if fault.get("perform") else "")


@BOTH
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_pitfall_26_a_new_line_survives_each_fault_and_is_there_once(operator, on, fault):
    operator.fault(match=CREATES[on], **{"count": 1, **fault})
    line = operator.line(on, bouquets=["sport"])
    operator.work()
    service = operator.service(line)
    assert (service.sync, service.told_at) == ("unknown", None)
    assert operator.events("service.active") == []

    operator.heal()
    held, service = operator.only(on), operator.service(line)
    assert (held.ref, held.ends, len(held.bouquets)) == ("line1", NEW_YEAR, 1)
    assert (service.sync, service.converged_version) == ("ok", service.desired_version)
    assert operator.panel(on).failures == 0
    assert len(operator.events("service.active")) == 1


@BOTH
@pytest.mark.parametrize("fault", FAULTS[2:5], ids=named)
def test_pitfall_27_a_block_that_failed_is_pending_and_tried_again(operator, on, fault):
    line = operator.line(on)
    operator.work()
    operator.fault(match=EDITS[on], **{"count": 1, **fault})
    operator.want(line, desired_blocked=True)
    operator.work()
    assert operator.service(line).sync == "unknown"

    operator.heal()
    assert operator.only(on).blocked is True
    assert operator.service(line).sync == "ok"


@BOTH
def test_a_removal_survives_a_crash(operator, on):
    line = operator.line(on)
    operator.work()
    operator.fault("crash", "stalker.accounts.DELETE" if on == "stalker" else "xtream.delete_line", count=1)
    operator.want(line, lifecycle="unwanted")
    operator.work()
    assert operator.service(line).lifecycle == "unwanted"

    operator.heal()
    assert operator.on(on) == []
    assert operator.service(line).lifecycle == "gone"


@BOTH
def test_after_three_failures_the_panel_is_left_alone_until_it_answers_again(operator, on):
    lines = [operator.line(on) for _ in range(12)]
    operator.fault("down", "*")
    operator.work()
    panel = operator.panel(on)
    assert panel.failures == 3
    assert panel.open_until is not None
    assert sum(operator.calls().values()) == 3  # one call each by the first three lines, none by the other nine
    assert [operator.service(each).sync for each in lines].count("unknown") == 3
    assert {job.tries for each in lines for job in operator.jobs(each)} == {0}

    for _ in range(12):  # as long as it stays down, one line looks again after each wait
        operator.wait(minutes=11)
        operator.work()
    assert sum(operator.calls().values()) == 12
    assert {job.tries for each in lines for job in operator.jobs(each)} == {0}

    operator.heal()
    assert [operator.service(each).sync for each in lines] == ["ok"] * 12
    assert len(operator.on(on)) == 12
    assert operator.panel(on).open_until is None


def test_the_other_panel_goes_on_meanwhile(operator):
    operator.fault("down", "/sandbox/*")
    for _ in range(4):
        operator.line("xtream")
        operator.line("stalker")
    operator.work()
    assert (len(operator.on("xtream")), len(operator.on("stalker"))) == (0, 4)


def test_one_line_that_a_panel_cannot_stomach_does_not_hold_up_the_others(operator):
    """It crashes on one name only; whoever breaks the breaker looks again after all the others."""
    bad = operator.line("xtream", login="crasher")
    real = operator.sandbox.server.application._serve

    def serve(request):
        if b"crasher" in request.get_data():
            from billhead_sandbox.panel.wire import HangUp

            raise HangUp(hard=False)
        return real(request)

    operator.sandbox.server.application._serve = serve
    for _ in range(4):
        operator.work()
        operator.wait(seconds=20)
    assert operator.panel("xtream").open_until is not None

    good = operator.line("xtream")
    operator.wait(minutes=11)
    operator.work()
    assert operator.service(good).sync == "ok"
    assert operator.service(bad).sync == "unknown"


def test_a_panel_that_answers_is_not_left_alone_for_what_it_says_of_some_lines(operator):
    """XUI.ONE 2.1.2 calls a write a failure that they may have made: the doubt is about that line alone."""
    real = operator.sandbox.server.application._serve

    def serve(request):
        if b"doubtful" in request.get_data() and b"create_line" in request.get_data():
            return Response('{"status": "STATUS_FAILURE"}', content_type="application/json")
        return real(request)

    operator.sandbox.server.application._serve = serve
    doubtful = [operator.line("xtream", login=f"doubtful{number}") for number in range(4)]
    operator.work()
    assert {operator.service(line).sync for line in doubtful} == {"unknown"}
    panel = operator.panel("xtream")
    assert (panel.failures, panel.open_until) == (0, None)
    good = operator.line("xtream")
    operator.work()
    assert operator.service(good).sync == "ok", "nobody waits for the others"

    operator.sandbox.server.application._serve = real
    operator.wait(minutes=30)
    operator.work()
    assert {operator.service(line).sync for line in doubtful} == {"ok"}


def test_a_panel_whose_database_fails_for_an_hour_leaves_no_paid_renewal_to_staff(operator):
    """It answers, and calls each edit a failure: asked again soon, then every five minutes; no try is counted."""
    line = operator.line("xtream")
    operator.work()
    real, edits = operator.sandbox.server.application._serve, []

    def serve(request):
        if b"edit_line" in request.get_data():
            edits.append(clock.business_now())
            return Response('{"status": "STATUS_FAILURE"}', content_type="application/json")
        return real(request)

    operator.sandbox.server.application._serve = serve
    operator.want(line, desired_expires_at=NEW_YEAR + timedelta(days=31))
    operator.work()
    assert operator.service(line).sync == "unknown"
    operator.wait(seconds=15)
    operator.work()
    assert len(edits) == 2, "it may have been a moment only"
    for _ in range(60):
        operator.wait(minutes=1)
        operator.work()
    assert 11 <= len(edits) - 2 <= 12
    assert [(job.state, job.tries) for job in operator.jobs(line)][-1] == ("queued", 0)
    assert operator.panel("xtream").open_until is None

    operator.sandbox.server.application._serve = real
    operator.wait(minutes=5)
    operator.work()
    service = operator.service(line)
    assert (service.sync, service.sync_error) == ("ok", "")
    assert service.observed["expires_at"] == (NEW_YEAR + timedelta(days=31)).isoformat()


def test_a_wrong_key_pauses_the_panel_and_is_over_when_the_key_is_right(operator):
    operator.sandbox.state.store.run("UPDATE users SET api_key = 'another'")
    lines = [operator.line("xtream") for _ in range(5)]
    operator.work()
    shown = operator.service(lines[0])
    assert shown.sync == "failed"
    assert "does not accept the API key" in shown.sync_error
    assert operator.panel("xtream").open_until is not None
    assert {job.state for each in lines for job in operator.jobs(each)} == {"queued"}

    operator.sandbox.state.store.run("UPDATE users SET api_key = ? WHERE id = 1", (KEY,))
    operator.heal()
    assert [operator.service(each).sync for each in lines] == ["ok"] * 5


@pytest.mark.parametrize("stop", ["maintenance", "freeze"])
def test_nothing_is_asked_of_a_panel_that_is_stopped(operator, stop):
    _stop(operator, stop, True)
    line = operator.line("xtream")
    operator.work()
    operator.wait(minutes=30)
    operator.work()
    assert operator.calls() == {}
    (job,) = operator.jobs(line)
    assert (job.state, job.tries) == ("queued", 0)

    _stop(operator, stop, False)
    operator.wait(minutes=6)
    operator.work()
    assert operator.service(line).sync == "ok"


def _stop(operator, stop, on):
    from billhead.actions.freeze import set_freeze
    from billhead.models.panels import Panel

    if stop == "maintenance":
        operator.change(Panel, operator.panels["xtream"], maintenance=on)
    else:
        with operator._writing() as tx:
            set_freeze(tx, "panels", on)


def test_a_module_that_is_switched_off_is_waited_for(operator):
    from billhead.plugin_host import plugins

    with operator._writing() as tx:
        plugins().disable(tx, "xtream")
    line = operator.line("xtream")
    operator.work()
    service = operator.service(line)
    assert "can't be used" in service.sync_error
    assert [job.state for job in operator.jobs(line)] == ["queued"]

    with operator._writing() as tx:
        plugins().enable(tx, "xtream")
    operator.wait(minutes=6)
    operator.work()
    service = operator.service(line)
    assert (service.sync, service.sync_error) == ("ok", "")


def test_a_module_that_breaks_is_shown_and_given_up_after_a_few_tries(operator, monkeypatch, caplog):
    from billhead_xtream.module import XtreamModule

    def broken(self, panel, desired):
        raise KeyError("api_key=s3cret")

    monkeypatch.setattr(XtreamModule, "look_up", broken)
    line = operator.line("xtream")
    for _ in range(8):
        operator.work()
        operator.wait(hours=1)
    service = operator.service(line)
    assert service.sync == "failed"
    assert "KeyError" in service.sync_error
    assert "s3cret" not in service.sync_error
    assert [(job.state, job.tries) for job in operator.jobs(line)] == [("parked", 6)]
    assert len(operator.events("service.failed")) == 1


@BOTH
def test_somebody_elses_line_is_named_and_not_touched(operator, on):
    if on == "stalker":
        operator.sandbox.state.store.insert(
            "stalker_accounts", {"login": "viewer1", "account_number": "77", "tariff_plan_id": 1, "full_name": "Bob"}
        )
    else:
        operator.sandbox.state.store.insert("lines", {"username": "viewer1", "password": "x", "admin_notes": "Bob's"})
    stranger = operator.only(on)
    line = operator.line(on)
    operator.work()
    service = operator.service(line)
    assert service.sync == "failed"
    assert "our reference" in service.sync_error or "another account" in service.sync_error
    assert operator.only(on) == stranger
    _is_left_to_staff(operator, line)


def test_several_lines_of_one_number_are_left_to_staff(operator):
    for login in ("one", "two"):
        operator.sandbox.state.store.insert("stalker_accounts", {"login": login, "account_number": "line1"})
    line = operator.line("stalker")
    operator.work()
    service = operator.service(line)
    assert service.sync == "failed"
    assert "several lines" in service.sync_error
    assert "one" in service.sync_error
    _is_left_to_staff(operator, line)


def test_what_a_panel_can_never_do_is_shown_with_field_and_reason(operator):
    line = operator.line("stalker", kind="enigma2", mac="00:1A:79:00:00:09")
    operator.work()
    service = operator.service(line)
    assert service.sync == "impossible"
    assert service.sync_error.startswith("kind: ")
    assert operator.on("stalker") == []
    _is_left_to_staff(operator, line)


def _is_left_to_staff(operator, line):
    operator.calls()
    operator.wait(days=1)
    operator.work()
    assert operator.calls() == {}
    assert [job.state for job in operator.jobs(line)] == ["done"]
    assert len(operator.events("service.failed")) == 1
    assert operator.events("service.active") == []


def test_a_line_that_must_stop_is_stopped_even_where_the_rest_is_impossible(operator):
    from billhead.models.panels import PanelBouquet

    line = operator.line("xtream", bouquets=["sport"])
    operator.work()
    before = operator.only("xtream")
    kids = select(PanelBouquet).where(PanelBouquet.bouquet_id == operator.bouquets["kids"])
    with operator._writing() as tx:
        for row in tx.session.scalars(kids):
            row.remote = "Kids"  # a name where this panel wants a number

    operator.want(line, bouquets=["kids"], desired_blocked=True, desired_expires_at=NEW_YEAR + timedelta(days=31))
    operator.work()
    held, service = operator.only("xtream"), operator.service(line)
    assert (held.blocked, held.bouquets, held.ends) == (True, before.bouquets, before.ends)
    assert service.sync == "impossible"
    assert service.sync_error.startswith("bouquets: ")
    assert service.observed["blocked"] is True


def test_a_bouquet_without_a_name_on_the_panel_is_shown_while_all_else_is_done(operator):
    line = operator.line("xtream", bouquets=["sport", "late"])
    operator.work()
    service = operator.service(line)
    assert operator.only("xtream").bouquets == {"3"}
    assert service.sync == "impossible"
    assert "Late" in service.sync_error


def test_a_refusal_is_tried_a_few_times_then_parked_and_staff_can_ask_again(operator):
    from billhead.actions.provisioning.ask_converge import ask_converge
    from billhead.models.subscriptions import Service

    line = operator.line("stalker", bouquets=["sport"])
    operator.change(Service, line, desired_plan="GONE")
    for _ in range(8):
        operator.work()
        operator.wait(hours=1)
    service = operator.service(line)
    assert service.sync == "failed"
    assert "no plan of the external id 'GONE'" in service.sync_error
    assert [(job.state, job.tries) for job in operator.jobs(line)] == [("parked", 6)]

    operator.change(
        Service, line, desired_plan="BASIC"
    )  # the operator corrects the name, which queues no job by itself here
    with operator._writing() as tx:
        ask_converge(tx, line)
    operator.work()
    assert operator.service(line).sync == "ok"
    assert [job.state for job in operator.jobs(line)] == ["canceled", "done"]
