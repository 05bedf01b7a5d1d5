"""Two workers, or a wish that changes while a call is under way: the newest wish wins, and nothing is doubled."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from billhead.actions.provisioning._queue import queue_converge
from billhead.domain.errors import PanelRejected
from two_panels import NEW_YEAR

BOTH = pytest.mark.parametrize("on", ["stalker", "xtream"])


def while_applying(operator, monkeypatch, on, act):
    """Run `act` once, right after a step was applied and before its answer is recorded."""
    from billhead.plugin_host import plugins

    module = plugins().module(on)
    real, acted = module.apply, []

    def apply(panel, step):
        seen = real(panel, step)
        if not acted:
            acted.append(True)
            act()
        return seen

    monkeypatch.setattr(module, "apply", apply)


@BOTH
def test_a_wish_that_changes_during_the_call_is_fenced_and_comes_next(operator, monkeypatch, on):
    line = operator.line(on)
    while_applying(operator, monkeypatch, on, lambda: operator.want(line, desired_blocked=True))
    job = operator.converge(line)
    assert job.sync == "ok"  # of the older wish
    service = operator.service(line)
    assert (service.sync, service.converged_version) == ("pending", 0)
    assert service.handle_data or on == "stalker"
    assert operator.events("service.active") == []

    operator.work()
    service = operator.service(line)
    assert (service.sync, service.converged_version) == ("ok", service.desired_version)
    assert operator.only(on).blocked is True


def test_a_password_that_is_reset_again_during_the_call_keeps_the_one_that_was_just_sent(operator, monkeypatch):
    """A classic panel shows a line to its current password alone: by now that is the one in between."""
    from billhead.actions.access.reset_line_password import reset_line_password
    from billhead.plugin_host import vault

    def reset():
        with operator._writing() as tx:
            reset_line_password(tx, line)
        return vault().decrypt(operator.service(line).password)

    line = operator.line("xtream")
    operator.converge(line)
    between = reset()
    while_applying(operator, monkeypatch, "xtream", reset)
    operator.converge(line)
    service = operator.service(line)
    assert vault().decrypt(service.previous_password) == between != vault().decrypt(service.password)
    operator.work()
    assert operator.service(line).previous_password == ""


@BOTH
def test_a_line_that_is_given_up_while_it_is_made_is_removed(operator, monkeypatch, on):
    line = operator.line(on)
    while_applying(operator, monkeypatch, on, lambda: operator.want(line, lifecycle="unwanted"))
    operator.work()
    assert operator.on(on) == []
    assert operator.service(line).lifecycle == "gone"
    assert operator.events("service.active") == []


def four_at_once(operator, line):
    """Four workers bring one line in step, past the queue that lets only one at a panel; what each was told."""
    together = threading.Barrier(4)

    def one_worker():
        with operator.app.app_context():
            together.wait(timeout=10)
            return operator.converge(line).sync

    with ThreadPoolExecutor(4) as pool:
        return {each.result() for each in [pool.submit(one_worker) for _ in range(4)]}


def test_two_workers_at_once_make_one_line_or_it_is_noticed(operator):
    """The panel looks for a name and inserts in two steps, without a unique key: two creates at once can both succeed.
    Who looks while it holds both leaves it to staff, who try again; a second that stays is named by the comparison."""
    line = operator.line("xtream", bouquets=["sport"])
    if "failed" in four_at_once(operator, line):
        operator.converge(line)
    operator.heal()
    held, service = operator.on("xtream"), operator.service(line)
    assert {(each.ref, each.ends, len(each.bouquets)) for each in held} == {("line1", NEW_YEAR, 1)}
    assert operator.reconcile("xtream").extra == ["line1"] * (len(held) - 1)
    assert len(operator.events("service.active")) <= 1
    if len(held) == 1:
        assert (service.sync, len(operator.events("service.active"))) == ("ok", 1)


def test_a_name_that_another_worker_took_for_the_same_line_is_no_failure(operator, monkeypatch):
    from billhead.plugin_host import plugins

    line = operator.line("xtream", bouquets=["sport"])
    with operator.app.app_context():
        module = plugins().module("xtream")
        real = module.apply

        def apply_after_the_other(panel, step):
            monkeypatch.setattr(module, "apply", real)
            assert operator.converge(line).sync == "ok"
            raise PanelRejected("the name is taken by another account of the panel")

        monkeypatch.setattr(module, "apply", apply_after_the_other)
        assert operator.converge(line).sync == "ok"
    assert (operator.only("xtream").ref, operator.events("service.failed")) == ("line1", [])


def test_two_workers_at_once_on_a_portal_make_one_line_or_it_is_noticed(operator):
    """A portal looks for a login and inserts in two steps, without a unique key: two creates at once can both succeed.
    Nothing is then said to be in step, and a person decides."""
    line = operator.line("stalker", bouquets=["sport"])
    four_at_once(operator, line)
    operator.heal()
    held, service = operator.on("stalker"), operator.service(line)
    assert {each.ref for each in held} == {"line1"}
    assert (service.sync == "ok") == (len(held) == 1)
    assert len(operator.events("service.active")) <= 1


@BOTH
def test_by_the_queue_four_workers_make_one_line(operator, on):
    line = operator.line(on, bouquets=["sport"])
    with operator._writing() as tx:
        queue_converge(tx, line, operator.panels[on])
        queue_converge(tx, line, operator.panels[on])
    operator.work(threads=4)
    held, service = operator.only(on), operator.service(line)
    assert (held.ref, held.ends, len(held.bouquets)) == ("line1", NEW_YEAR, 1)
    assert service.sync == "ok"
    assert len(operator.events("service.active")) == 1


def test_jobs_of_one_panel_run_one_at_a_time_and_those_of_two_side_by_side(operator, monkeypatch):
    from billhead.plugin_host import plugins

    running, most, lock = {"stalker": 0, "xtream": 0}, {"stalker": 0, "xtream": 0}, threading.Lock()
    both = threading.Barrier(2, timeout=10)

    def watched(module, real):
        def look_up(panel, desired):
            with lock:
                running[module.code] += 1
                most[module.code] = max(most[module.code], running[module.code])
            if desired.login in ("viewer1", "viewer2"):
                both.wait()  # breaks unless the other panel's first job runs now too
            try:
                return real(panel, desired)
            finally:
                with lock:
                    running[module.code] -= 1

        return look_up

    for code in ("stalker", "xtream"):
        module = plugins().module(code)
        monkeypatch.setattr(module, "look_up", watched(module, module.look_up))
    lines = [operator.line(on) for _ in range(4) for on in ("stalker", "xtream")]
    operator.work(threads=4)
    assert most == {"stalker": 1, "xtream": 1}
    assert [operator.service(each).sync for each in lines] == ["ok"] * 8
