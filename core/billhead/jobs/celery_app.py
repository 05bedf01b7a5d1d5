"""Celery executes job ids; the durable queue is the job table. The same code runs on memory://, Redis and RabbitMQ."""

import threading
from datetime import timedelta

from celery import Celery, Task
from flask import Flask

from billhead.config import Config
from billhead.jobs.queue import Leased, lease
from billhead.jobs.schedule import queue_periodic
from billhead.jobs.work import run_leased

__all__ = ["SWEEP_SECONDS", "make_celery"]

SWEEP_SECONDS = 2
_BATCH = 16


def make_celery(app: Flask, config: Config) -> Celery:
    """The Celery application: two tasks (`sweep`, `run_job`) and one beat entry. Messages carry ids, never data."""
    celery = Celery("billhead", broker=config.broker_url)
    celery.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"polling_interval": 0.05} if config.embedded else {},
        beat_schedule={"sweep": {"task": "billhead.sweep", "schedule": timedelta(seconds=SWEEP_SECONDS)}},
        timezone="UTC",
    )

    class InApp(Task):  # type: ignore[misc]
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    @celery.task(name="billhead.run_job", base=InApp)  # type: ignore[untyped-decorator]
    def run_job(**leased: object) -> None:
        run_leased(Leased(**leased))  # type: ignore[arg-type]

    @celery.task(name="billhead.sweep", base=InApp)  # type: ignore[untyped-decorator]
    def sweep() -> None:
        celery.billhead_woken.clear()
        queue_periodic()
        for job in lease(_BATCH):
            run_job.apply_async(
                kwargs={
                    "id": job.id,
                    "kind": job.kind,
                    "args": job.args,
                    "lane": job.lane,
                    "token": job.token,
                    "tries": job.tries,
                }
            )

    celery.billhead_sweep = sweep
    celery.billhead_woken = threading.Event()
    return celery
