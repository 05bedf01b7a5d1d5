"""Celery executes job ids; the durable queue is the job table. The same code runs on memory://, Redis and RabbitMQ.

A message is only a hint that a job may be taken: one that is lost, doubled or late changes nothing, since a worker
takes the job in the database first, and a sweep looks every second.
"""

import hashlib
import threading
from datetime import timedelta
from typing import Any

from celery import Celery, Task
from flask import Flask

from billhead.config import Config
from billhead.jobs.queue import due_ids, lease, take
from billhead.jobs.schedule import queue_periodic
from billhead.jobs.work import Work

__all__ = ["make_celery", "wake"]

SWEEP_SECONDS = 1
_BATCH = 16
_HINT_LASTS = 60  # seconds: while all workers are busy, no more hints than this pile up


def make_celery(app: Flask, config: Config) -> Celery:
    """The Celery application: two tasks (`sweep`, `run_job`) and one beat entry. Messages carry ids, never data."""
    celery = Celery("billhead", broker=_broker(config), set_as_current=False)
    celery.conf.update(_settings(config))
    celery.billhead_work = Work(app)
    celery.billhead_woken = threading.Event()

    class InApp(Task):
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    @celery.task(name="billhead.sweep", base=InApp, shared=False)
    def sweep() -> None:
        celery.billhead_woken.clear()
        queue_periodic()
        for job_id in due_ids(_BATCH):
            run_job.apply_async((job_id,), expires=_HINT_LASTS)

    @celery.task(name="billhead.run_job", base=InApp, shared=False)
    def run_job(job_id: int) -> None:
        work: Work = celery.billhead_work
        leased = None if work.stopping else take(job_id) or lease()
        if leased is not None and work.turn(leased).cut and not work.stopping:
            sweep.apply_async(expires=_HINT_LASTS)

    return celery


def wake(celery: Celery) -> None:
    """Ask for a sweep now. Many commits in a row need one only: the flag is down again before that sweep looks."""
    if not celery.billhead_woken.is_set():
        celery.billhead_woken.set()
        celery.tasks["billhead.sweep"].apply_async(expires=_HINT_LASTS)


def _settings(config: Config) -> dict[str, Any]:
    sweep = {
        "task": "billhead.sweep",
        "schedule": timedelta(seconds=SWEEP_SECONDS),
        "options": {"expires": _HINT_LASTS},
    }
    return {
        "beat_schedule": {"sweep": sweep},
        "broker_connection_max_retries": None,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"polling_interval": 0.05} if config.embedded else {},
        "task_default_queue": _queue_name(config),
        "task_ignore_result": True,
        "timezone": "UTC",
        "worker_enable_remote_control": False,
        "worker_hijack_root_logger": False,
        "worker_prefetch_multiplier": 1,
    }


def _broker(config: Config) -> str:
    return "memory://localhost/" if config.embedded else config.broker_url  # without a host kombu warns of its absence


def _queue_name(config: Config) -> str:
    """Two installations may share a broker; ids of one mean nothing in the other. The secret key tells them apart."""
    return f"billhead.{hashlib.sha256(f'queue:{config.secret_key}'.encode()).hexdigest()[:12]}"
