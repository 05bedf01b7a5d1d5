"""`billhead jobs`: what is queued, what has been parked for a person, and doing it by hand."""

from typing import Any

import click
from sqlalchemy import func, select

from billhead.actions.jobs.retry_job import retry_job
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.jobs.work import drain as drain_jobs
from billhead.models.operations import Job

__all__ = ["group"]

_STATES = ("queued", "running", "done", "failed", "parked", "canceled")


@click.group()
def group() -> None:
    """The queue of jobs."""


@group.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only these.")
@click.option("--kind", help="Only of this kind, like provisioning.converge.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@json_option
@in_app
def list_jobs(state: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    """How many jobs are in which state, and the newest of them."""
    wanted = [Job.state == state] * bool(state) + [Job.kind == kind] * bool(kind)
    with reading() as session:
        by_state = select(Job.state, func.count()).where(*wanted).group_by(Job.state)
        counts = dict(session.execute(by_state).all())
        newest = session.scalars(select(Job).where(*wanted).order_by(Job.id.desc()).limit(limit))
        jobs = [_row(job) for job in newest]
    lines = [f"{count} {state}" for state, count in sorted(counts.items())]
    lines += [f"{j['id']:>8}  {j['state']:8} {j['kind']:26} tries {j['tries']:<3} {j['error'][:80]}" for j in jobs]
    show({"counts": counts, "jobs": jobs}, as_json, lines or ["There are none."])


def _row(job: Job) -> dict[str, Any]:
    names = ("id", "kind", "args", "lane", "state", "tries", "error", "due_at", "created_at", "finished_at")
    return {name: getattr(job, name) for name in names}


@group.command()
@click.argument("job_id", type=int)
@json_option
@in_app
def retry(job_id: int, as_json: bool) -> None:
    """Queue a job again that was parked, failed or called off."""
    with writing(Context.system("cli:jobs")) as tx:
        retry_job(tx, job_id)
    show({"job_id": job_id, "state": "queued"}, as_json, [f"Job {job_id} is queued again."])


@group.command()
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 16))
@json_option
@in_app
def drain(threads: int, as_json: bool) -> None:
    """Do everything that is due, here and now."""
    ran = drain_jobs(threads=threads)
    show({"ran": ran}, as_json, [f"{ran} jobs were run."])
