"""Jobs are taken by one worker at a time, one by one in a lane, tried again with patience, and never lost."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text

from billhead import clock
from billhead.actions.jobs.retry_job import retry_job
from billhead.actions.scheduling import enqueue
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import PanelRejected
from billhead.jobs import queue as queue_module
from billhead.jobs.kinds import TryLater, backoff
from billhead.jobs.queue import due_ids, finish, give_back, give_back_all, lease, purge, take
from billhead.jobs.work import Work, drain
from billhead.models.operations import Job

CTX = Context.system("test")


def states():
    with reading() as session:
        return dict(session.execute(select(Job.id, Job.state)).all())


def test_a_job_is_queued_with_the_change_that_asks_for_it_and_done_once(queue, job, done):
    job_id = queue("note", {"n": 7})
    assert job(job_id).state == "queued"
    assert drain() == 1
    assert (job(job_id).state, job(job_id).tries, done) == ("done", 1, [7])
    assert drain() == 0


def test_jobs_are_done_in_the_order_in_which_they_are_due(queue, done):
    now = clock.business_now()
    for n, minutes in enumerate([1, 3, 2]):
        queue("note", {"n": n}, due_at=now - timedelta(minutes=minutes))
    queue("note", {"n": "next week"}, due_at=now + timedelta(days=7))
    drain()
    assert done == [1, 2, 0]


def test_the_business_clock_decides_what_is_due(queue, done):
    queue("note", {"n": "next week"}, due_at=clock.business_now() + timedelta(days=7))
    assert drain() == 0
    with clock.business_time(clock.business_now() + timedelta(days=7, minutes=1)):
        assert drain() == 1
    assert done == ["next week"]


def test_a_key_stands_for_one_queued_job_that_takes_the_earlier_time(queue, job, done):
    later = clock.business_now() + timedelta(hours=1)
    first = queue("note", {"n": 1}, key="converge:17", due_at=later)
    assert queue("note", {"n": 1}, key="converge:17") == first
    assert job(first).due_at < later
    drain()
    assert queue("note", {"n": 1}, key="converge:17") != first, "what is done makes room for another"


def test_eight_threads_do_200_jobs_once_each(app_context, queue, new_kind):
    with writing(CTX) as tx:
        for n in range(200):
            enqueue(tx, "count", {"n": n})
    ran = []
    new_kind("count", lambda args: ran.append(args["n"]))
    assert drain(threads=8) == 200
    assert sorted(ran) == list(range(200))


def test_a_lane_is_worked_off_one_by_one_while_others_go_on(app_context, queue, new_kind):
    inside = {"panel:1": 0, "panel:2": 0, "": 0}
    most = dict(inside)
    guard = threading.Lock()

    def work(args):
        with guard:
            inside[args["lane"]] += 1
            most[args["lane"]] = max(most[args["lane"]], inside[args["lane"]])
        threading.Event().wait(0.01)
        with guard:
            inside[args["lane"]] -= 1

    new_kind("work", work)
    with writing(CTX) as tx:
        for n in range(45):
            lane = ("panel:1", "panel:2", "")[n % 3]
            enqueue(tx, "work", {"lane": lane}, lane=lane)
    assert drain(threads=6) == 45
    assert (most["panel:1"], most["panel:2"]) == (1, 1)
    assert most[""] > 1


def test_a_job_in_a_busy_lane_is_neither_offered_nor_taken(queue, done):
    first, second = (queue("note", {"n": n}, lane="panel:1") for n in (1, 2))
    held = lease()
    assert held.id == first
    assert due_ids(10) == []
    assert take(second) is None
    assert lease() is None
    other = queue("note", {"n": 3}, lane="panel:2")
    assert due_ids(10) == [other]
    following = finish(held, None, take_next=True)
    assert following.id == second


def test_a_turn_stays_in_its_lane(queue, done, app_context):
    for n, lane in enumerate(["a", "b", "a", "b", "a"]):
        queue("note", {"n": n}, lane=lane)
    assert Work(app_context).turn(lease()).ran == 3
    assert done == [0, 2, 4]


def test_two_workers_that_look_at_one_lane_at_the_same_moment_get_one_job(app_context, queue, done):
    for _ in range(10):
        for n in range(4):
            queue("note", {"n": n}, lane="panel:1")
        start = threading.Barrier(4)

        def at_once(_n, start=start):
            with app_context.app_context():
                start.wait(10)
                return lease()

        with ThreadPoolExecutor(4) as pool:
            taken = [leased for leased in pool.map(at_once, range(4)) if leased is not None]
        assert len(taken) == 1
        give_back(taken)
        drain()


def test_what_fails_comes_back_after_10_20_40_seconds_and_is_parked_in_the_end(queue, job, new_kind):
    def fail(_args):
        raise PanelRejected("no such tariff")

    new_kind("fail", fail, max_tries=4)
    job_id = queue("fail")
    waits = []
    with clock.business_time(clock.business_now()):
        for _ in range(3):
            assert drain() == 1
            waits.append(round((job(job_id).due_at - clock.business_now()).total_seconds()))
            assert drain() == 0, "not due yet"
            clock.move_business_clock(job(job_id).due_at)
        assert (waits, job(job_id).state) == ([10, 20, 40], "queued")
        assert drain() == 1
    row = job(job_id)
    assert (row.state, row.tries, row.error) == ("parked", 4, "PanelRejected: no such tariff")
    assert row.finished_at is not None


def test_back_off_ends_at_an_hour():
    assert [backoff(n).total_seconds() for n in (1, 2, 3, 9, 10, 50)] == [10, 20, 40, 2560, 3600, 3600]


def test_a_parked_job_starts_anew_when_a_person_says_so(queue, job, new_kind):
    outcomes = [ZeroDivisionError, None]

    def once(_args):
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    job_id = queue(new_kind("once", once, max_tries=1))
    drain()
    assert job(job_id).state == "parked"
    with writing(CTX) as tx:
        retry_job(tx, job_id)
    drain()
    assert (job(job_id).state, job(job_id).error) == ("done", "")


def test_try_later_is_no_failure(queue, job, new_kind):
    at = clock.business_now() + timedelta(minutes=30)

    def wait(_args):
        raise TryLater(at, "the breaker is open")

    job_id = queue(new_kind("wait", wait, max_tries=1))
    drain()
    assert (job(job_id).state, job(job_id).tries, job(job_id).error) == ("queued", 0, "the breaker is open")
    assert job(job_id).due_at == at


def test_one_job_that_fails_costs_no_other(queue, job, new_kind, done):
    def fail(_args):
        raise ZeroDivisionError

    bad = queue(new_kind("bad", fail))
    good = queue("note", {"n": 1})
    drain()
    assert (job(bad).state, job(good).state) == ("queued", "done")


def test_a_job_of_an_unknown_kind_fails_with_the_reason(queue, job, done):
    job_id = queue("loyalty.points")
    good = queue("note", {"n": 1})
    drain()
    assert (job(job_id).state, job(good).state) == ("failed", "done")
    assert job(job_id).error == "no plugin or release here knows jobs of kind 'loyalty.points'"


def test_a_dead_workers_job_is_taken_again_and_what_it_says_later_does_not_count(queue, job, done, expire):
    job_id = queue("note", {"n": 1}, lane="panel:1")
    dead = lease()
    assert lease() is None
    expire(dead)
    assert due_ids(5) == [job_id]
    alive = lease()
    assert (alive.id, alive.tries) == (job_id, 2)
    finish(dead, None)
    assert job(job_id).state == "running", "the late answer was not recorded"
    finish(alive, None)
    assert job(job_id).state == "done"


def test_a_job_that_ends_its_worker_each_time_is_parked(queue, job, new_kind, expire):
    job_id = queue(new_kind("poison", lambda _args: None, max_tries=3))
    for _ in range(3):
        expire(lease())
    assert lease() is None
    assert (job(job_id).state, job(job_id).tries) == ("parked", 3)
    assert "its worker ended without an answer" in job(job_id).error


def test_a_lease_is_renewed_while_its_job_runs(app_context, queue, job, new_kind):
    """The job takes three times as long as its lease, and nobody else gets it."""
    ran = []

    def long(_args):
        ran.append("began")
        threading.Event().wait(1.8)

    job_id = queue(new_kind("long", long, lease=timedelta(seconds=0.6)))
    taken_by_another = []

    def other_worker():
        with app_context.app_context():
            while job(job_id).state != "done":
                taken_by_another.append(lease())
                threading.Event().wait(0.1)

    watching = threading.Thread(target=other_worker)
    work = Work(app_context)
    with work.keeping_leases():
        leased = lease()
        watching.start()
        work.turn(leased)
    watching.join(10)
    assert ran == ["began"]
    assert len(taken_by_another) > 5
    assert not any(taken_by_another)


def test_what_is_given_back_starts_again_and_the_try_does_not_count(queue, job, done):
    job_id = queue("note", {"n": 1})
    give_back([lease()])
    assert (job(job_id).state, job(job_id).tries) == ("queued", 0)
    drain()
    assert done == [1]


def test_what_another_has_taken_meanwhile_is_not_given_back(queue, job, done, expire):
    job_id = queue("note", {"n": 1})
    dead = lease()
    expire(dead)
    lease()
    give_back([dead])
    assert job(job_id).state == "running"


def test_the_only_process_takes_up_at_its_start_what_its_predecessor_held(queue, done):
    for n in range(3):
        queue("note", {"n": n})
        lease()
    assert set(states().values()) == {"running"}
    assert give_back_all() == 3
    assert drain() == 3


def test_a_job_asked_for_again_while_its_change_is_not_committed_does_not_run_too_early(app_context, queue, done):
    """It is queued already, so it is not doubled; but it must not run before it can see the second change."""
    first = queue("note", {"n": 1}, key="converge:1")
    asked, may_commit = threading.Event(), threading.Event()

    def second_change():
        with app_context.app_context(), writing(CTX) as tx:
            enqueue(tx, "note", {"n": 1}, key="converge:1")
            asked.set()
            may_commit.wait(0.5)

    change = threading.Thread(target=second_change)
    change.start()
    asked.wait(10)
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(_take_in, app_context, first)
        threading.Event().wait(0.2)
        taken_too_early = worker.done() and worker.result() is not None
        may_commit.set()
        change.join(10)
        worker.result(10)
    assert not taken_too_early
    drain()
    with reading() as session:
        assert set(session.scalars(select(Job.state))) <= {"done", "running"}


def _take_in(app, job_id):
    with app.app_context():
        return take(job_id)


def test_only_what_is_done_is_purged(queue, job, done, new_kind):
    def fail(_args):
        raise ZeroDivisionError

    old = queue("note", {"n": 1})
    parked = queue(new_kind("fail", fail, max_tries=1))
    drain()
    waits = queue("note", {"n": 2}, due_at=clock.business_now() + timedelta(days=1))
    assert purge(clock.now() - timedelta(days=1)) == 0
    assert purge(clock.now() + timedelta(seconds=1)) == 1
    assert set(states()) == {parked, waits}
    assert old not in states()


def test_wakers_are_called_once_after_the_commit_that_queued(app_context, queue, monkeypatch):
    from billhead.actions import scheduling

    woken = []

    def wake():
        woken.append(len(due_ids(10)))

    monkeypatch.setattr(scheduling, "_wakers", [wake])
    with writing(CTX) as tx:
        for n in range(3):
            enqueue(tx, "note", {"n": n})
        assert woken == []
    assert woken == [3]


@pytest.mark.parametrize("lane", [None, "panel:1"])
def test_taking_a_job_walks_an_index_in_order_however_long_the_queue(app_context, lane):
    now = clock.now()
    rows = [
        {"kind": "k", "args": {}, "lane": f"panel:{n % 2}", "state": state, "due_at": now, "created_at": now}
        for n in range(5000)
        for state in ("queued", "done")
    ]
    with writing(CTX) as tx:
        tx.session.execute(insert(Job), rows)
    plan = explained(lane)
    assert "ix_job" in plan
    assert "SCAN job" not in plan
    assert "Seq Scan" not in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def explained(lane):
    """How the database would look for the next job."""
    query = queue_module._QUEUED if lane is None else queue_module._IN_LANE[0]
    now = {"now": clock.now(), "business_now": clock.business_now()}
    statement = query.limit(1).params(**now, **({"this_lane": lane} if lane else {}))
    with db.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        sql = statement.compile(db.engine, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN" if db.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        return "\n".join(str(tuple(row)) for row in connection.execute(text(f"{explain} {sql}")))
