"""What happens every so often: one job a slot, whoever looks first, one at a time."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.db import reading
from billhead.jobs.queue import lease
from billhead.jobs.schedule import PERIODIC, Periodic, queue_periodic
from billhead.jobs.work import drain
from billhead.models.operations import Job
from billhead.plugin_host import PluginHost

NOON = datetime(2026, 11, 22, 12, 7, 30, tzinfo=UTC)


def queued(kind):
    with reading() as session:
        rows = session.scalars(select(Job).where(Job.kind == kind).order_by(Job.due_at)).all()
    return [row.due_at for row in rows]


def test_slots_divide_time_evenly():
    every_hour = Periodic("k", timedelta(hours=1))
    assert every_hour.slot(NOON) == NOON.replace(minute=0, second=0)
    assert Periodic("k", timedelta(days=1)).slot(NOON) == NOON.replace(hour=0, minute=0, second=0)
    assert every_hour.key(NOON) == "periodic:k@2026-11-22T12:00"


def test_each_slot_gets_one_job_however_often_one_looks(app_context):
    with clock.business_time(NOON):
        assert queue_periodic() == len(PERIODIC)
        assert queue_periodic() == 0
    with clock.business_time(NOON + timedelta(hours=1)):
        queue_periodic()
        queue_periodic()
    assert queued("billing.run") == [NOON.replace(hour=h, minute=0, second=0) for h in (12, 13)]
    assert queued("dunning.run") == [NOON.replace(hour=h, minute=10, second=0) for h in (12, 13)]
    assert queued("house.purge") == [NOON.replace(hour=3, minute=0, second=0)]


def test_a_month_without_a_worker_costs_no_flood_of_jobs(app_context):
    with clock.business_time(NOON):
        queue_periodic()
    with clock.business_time(NOON + timedelta(days=30)):
        queue_periodic()
    assert len(queued("billing.run")) == 2


def test_the_next_slot_waits_for_the_one_before(app_context, new_kind):
    new_kind("billing.run", lambda _args: None)
    with clock.business_time(NOON):
        queue_periodic()
    with clock.business_time(NOON + timedelta(hours=1)):
        queue_periodic()
        taken = []
        while (job := lease()) is not None:
            taken.append(job.kind)
    assert taken.count("billing.run") == 1


def test_every_periodic_kind_is_known(app):
    from billhead.jobs.kinds import KINDS

    assert {periodic.kind for periodic in PERIODIC} <= KINDS.keys()


def test_two_processes_that_look_at_once_queue_each_slot_once(app_context):
    from concurrent.futures import ThreadPoolExecutor

    def look(_n):
        with app_context.app_context():
            return queue_periodic()

    with clock.business_time(NOON), ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(4))) == len(PERIODIC)
    assert len(queued("billing.run")) == 1


RATES = """
ran = []
def fetch(host):
    ran.append(host.plugin)
def fail(host):
    raise ConnectionError("the bank is closed")
@hookimpl
def periodic_jobs():
    return [PeriodicJob("fetch", 60, fetch), PeriodicJob("fail", 60, fail)]
"""


def test_periodic_work_of_plugins_is_a_job_like_any_other(app_context, pretend, monkeypatch):
    point = pretend("rates", RATES)
    monkeypatch.setattr(app_context.extensions["billhead"], "plugins", PluginHost.load([point]))
    monkeypatch.setattr("billhead.jobs.schedule.PERIODIC", [])
    with clock.business_time(NOON):
        assert queue_periodic() == 2
        assert queue_periodic() == 0
        drain()
    import pretend_rates

    assert pretend_rates.ran == ["rates"]
    with reading() as session:
        jobs = {row.args["code"]: row for row in session.scalars(select(Job))}
    assert jobs["fetch"].state == "done"
    assert jobs["fail"].state == "queued"
    assert "The plugin rates failed: fail: ConnectionError: the bank is closed" in jobs["fail"].error
