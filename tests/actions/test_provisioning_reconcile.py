"""The nightly comparison of a whole panel: what is missing, what is too much, what differs; and what is mended."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from billhead.actions.provisioning import _whole_lines
from billhead.actions.provisioning._our_side import batches as BATCHES
from billhead.actions.provisioning._queue import queue_converge
from billhead.domain.errors import PanelUnreachable
from billhead.models.operations import Job
from billhead.models.panels import Panel
from two_panels import NEW_YEAR, NOW

BOTH = pytest.mark.parametrize("on", ["stalker", "xtream"])


def lines_in_step(operator, on, count=3):
    lines = [operator.line(on, bouquets=["sport"]) for _ in range(count)]
    operator.work()
    assert [operator.service(each).sync for each in lines] == ["ok"] * count
    return lines


def gone_from(operator, on, login):
    table, name = ("stalker_accounts", "login") if on == "stalker" else ("lines", "username")
    assert operator.sandbox.state.store.run(f"DELETE FROM {table} WHERE {name} = ?", (login,)) == 1


def stranger_on(operator, on):
    store = operator.sandbox.state.store
    if on == "stalker":
        store.insert("stalker_accounts", {"login": "bob", "account_number": "77", "tariff_plan_id": 1})
    else:
        store.insert("lines", {"username": "bob", "password": "x", "admin_notes": ""})


@BOTH
def test_a_panel_in_step_has_no_differences(operator, on):
    lines_in_step(operator, on)
    report = operator.reconcile(on)
    assert (report.lines, report.services, report.in_step, report.differences) == (3, 3, 3, 0)
    assert operator.panel(on).reconcile_report["differences"] == 0
    assert operator.panel(on).reconciled_at is not None


@BOTH
def test_each_difference_is_found_and_mended_and_strangers_are_left_alone(operator, on):
    lines_in_step(operator, on, 5)
    before = {held.login: held for held in operator.on(on)}
    stalker = on == "stalker"
    gone_from(operator, on, "viewer1")
    operator.tamper(on, "viewer2", **({"end_date": "2030-01-01 00:00:00"} if stalker else {"exp_date": 1893456000}))
    if stalker:
        third = operator.sandbox.state.store.value("SELECT id FROM stalker_accounts WHERE login = 'viewer3'")
        operator.sandbox.state.store.run("DELETE FROM stalker_subscriptions WHERE account_id = ?", (third,))
    else:  # the list of an Xtream panel shows no bouquets
        operator.tamper(on, "viewer3", max_connections=4)
    operator.tamper(on, "viewer4", **({"blocked": 1} if stalker else {"enabled": 0}))
    stranger_on(operator, on)

    report = operator.reconcile(on)
    assert report.missing == ["line1"]
    assert len(report.extra) == 1
    assert sorted(report.differing) == ["line2", "line3", "line4"]
    assert report.fields == {"expires_at": 1, "bouquets" if stalker else "connections": 1, "blocked": 1}
    assert report.differences == 5

    operator.work()
    after = {held.login: held for held in operator.on(on)}
    assert after.pop("bob").login == "bob"
    assert after == before
    assert operator.reconcile(on).differences == 1  # the stranger


def test_bouquets_that_a_list_leaves_out_are_read_line_by_line_in_so_many_nights(operator, monkeypatch):
    """Five lines in three nights: two, two and one. A night that breaks off moves nothing on."""
    monkeypatch.setattr(_whole_lines, "_LEAST", 1)
    lines_in_step(operator, "xtream", 5)
    operator.change(Panel, operator.panels["xtream"], bouquet_nights=3)
    operator.sandbox.state.store.run("UPDATE lines SET bouquet = '[7]'")
    seen = []
    for night, in_round in enumerate((2, 4, 5)):
        if night == 1:
            operator.fault("down", "xtream.get_lines")
            with pytest.raises(PanelUnreachable):
                operator.reconcile("xtream")
            operator.sandbox.state.faults.clear()
        report = operator.reconcile("xtream", repair=False)
        assert report.fields == {"bouquets": len(report.differing)}
        told = operator.panel("xtream").reconcile_report["bouquets"]
        assert told == {"read": len(report.differing), "of": 5, "in_round": in_round, "nights": 3}
        seen.append(report.differing)
    assert seen == [["line1", "line2"], ["line3", "line4"], ["line5"]]
    assert operator.reconcile("xtream", repair=False).differing == ["line1", "line2"]  # the next round


def test_as_many_bouquets_are_read_in_a_night_as_the_panel_bears():
    def turn(**panel):
        row = Panel(**{"bouquet_nights": 7, "calls_per_second": 0, "bouquets_read_to": 0, **panel})
        found = _whole_lines.turn_of(row, range(1, 100_001))
        return len(found.ids), found.last, found.nights

    assert turn() == (14_286, 14_286, 7)
    assert turn(bouquet_nights=1, calls_per_second=1) == (14_400, 14_400, 7)  # four hours of one call a second
    assert turn(bouquets_read_to=99_990) == (10, 100_000, 7)
    assert turn(bouquet_nights=0) == (0, 0, 0)


@BOTH
def test_without_repair_it_only_tells(operator, on):
    lines_in_step(operator, on)
    gone_from(operator, on, "viewer1")
    operator.tamper(on, "viewer2", **({"blocked": 1} if on == "stalker" else {"enabled": 0}))
    before = operator.on(on)

    assert operator.reconcile(on, repair=False).differences == 2
    operator.work()
    assert operator.on(on) == before
    assert operator.panel(on).reconcile_report["missing"] == ["line1"]


@BOTH
@pytest.mark.parametrize("kind", ["truncated", "html", "empty", "down"])
def test_a_list_that_breaks_off_is_not_compared(operator, on, kind):
    from billhead.domain.errors import PanelUnreachable

    lines = lines_in_step(operator, on)
    operator.fault(kind, "stalker.accounts.GET" if on == "stalker" else "xtream.get_lines")
    with pytest.raises(PanelUnreachable):
        operator.reconcile(on)
    assert operator.panel(on).reconciled_at is None
    assert [job.state for each in lines for job in operator.jobs(each)] == ["done"] * 3


@BOTH
def test_what_is_only_reported_is_a_difference_that_nobody_mends(operator, on):
    from billhead.models.panels import Panel

    lines_in_step(operator, on)
    operator.change(Panel, operator.panels[on], managed={"blocked": "report", "expires_at": "accept"})
    operator.tamper(on, "viewer1", **({"blocked": 1} if on == "stalker" else {"enabled": 0}))
    operator.tamper(
        on, "viewer2", **({"end_date": "2030-01-01 00:00:00"} if on == "stalker" else {"exp_date": 1893456000})
    )

    report = operator.reconcile(on)
    assert (report.differing, report.fields, report.repairs) == (["line1"], {"blocked": 1}, [])
    operator.work()
    assert [held.blocked for held in operator.on(on)] == [True, False, False]


def test_a_ban_by_the_panels_staff_is_told_and_not_lifted(operator):
    lines_in_step(operator, "xtream")
    operator.tamper("xtream", "viewer1", admin_enabled=0)
    report = operator.reconcile("xtream")
    assert (report.differing, report.fields, report.repairs) == (["line1"], {"banned": 1}, [])


@BOTH
def test_a_line_whose_removal_is_still_to_come_is_removed(operator, on):
    line, *_ = lines_in_step(operator, on)
    from billhead.models.subscriptions import Service

    operator.change(Service, line, lifecycle="unwanted")  # as if its job had been called off
    report = operator.reconcile(on)
    assert (len(report.extra), report.repairs) == (1, [line])
    operator.work()
    assert operator.service(line).lifecycle == "gone"
    assert operator.reconcile(on).differences == 0


def test_the_blocked_remains_of_an_ended_line_are_no_difference(operator):
    from billhead.models.panels import Panel

    line, *_ = lines_in_step(operator, "stalker")
    panel = operator.panel("stalker")
    operator.change(Panel, panel.id, settings={**panel.settings, "keep_records": True})
    operator.want(line, lifecycle="unwanted")
    operator.work()
    assert len(operator.on("stalker")) == 3
    assert operator.service(line).lifecycle == "gone"
    assert operator.reconcile("stalker").differences == 0

    operator.tamper("stalker", "viewer1", blocked=0)  # somebody lets it watch again
    assert operator.reconcile("stalker").extra == ["line1"]


def test_an_expired_line_is_no_difference_on_either_panel(operator):
    for on in ("stalker", "xtream"):
        operator.line(on, paid_until=NOW + timedelta(days=2))
        operator.line(on, paid_until=NEW_YEAR)
    operator.work()
    operator.wait(days=5)
    assert [operator.reconcile(on).differences for on in ("stalker", "xtream")] == [0, 0]


def test_a_panel_that_lists_nothing_is_asked_line_by_line(operator, monkeypatch):
    from dataclasses import replace

    from billhead_xtream.module import XtreamModule

    lines_in_step(operator, "xtream")
    gone_from(operator, "xtream", "viewer1")
    operator.tamper("xtream", "viewer2", enabled=0)
    able = XtreamModule.capabilities
    monkeypatch.setattr(XtreamModule, "capabilities", lambda *a: replace(able(*a), listing=False))
    report = operator.reconcile("xtream")
    assert (report.missing, report.differing, report.in_step) == (["line1"], ["line2"], 1)

    operator.fault("down", "xtream.*")
    from billhead.domain.errors import PanelUnreachable

    with pytest.raises(PanelUnreachable):
        operator.reconcile("xtream")


def test_a_line_that_carries_another_systems_reference_is_nobodys_of_ours(operator):
    """Its login alone does not make it ours, so ours is missing and it is extra."""
    operator.sandbox.state.store.insert(
        "lines", {"username": "viewer1", "password": "x", "admin_notes": "billhead:other"}
    )
    line = operator.line("xtream")
    with operator._writing() as tx:
        tx.session.execute(update(Job).where(Job.key == f"converge:{line}").values(state="parked"))
    report = operator.reconcile("xtream", repair=False)
    assert (report.missing, report.extra) == (["line1"], ["other"])


def test_boxes_are_compared_by_their_reference(operator):
    line = operator.line("xtream", kind="mag", mac="00:1A:79:AA:BB:01")
    operator.work()
    assert operator.reconcile("xtream").differences == 0
    operator.want(line, desired_blocked=True)
    assert operator.reconcile("xtream", repair=False).fields == {"blocked": 1}


def twelve_lines(operator, gone):
    """Of twelve lines in step so many are lost on the panel, as when a backup was put back."""
    lines_in_step(operator, "xtream", 12)
    for number in range(1, gone + 1):
        gone_from(operator, "xtream", f"viewer{number}")


def test_a_list_that_shrank_suddenly_is_not_repaired_until_somebody_says_so(operator):
    from billhead.actions.panels.repair_differences import repair_differences
    from billhead.domain.errors import Conflict

    twelve_lines(operator, 11)
    report = operator.reconcile("xtream")
    assert "lines missing: 11 of 12" in report.held
    assert operator.panel("xtream").reconcile_report["held"] == report.held
    for kind in ("", "missing"):  # nor by the list of what was found
        with operator._writing() as tx, pytest.raises(Conflict, match="lines missing: 11 of 12"):
            repair_differences(tx, operator.panels["xtream"], kind)
    operator.work()
    assert len(operator.on("xtream")) == 1

    from billhead.actions.provisioning.reconcile import reconcile_panel

    assert reconcile_panel(operator.ctx, operator.panels["xtream"], confirmed=True).held == ""
    operator.work()
    assert len(operator.on("xtream")) == 12
    assert operator.reconcile("xtream").differences == 0


def test_lines_that_their_own_jobs_are_still_to_make_are_not_missing(operator):
    """A shop of twelve is imported onto an empty panel, which is compared before their jobs have run. One whose job is
    given up is missing, and so is what was there once, whatever is queued for it."""
    lines = [operator.line("xtream") for _ in range(12)]
    report = operator.reconcile("xtream")
    assert (report.services, report.coming, report.missing, report.held) == (0, 12, [], "")
    with operator._writing() as tx:
        tx.session.execute(update(Job).where(Job.key == f"converge:{lines[0]}").values(state="parked"))
    assert operator.reconcile("xtream", repair=False).missing == [operator.service(lines[0]).handle]
    with operator._writing() as tx:
        queue_converge(tx, lines[0], operator.panels["xtream"])
    operator.work()
    report = operator.reconcile("xtream")
    assert (report.services, report.coming, report.in_step) == (12, 0, 12)
    gone_from(operator, "xtream", "viewer2")
    with operator._writing() as tx:
        queue_converge(tx, lines[1], operator.panels["xtream"])
    assert operator.reconcile("xtream").missing == [operator.service(lines[1]).handle]


def test_the_brake_is_set_on_the_panel_and_a_few_lines_never_need_it(operator):
    from billhead.models.panels import Panel

    twelve_lines(operator, 10)  # more than 20 %, but few
    assert operator.reconcile("xtream", repair=False).held == ""
    gone_from(operator, "xtream", "viewer11")
    assert operator.reconcile("xtream", repair=False).held
    operator.change(Panel, operator.panels["xtream"], brake_percent=0)
    assert operator.reconcile("xtream").held == ""
    operator.work()
    assert len(operator.on("xtream")) == 12


def test_a_panel_is_compared_in_batches_with_a_bounded_number_of_queries(operator, monkeypatch):
    from sqlalchemy import event

    from billhead.actions.provisioning import reconcile as module
    from billhead.db import db

    lines_in_step(operator, "xtream", 12)
    gone_from(operator, "xtream", "viewer12")
    operator.tamper("xtream", "viewer2", admin_notes="")  # its reference was wiped out: the login tells
    for at_once, most in ((500, 9), (4, 15)):
        monkeypatch.setattr(module, "batches", lambda things, size=at_once: BATCHES(things, size))
        seen = []

        def note(_conn, _cursor, statement, *_rest, seen=seen):
            # which plugins are off is read anew after some seconds: that goes by the clock, not by the lines
            if statement.startswith("SELECT") and "plugin_state" not in statement:
                seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            report = operator.reconcile("xtream", repair=False)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        assert (report.lines, report.missing, report.differing) == (11, ["line12"], ["line2"])
        assert len(seen) <= most, seen


def test_what_was_found_is_kept_and_repaired_by_kind(operator):
    from billhead.actions.panels.repair_differences import preview_repair, repair_differences
    from billhead.domain.errors import Conflict

    lines_in_step(operator, "xtream")
    gone_from(operator, "xtream", "viewer1")
    operator.tamper("xtream", "viewer2", enabled=0)
    stranger_on(operator, "xtream")
    operator.reconcile("xtream", repair=False)
    panel = operator.panels["xtream"]
    assert operator._read(lambda session: preview_repair(session, panel)) == {"missing": 1, "differing": 1}

    with operator._writing() as tx:
        assert repair_differences(tx, panel, "differing").lines == 1
    operator.work()
    assert len(operator.on("xtream")) == 3  # the stranger and two of ours; the missing one was not asked for
    with operator._writing() as tx:
        repair_differences(tx, panel)
    operator.work()
    assert operator.reconcile("xtream").differences == 1  # the stranger
    with operator._writing() as tx, pytest.raises(Conflict):
        repair_differences(tx, panel)


def test_a_line_that_came_back_after_its_end_ends_again_where_a_person_says_so(operator):
    """The panel was put back from a backup: what ended since serves again, under our reference."""
    from billhead.actions.panels.repair_differences import repair_differences

    line, *_ = lines_in_step(operator, "xtream")
    store = operator.sandbox.state.store
    (row,) = store.rows("SELECT * FROM lines WHERE username = 'viewer1'")
    operator.want(line, lifecycle="unwanted")
    operator.work()
    assert operator.service(line).lifecycle == "gone"

    store.insert("lines", dict(row))
    report = operator.reconcile("xtream")
    assert (report.extra, report.repairs) == (["line1"], [])  # it may be their staff's doing
    operator.work()
    assert len(operator.on("xtream")) == 3
    with operator._writing() as tx:
        assert repair_differences(tx, operator.panels["xtream"], "extra").lines == 1
    operator.work()
    assert [held.login for held in operator.on("xtream")] == ["viewer2", "viewer3"]
    assert operator.service(line).lifecycle == "gone"


def test_an_end_that_was_given_up_is_tried_again_each_night(operator):
    """Also on a panel that lists nothing, where no comparison would see that the line serves on."""
    from billhead.actions.provisioning.end_again import end_again
    from billhead.models.operations import Job
    from billhead.models.subscriptions import Service

    first, second, _ = lines_in_step(operator, "xtream")
    (given_up,) = operator.jobs(first)
    operator.change(Job, given_up.id, state="parked")
    operator.change(Service, first, lifecycle="unwanted", sync="failed")
    operator.want(second, lifecycle="unwanted")  # its job is to come
    with operator._writing() as tx:
        assert end_again(tx).lines == 1
    assert [job.state for job in operator.jobs(first)] == ["canceled", "queued"]
    operator.work()
    assert [operator.service(one).lifecycle for one in (first, second)] == ["gone", "gone"]
    with operator._writing() as tx:
        assert end_again(tx).lines == 0


def test_a_panel_is_compared_by_one_job_at_a_time(operator):
    from billhead.actions.provisioning._queue import queue_reconcile
    from billhead.jobs.queue import finish, lease

    with operator._writing() as tx:
        nightly, confirmed = (queue_reconcile(tx, operator.panels["xtream"], confirmed=told) for told in (False, True))
    first = lease()
    assert (first.id, lease()) == (nightly, None)
    finish(first, None)
    assert lease().id == confirmed
