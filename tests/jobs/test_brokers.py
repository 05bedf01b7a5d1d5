"""The same code with a broker: workers and web as processes of their own, on Redis and on RabbitMQ."""

import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from apps import build_app, close_app
from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.jobs.celery_app import wake
from billhead.models.operations import Job
from processes import until

CTX = Context.system("test")
GUNICORN = str(Path(sys.executable).with_name("gunicorn"))
SLACK = 4  # seconds, for a machine that runs other things as well; stopping itself takes one to two


@pytest.fixture
def marks(tmp_path):
    class Marks:
        file = tmp_path / "marks.txt"

        def words(self):
            return [line.rsplit(" ", 1)[0] for line in self.file.read_text().splitlines()] if self.file.exists() else []

    return Marks()


@pytest.fixture
def installation(request, tmp_path):
    """`installation(database_url, broker_url)`: this process beside the others, sharing their secret key."""
    made = []

    def join(database_url, broker_url):
        app = build_app(database_url, tmp_path / "beside", broker_url=broker_url, secret_key=f"of {tmp_path}")
        context = app.app_context()
        context.push()
        made.append((app, context, broker_url))
        return app

    yield join
    for app, context, _broker_url in made:
        _leave_no_queue(app)
        context.pop()
        close_app(app)


def _leave_no_queue(app):
    celery = app.extensions["billhead"].celery
    with celery.connection_for_write() as connection, connection.channel() as channel:
        channel.queue_delete(celery.conf.task_default_queue)
        channel.exchange_delete(celery.conf.task_default_queue)
    celery.close()


def queue(kind, args, **more):
    with writing(CTX) as tx:
        return enqueue(tx, kind, args, **more)


def state_of(job_id):
    with reading() as session:
        return session.get_one(Job, job_id).state


def until_done(job_id, what="the job is done"):
    """With the queue as it is where that does not come true."""
    try:
        until(lambda: state_of(job_id) == "done", what)
    except AssertionError as late:
        with reading() as session:
            jobs = session.execute(select(Job.id, Job.kind, Job.state, Job.tries, Job.due_at, Job.error)).all()
        raise AssertionError("\n".join([f"{late}, at {clock.now()}:", *map(str, jobs)])) from None


def test_a_worker_process_does_jobs_and_stops_on_sigterm(programs, sqlite_url, broker_url, installation, marks):
    installation(sqlite_url, broker_url)
    worker = programs("worker --beat --jobs 2", sqlite_url, BILLHEAD_BROKER_URL=broker_url)
    worker.says("Started: 2 jobs at a time, with the scheduler")
    job_ids = [queue("test.note", {"file": str(marks.file), "n": n}) for n in range(5)]
    for job_id in job_ids:
        until_done(job_id)
    assert sorted(marks.words()) == [f"did {n}" for n in range(5)]
    code, took = worker.stop()
    assert code == 0, worker.said()
    assert took < 3 + SLACK
    assert "Traceback" not in worker.said()


def test_kill_9_of_a_worker_loses_nothing(programs, sqlite_url, broker_url, installation, marks):
    installation(sqlite_url, broker_url)
    beat = programs("beat", sqlite_url, BILLHEAD_BROKER_URL=broker_url)
    worker = programs("worker", sqlite_url, BILLHEAD_BROKER_URL=broker_url)
    job_id = queue("test.dies_once", {"file": str(marks.file), "n": 1})
    assert worker.ended() == -signal.SIGKILL
    programs("worker", sqlite_url, BILLHEAD_BROKER_URL=broker_url)
    until_done(job_id, "the job is done by the next worker, when the lease has run out")
    assert marks.words() == ["began 1", "began 1", "ended 1"]
    assert beat.stop()[0] == 0


def test_messages_that_are_doubled_or_lost_change_nothing(programs, sqlite_url, broker_url, installation, marks):
    app = installation(sqlite_url, broker_url)
    celery = app.extensions["billhead"].celery
    job_id = queue("test.slow", {"file": str(marks.file), "n": 1, "seconds": 0.5}, lane="panel:1")
    for _ in range(20):
        celery.tasks["billhead.run_job"].apply_async((job_id,))
        celery.tasks["billhead.run_job"].apply_async((job_id + 1000,))
    wake(celery)
    programs("worker --jobs 4", sqlite_url, BILLHEAD_BROKER_URL=broker_url)
    until_done(job_id)
    assert marks.words() == ["began 1", "ended 1"]


def test_production_two_web_processes_a_worker_and_a_scheduler(
    programs, postgresql_url, redis_url, installation, marks, tmp_path
):
    installation(postgresql_url, redis_url)
    broker = {"BILLHEAD_BROKER_URL": redis_url}
    socket = tmp_path / "web.sock"
    web = programs(f"{GUNICORN} --workers 2 --bind unix:{socket} billhead.wsgi:app", postgresql_url, **broker)
    worker = programs("worker", postgresql_url, **broker)
    beat = programs("beat", postgresql_url, **broker)
    until(lambda: socket.exists() and web.said().count("Booting worker") == 2, "both web processes are there")
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://billhead", timeout=60) as client:
        answers = [client.get("/healthz") for _ in range(4)]
    assert [(answer.status_code, answer.json()["ok"]) for answer in answers] == [(200, True)] * 4
    job_id = queue("test.note", {"file": str(marks.file), "n": 1})
    until_done(job_id)
    assert marks.words() == ["did 1"]
    assert [program.stop()[0] for program in (web, worker, beat)] == [0, 0, 0]


def test_memory_is_refused_where_it_would_reach_nobody(programs, sqlite_url, tmp_path):
    address = str(tmp_path / "web.sock")
    web = programs(f"{GUNICORN} --workers 2 --bind unix:{address} billhead.wsgi:app", sqlite_url)
    # 4, or 1 when the second process refuses while gunicorn halts already because of the first
    assert web.ended() in (4, 1)
    with socket.socket(socket.AF_UNIX) as client, pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        client.connect(address)
    assert "BILLHEAD_BROKER_URL: memory:// reaches no other process" in web.said()
    assert "billhead serve" in web.said()
    for command in ("worker", "beat"):
        refused = programs(command, sqlite_url)
        assert refused.ended() == 1
        assert "Error: BILLHEAD_BROKER_URL: memory:// reaches no other process" in refused.said()
        assert "Traceback" not in refused.said()


def test_a_worker_refuses_a_database_that_is_not_migrated(programs, redis_url, tmp_path):
    worker = programs("worker", f"sqlite:///{tmp_path / 'new.sqlite3'}", BILLHEAD_BROKER_URL=redis_url)
    assert worker.ended() == 1
    assert "The database stands at no revision" in worker.said()
    assert "billhead db upgrade" in worker.said()


def test_two_installations_on_one_broker_use_queues_of_their_own(sqlite_url, tmp_path, redis_url):
    one, other = (
        build_app(sqlite_url, tmp_path / name, broker_url=redis_url, secret_key=f"key of {name}")
        for name in ("one", "other")
    )
    names = {app.extensions["billhead"].celery.conf.task_default_queue for app in (one, other)}
    assert len(names) == 2
    for app in (one, other):
        close_app(app)
