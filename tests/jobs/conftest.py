"""Kinds of job that exist for one test, and a look at the queue."""

from datetime import timedelta

import pytest

from billhead.actions.scheduling import enqueue
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.jobs.kinds import KINDS, LEASE, Kind
from billhead.models.operations import Job

CTX = Context.system("test")


@pytest.fixture
def new_kind(monkeypatch):
    """`new_kind("k", run)` registers a kind of job for this test; `run` is called with the job's args."""

    def register(name, run, *, max_tries=12, lease=LEASE):
        monkeypatch.setitem(KINDS, name, Kind(name, lambda _ctx, args: run(args), max_tries, lease))
        return name

    return register


@pytest.fixture
def done(new_kind):
    """The kind "note": what was given to it, in the order in which it was done."""
    notes = []
    new_kind("note", lambda args: notes.append(args.get("n")))
    return notes


@pytest.fixture
def queue(app_context):
    """`queue("k", {"n": 1}, lane="panel:1")` commits a job and returns its id."""

    def add(kind, args=None, **more):
        with writing(CTX) as tx:
            return enqueue(tx, kind, args, **more)

    return add


@pytest.fixture
def job(app_context):
    """`job(id)`: the row as it stands."""

    def look(job_id):
        with reading() as session:
            return session.get_one(Job, job_id)

    return look


@pytest.fixture
def expire(app_context):
    """`expire(leased)`: its worker has died, and its lease has run out."""

    def run_out(leased):
        with writing(CTX) as tx:
            row = tx.session.get_one(Job, leased.id)
            row.lease_until -= timedelta(hours=1)

    return run_out
