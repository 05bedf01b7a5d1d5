"""Worker and scheduler as threads of this process: a commit wakes them, and they leave no thread behind."""

import threading

import pytest
from sqlalchemy import delete, select

from apps import build_app, close_app
from billhead import clock
from billhead.actions import scheduling
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.jobs.embedded import EmbeddedWorkers, only_process
from billhead.jobs.schedule import PERIODIC
from billhead.models.health import WorkerPulse
from billhead.models.operations import Job
from processes import until


def our_threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("billhead-")]


@pytest.fixture
def workers(app_context, monkeypatch):
    monkeypatch.setattr("billhead.jobs.schedule.PERIODIC", [])  # their time is not the test's
    return EmbeddedWorkers(app_context.extensions["billhead"].celery, threads=2)


def test_a_commit_wakes_the_workers(workers, queue, done, job):
    with workers:
        first = queue("note", {"n": 0})
        until(lambda: job(first).state == "done", "the worker has begun to work")
        for n in range(1, 20):
            queue("note", {"n": n})
        until(lambda: len(done) == 20, "all are done")
    assert sorted(done) == list(range(20))


def test_they_leave_no_thread_and_no_waker_behind(workers):
    with workers:
        assert {"billhead-worker", "billhead-beat", "billhead-leases"} <= set(our_threads())
        assert scheduling._wakers
    until(lambda: not our_threads(), "all threads have ended")
    assert scheduling._wakers == []
    assert not workers.stuck


def test_their_pulse_that_was_taken_away_comes_back_whole(workers, monkeypatch):
    """A machine that slept for a week wakes up, and another process has cleaned up meanwhile."""

    def rows():
        with reading() as session:
            return {one.kind: one for one in session.scalars(select(WorkerPulse))}

    monkeypatch.setattr("billhead.jobs.pulse.PULSE_SECONDS", 0.05)
    with workers:
        until(lambda: len(rows()) == 2, "worker and beat have told of themselves")
        before = rows()
        with writing(Context.system("test")) as tx:
            tx.session.execute(delete(WorkerPulse))
        until(lambda: len(rows()) == 2, "they have again")
        for kind, row in rows().items():
            told = [(one.name, one.host, one.pid, one.threads, one.started_at) for one in (row, before[kind])]
            assert told[0] == told[1]
            assert (row.seen_at > before[kind].seen_at, row.ended) == (True, False)
    assert {row.ended for row in rows().values()} == {True}


def test_they_begin_with_what_their_predecessor_held(workers, queue, done, job):
    from billhead.jobs.queue import lease

    job_id = queue("note", {"n": 1})
    lease()
    with workers:
        until(lambda: job(job_id).state == "done", "the job is done")


def test_a_job_that_hangs_is_given_back_within_three_seconds(workers, queue, new_kind, job):
    began, end = threading.Event(), threading.Event()

    def hang(_args):
        began.set()
        end.wait(60)

    job_id = queue(new_kind("hang", hang))
    with workers:
        began.wait(30)
        asked = clock.monotonic()
    assert clock.monotonic() - asked < 6, "1.7 s on an idle machine"
    assert workers.stuck
    assert (job(job_id).state, job(job_id).tries) == ("queued", 0)
    end.set()
    until(lambda: not our_threads(), "all threads have ended")
    assert job(job_id).state == "queued", "what it said after it was given back was not recorded"


def test_two_applications_in_one_process_keep_to_their_own_tasks(sqlite_url, tmp_path, done):
    """Celery shares tasks between applications unless told not to; one's job would run in the other's database."""
    apps = [build_app(sqlite_url, tmp_path / name) for name in ("one", "other")]
    sweeps = [app.extensions["billhead"].celery.tasks["billhead.sweep"] for app in apps]
    assert [sweep.app for sweep in sweeps] == [app.extensions["billhead"].celery for app in apps]
    for app in apps:
        close_app(app)


def test_the_schedule_runs_by_itself(app_context, monkeypatch, done):
    monkeypatch.setattr("billhead.jobs.schedule.PERIODIC", [p for p in PERIODIC if p.kind == "events.deliver"])
    with EmbeddedWorkers(app_context.extensions["billhead"].celery, threads=1):
        until(_a_delivery_is_done, "the scheduler queued it and the worker did it")


def _a_delivery_is_done():
    with reading() as session:
        return session.query(Job).filter_by(kind="events.deliver", state="done").count()


def test_one_process_holds_a_home_at_a_time(tmp_path):
    with only_process(tmp_path), pytest.raises(Conflict, match="already serves from"):
        only_process(tmp_path)
    only_process(tmp_path).close()
