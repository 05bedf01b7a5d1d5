"""`billhead jobs`: what is queued, what has been parked for a person, and doing it by hand."""

from typing import Any

import click
from sqlalchemy import select

from billhead.actions.jobs._chosen import CANCELABLE, NEEDS_A_PERSON, STATES, Chosen, Figures, matching
from billhead.actions.jobs._queue_state import QueueState, queue_state
from billhead.actions.jobs.cancel_job import cancel_job
from billhead.actions.jobs.cancel_jobs import cancel_jobs, preview_cancel_jobs
from billhead.actions.jobs.retry_job import retry_job
from billhead.actions.jobs.retry_jobs import preview_retry_jobs, retry_jobs
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.jobs.work import drain as drain_jobs
from billhead.models.operations import Job, JobTry

__all__ = ["group"]

_CTX = Context.system("cli:jobs")
_KIND = click.option("--kind", default="", help="Only of this kind, like provisioning.converge.")
_OLDER = click.option(
    "--older", default=0, type=click.IntRange(0), help="Only those queued so many minutes ago or more."
)
_DRY = click.option("--dry-run", is_flag=True, help="Only tell how many that would be.")


@click.group()
def group() -> None:
    """The queue of jobs."""


@group.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@_KIND
@_OLDER
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@json_option
@in_app
def list_jobs(state: str | None, kind: str, older: int, limit: int, as_json: bool) -> None:
    """How many jobs are in which state, what has waited for longest, and the newest of them."""
    wanted = matching(Chosen((state,) if state else STATES, kind, older))
    with reading() as session:
        queue = queue_state(session, wanted)
        jobs = [_row(job) for job in session.scalars(select(Job).where(*wanted).order_by(Job.id.desc()).limit(limit))]
    lines = [f"{count} {state}" for state, count in sorted(queue.counts.items())]
    lines += [_waits(queue)] * bool(queue.oldest_id)
    lines += [f"{j['id']:>8}  {j['state']:8} {j['kind']:26} tries {j['tries']:<3} {j['error'][:80]}" for j in jobs]
    show({**queue.as_dict(), "jobs": jobs}, as_json, lines or ["There are none."])


def _waits(queue: QueueState) -> str:
    seconds = int(queue.oldest_waits.total_seconds())
    return f"{queue.waiting} are due; job {queue.oldest_id} {queue.oldest_kind} has waited for {seconds} seconds"


def _row(job: Job) -> dict[str, Any]:
    names = ("id", "kind", "args", "lane", "state", "tries", "error", "progress", "due_at", "created_at", "finished_at")
    return {name: getattr(job, name) for name in names}


@group.command("show")
@click.argument("job_id", type=int)
@json_option
@in_app
def show_job(job_id: int, as_json: bool) -> None:
    """One job, with what went wrong at each of its tries."""
    with reading() as session:
        job = session.get(Job, job_id)
        if job is None:
            raise NotFound("job", job_id)
        tries = session.scalars(select(JobTry).where(JobTry.job_id == job_id).order_by(JobTry.id)).all()
        told = [{"try": one.number, "at": one.at, "error": one.error} for one in tries]
        row = _row(job)
    lines = [f"{name}: {value}" for name, value in row.items() if value not in ("", None, {})]
    show({**row, "history": told}, as_json, [*lines, *(f"  {t['at']:%Y-%m-%d %H:%M:%S} {t['error']}" for t in told)])


def _one_or_all(act: str, job_id: int | None, many: bool) -> None:
    if many == (job_id is not None):
        raise InvalidInput(
            "JOB_ID", "name one job, or --all", hint=f"billhead jobs {act} 17, or: jobs {act} --all --kind …"
        )


@group.command()
@click.argument("job_id", type=int, required=False)
@click.option("--all", "many", is_flag=True, help="All that were parked or failed.")
@_KIND
@_OLDER
@_DRY
@json_option
@in_app
def retry(job_id: int | None, many: bool, kind: str, older: int, dry_run: bool, as_json: bool) -> None:
    """Queue a job again that was parked, failed or called off; or, with --all, all that were parked or failed."""
    _one_or_all("retry", job_id, many)
    if job_id is not None:
        with writing(_CTX) as tx:
            retry_job(tx, job_id)
        show({"job_id": job_id, "state": "queued"}, as_json, [f"Job {job_id} is queued again."])
        return
    chosen = Chosen(NEEDS_A_PERSON, kind, older)
    if dry_run:
        with reading() as session:
            _tell(preview_retry_jobs(session, chosen), "would be queued again", as_json)
        return
    with writing(_CTX) as tx:
        jobs = retry_jobs(tx, chosen).jobs
    show({"jobs": jobs, "state": "queued"}, as_json, [f"{jobs} jobs are queued again."])


@group.command()
@click.argument("job_id", type=int, required=False)
@click.option("--all", "many", is_flag=True, help="All in that --state.")
@click.option("--state", type=click.Choice(CANCELABLE), default="parked", show_default=True)
@_KIND
@_OLDER
@_DRY
@json_option
@in_app
def cancel(job_id: int | None, many: bool, state: str, kind: str, older: int, dry_run: bool, as_json: bool) -> None:
    """Call a job off that waits; or, with --all, all in one state. What it should have done stays undone."""
    _one_or_all("cancel", job_id, many)
    if job_id is not None:
        with writing(_CTX) as tx:
            cancel_job(tx, job_id)
        show({"job_id": job_id, "state": "canceled"}, as_json, [f"Job {job_id} is called off."])
        return
    chosen = Chosen((state,), kind, older)
    if dry_run:
        with reading() as session:
            _tell(preview_cancel_jobs(session, chosen), "would be called off", as_json)
        return
    with writing(_CTX) as tx:
        jobs = cancel_jobs(tx, chosen).jobs
    show({"jobs": jobs, "state": "canceled"}, as_json, [f"{jobs} jobs are called off."])


def _tell(figures: Figures, what: str, as_json: bool) -> None:
    told = {"jobs": figures.count, "left_out": figures.left_out, "kinds": figures.kinds, "errors": figures.errors}
    lines = [f"{figures.count} jobs {what}."]
    lines += [f"{figures.left_out} are left out: the same is queued already."] * bool(figures.left_out)
    lines += [f"{count:>8} {kind}" for kind, count in figures.kinds.items()]
    lines += [f"{count:>8} {error}" for error, count in figures.errors.items()]
    show(told, as_json, lines)


@group.command()
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 16))
@json_option
@in_app
def drain(threads: int, as_json: bool) -> None:
    """Do everything that is due, here and now."""
    ran = drain_jobs(threads=threads)
    show({"ran": ran}, as_json, [f"{ran} jobs were run."])
