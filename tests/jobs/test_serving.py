"""`billhead serve`, as an operator runs it: one process that serves, works, stops at once, and loses nothing."""

import re
import signal

import httpx
import pytest

from apps import build_app, close_app
from billhead.actions.scheduling import enqueue
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.operations import Job
from processes import until

CTX = Context.system("test")


@pytest.fixture
def marks(tmp_path):
    """The file in which jobs note what they do, and its words."""

    class Marks:
        file = tmp_path / "marks.txt"

        def words(self):
            return [line.rsplit(" ", 1)[0] for line in self.file.read_text().splitlines()] if self.file.exists() else []

    return Marks()


@pytest.fixture
def beside(sqlite_url, tmp_path):
    """Another process's view of the same database: this one."""
    app = build_app(sqlite_url, tmp_path / "beside")
    with app.app_context():
        yield app
    close_app(app)


def queue(kind, args):
    with writing(CTX) as tx:
        return enqueue(tx, kind, args)


def state_of(job_id):
    with reading() as session:
        return session.get_one(Job, job_id).state


def address(server):
    return re.search(r"http://[\d.:]+", server.says("Billhead serves on"))[0]


def test_it_serves_works_and_stops_on_ctrl_c_with_nothing_left(programs, sqlite_url, beside, marks):
    server = programs("serve", sqlite_url)
    answer = httpx.get(f"{address(server)}/healthz", timeout=30)
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    job_id = queue("test.note", {"file": str(marks.file), "n": 1})
    until(lambda: state_of(job_id) == "done", "the job is done")
    assert marks.words() == ["did 1"]
    code, took = server.stop(signal.SIGINT)
    assert code == 0, server.said()
    assert server.said().rstrip().endswith("Stopped.")
    assert "Traceback" not in server.said()
    assert took < 3 + SLACK


SLACK = 4  # seconds, for a machine that runs other things as well; stopping itself takes one to two


def test_on_sigterm_a_job_that_ends_soon_may_end(programs, sqlite_url, beside, marks):
    server = programs("serve", sqlite_url)
    server.says("Billhead serves on")
    job_id = queue("test.slow", {"file": str(marks.file), "n": 1, "seconds": 0.7})
    until(marks.words, "the job began")
    assert server.stop()[0] == 0
    assert marks.words() == ["began 1", "ended 1"]
    assert state_of(job_id) == "done"


def test_a_job_that_does_not_end_is_given_back_and_done_by_the_next_process(programs, sqlite_url, beside, marks):
    server = programs("serve", sqlite_url)
    server.says("Billhead serves on")
    job_id = queue("test.slow", {"file": str(marks.file), "n": 1, "seconds": 120})
    until(marks.words, "the job began")
    code, took = server.stop()
    assert (code, state_of(job_id)) == (0, "queued")
    assert took < 3 + SLACK
    with reading() as session:
        assert session.get_one(Job, job_id).tries == 0


def test_after_kill_9_the_next_process_does_the_job_at_once(programs, sqlite_url, beside, marks):
    server = programs("serve", sqlite_url)
    server.says("Billhead serves on")
    job_id = queue("test.dies_once", {"file": str(marks.file), "n": 1})
    assert server.ended() == -signal.SIGKILL
    assert state_of(job_id) == "running"
    programs("serve", sqlite_url)
    until(lambda: state_of(job_id) == "done", "the job is done")
    assert marks.words() == ["began 1", "began 1", "ended 1"]


def test_a_second_process_on_the_same_home_is_refused_and_says_what_to_do(programs, sqlite_url):
    first = programs("serve", sqlite_url)
    first.says("Billhead serves on")
    second = programs("serve", sqlite_url)
    assert second.ended() == 1
    assert f"Another process ({first.pid}) already serves from" in second.said()
    assert "BILLHEAD_HOME" in second.said()
    assert "Traceback" not in second.said()


def test_a_port_that_is_taken_is_named(programs, sqlite_url):
    first = programs("serve", sqlite_url)
    port = address(first).rsplit(":", 1)[1]
    second = programs("serve", sqlite_url, BILLHEAD_PORT=port)
    assert second.ended() == 1
    assert f"Error: Port {port} on 127.0.0.1 can't be used" in second.said()
    assert "BILLHEAD_PORT" in second.said()


def test_an_empty_database_is_migrated_at_the_start(programs, tmp_path):
    server = programs("serve", f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert httpx.get(f"{address(server)}/healthz", timeout=30).status_code == 200
    assert "billhead setup" in server.says("Nobody can sign in yet")
