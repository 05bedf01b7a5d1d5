"""Real processes on one queue: nothing is done twice at once, and a kill at any moment loses nothing."""

import os
import signal
import traceback

import pytest
from sqlalchemy import func, select

from apps import build_app, close_app
from billhead import crash
from billhead.actions.scheduling import enqueue
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.jobs.queue import give_back_all
from billhead.jobs.work import drain
from billhead.models.operations import Job
from job_process import note  # registers the kinds of job
from processes import until

CTX = Context.system("test")
assert note


@pytest.fixture
def marks(tmp_path):
    class Marks:
        file = tmp_path / "marks.txt"

        def lines(self):
            """(word, number, process) of everything that was done, in order."""
            found = self.file.read_text().splitlines() if self.file.exists() else []
            return [tuple(line.split()) for line in found]

    return Marks()


def fork(work, database_url, home):
    """A child process with an application of its own, that does its work and ends; returns its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        app = build_app(database_url, home)
        with app.app_context():
            work()
        close_app(app)
        code = 0
    finally:  # the child must end here, whatever happens: it is a copy of the whole test run
        if code:
            traceback.print_exc()
        os._exit(code)


def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def add(kind, marks, count, **more):
    with writing(CTX) as tx:
        lane = more.pop("lane", "")
        return [enqueue(tx, kind, {"file": str(marks.file), "n": n, **more}, lane=lane) for n in range(count)]


def left_to_do():
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state != "done"))


def start_over():
    """What each process does that is started after a kill: embedded at once, others when the lease has run out."""
    if db.engine.dialect.name == "sqlite":
        give_back_all()
    drain()


def test_ten_of_ten_jobs_whose_workers_were_killed_in_the_middle_are_done(app_context, database_url, tmp_path, marks):
    job_ids = add("test.dies_once", marks, 10)
    kills = 0

    def another_worker():
        nonlocal kills
        kills += ended(fork(start_over, database_url, tmp_path / "home")) == -signal.SIGKILL
        return left_to_do() == 0

    until(another_worker, "all ten are done")
    assert kills == 10
    with reading() as session:
        rows = [session.get_one(Job, job_id) for job_id in job_ids]
    assert [(row.state, row.tries) for row in rows] == [("done", 2)] * 10
    for n in range(10):
        assert [word for word, number, _ in marks.lines() if number == str(n)] == ["began", "began", "ended"]


@pytest.mark.parametrize("point", ["jobs.leased", "jobs.done"])
def test_a_kill_before_a_job_or_after_it_was_recorded_repeats_nothing(
    app_context, database_url, tmp_path, marks, point, monkeypatch
):
    add("test.note", marks, 3)
    monkeypatch.setattr(crash, "_wanted", point)
    monkeypatch.setattr(crash, "_left", 2)
    assert ended(fork(start_over, database_url, tmp_path / "home")) == -signal.SIGKILL
    assert len(marks.lines()) == {"jobs.leased": 1, "jobs.done": 2}[point]
    monkeypatch.setattr(crash, "_wanted", "")

    def another_worker():
        assert ended(fork(start_over, database_url, tmp_path / "home")) == 0
        return left_to_do() == 0

    until(another_worker, "all three are done")
    assert sorted(number for _did, number, _ in marks.lines()) == ["0", "1", "2"]


def test_two_processes_work_off_one_lane_one_by_one(app_context, database_url, tmp_path, marks):
    add("test.slow", marks, 20, seconds=0.01, lane="panel:1")
    add("test.note", marks, 40)
    go = tmp_path / "go"

    def work():
        until(go.exists, "the other process is there")
        while left_to_do():
            drain()

    children = [fork(work, database_url, tmp_path / "home") for _ in range(2)]
    go.touch()
    assert [ended(pid) for pid in children] == [0, 0]
    in_lane = [(word, number) for word, number, _ in marks.lines() if word != "did"]
    assert in_lane == [step for n in range(20) for step in (("began", str(n)), ("ended", str(n)))]
    assert sorted(int(number) for word, number, _ in marks.lines() if word == "did") == list(range(40))


def test_two_processes_share_what_has_no_lane(app_context, database_url, tmp_path, marks):
    add("test.slow", marks, 30, seconds=0.02)
    ready = [tmp_path / "ready-0", tmp_path / "ready-1"]

    def worker(mine):
        def work():
            mine.touch()
            until(lambda: all(file.exists() for file in ready), "the other process is there")
            drain()

        return work

    children = [fork(worker(mine), database_url, tmp_path / "home") for mine in ready]
    assert [ended(pid) for pid in children] == [0, 0]
    began = [(number, pid) for word, number, pid in marks.lines() if word == "began"]
    assert sorted(int(number) for number, _ in began) == list(range(30))
    assert {int(pid) for _, pid in began} == set(children)
