"""The leased job table: taking due jobs, keeping and finishing them, and giving back what is not finished.

A job runs at least once. Two workers never hold one job, nor two jobs of one lane: taking is a compare-and-set under
the writer's turn (SQLite), or under SKIP LOCKED and an advisory lock per lane (PostgreSQL). A worker whose lease has
run out records nothing any more, since its token no longer matches.
"""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from billhead import clock
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.jobs.kinds import KINDS, Kind, TryLater, backoff
from billhead.models.operations import Job

__all__ = ["Leased", "due_ids", "extend", "finish", "give_back", "give_back_all", "lease", "purge", "take"]

_CTX = Context.system("jobs")


@dataclass(frozen=True, slots=True)
class Leased:
    id: int
    kind: str
    args: dict[str, Any]
    lane: str
    token: str
    tries: int


def due_ids(limit: int) -> list[int]:
    """Jobs that could be taken now, one of each lane, the longest due first. Takes none, so that nothing is lost."""
    ids: list[int] = []
    lanes: set[str] = set()
    with reading() as session:
        for query in _due(session):
            for job_id, lane in session.execute(query.with_only_columns(Job.id, Job.lane).limit(limit * 4)):
                if lane not in lanes and len(ids) < limit:
                    ids.append(job_id)
                    lanes.update({lane} - {""})
    return ids


def lease() -> Leased | None:
    """Take the job that has been due for longest, or None. Costs one read when there is nothing to do."""
    if not due_ids(1):
        return None
    with writing(_CTX) as tx:
        return _take_first(tx)


def take(job_id: int) -> Leased | None:
    """Take this job, unless somebody has it, its lane is busy, or it is not due."""
    with writing(_CTX) as tx:
        return _take_first(tx, Job.id == job_id)


def _take_first(tx: Tx, *which: Any) -> Leased | None:
    now = clock.now()
    busy: list[str] = []
    for query in _due(tx.session):
        while True:
            free = or_(Job.lane == "", Job.lane.not_in(busy))
            job = tx.session.scalar(query.where(free, *which).limit(1).with_for_update(of=Job, skip_locked=True))
            if job is None:
                break
            if job.lane and not _lane_is_ours(tx.session, job, now):
                busy.append(job.lane)
                continue
            kind = KINDS.get(job.kind)
            if kind is not None and job.tries < kind.max_tries:
                return _take(tx.session, job, kind, now)
            _set_aside(tx.session, job, kind, now)
    return None


def _due(session: Session) -> Iterator[Any]:
    """First what dead workers left behind, then what is queued: two queries, for each to walk an index in order."""
    now = clock.now()
    other = aliased(Job)
    busy = select(other.lane).where(other.state == "running", other.lane != "", other.lease_until >= now)
    idle_lane = or_(Job.lane == "", Job.lane.not_in(busy))
    yield select(Job).where(Job.state == "running", Job.lease_until < now, idle_lane).order_by(Job.due_at, Job.id)
    due = Job.due_at <= clock.business_now()
    yield select(Job).where(Job.state == "queued", due, idle_lane).order_by(Job.due_at, Job.id)


def _lane_is_ours(session: Session, job: Job, now: datetime) -> bool:
    """On PostgreSQL two workers may look at one lane at the same moment: an advisory lock decides between them."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    if not session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtext(f"lane:{job.lane}")))):
        return False
    running = select(Job.id).where(
        Job.lane == job.lane, Job.state == "running", Job.lease_until >= now, Job.id != job.id
    )
    return session.scalar(running.limit(1)) is None


def _take(session: Session, job: Job, kind: Kind, now: datetime) -> Leased:
    job.state = "running"
    job.lease_until = now + kind.lease
    job.lease_token = secrets.token_hex(8)
    job.tries += 1
    session.flush()
    return Leased(job.id, job.kind, dict(job.args), job.lane, job.lease_token, job.tries)


def _set_aside(session: Session, job: Job, kind: Kind | None, now: datetime) -> None:
    """What can't be run here, or has ended its worker each time, is left to a person instead of running for ever."""
    job.lease_until, job.lease_token, job.finished_at = None, "", now
    if kind is None:
        job.state, job.error = "failed", f"no plugin or release here knows jobs of kind {job.kind!r}"
    else:
        job.state, job.error = "parked", f"its worker ended without an answer in the last of {job.tries} tries"
    session.flush()


def finish(leased: Leased, error: BaseException | None, *, take_next: bool = False) -> Leased | None:
    """Record how it went; in the same transaction take the next job (of the same lane), so that work has no pauses."""
    with writing(_CTX) as tx:
        job = tx.session.get(Job, leased.id, with_for_update=True)
        if job is not None and job.lease_token == leased.token and job.state == "running":
            _record(job, leased, error)
            tx.session.flush()
        if not take_next:
            return None
        return _take_first(tx, Job.lane == leased.lane) if leased.lane else _take_first(tx)


def _record(job: Job, leased: Leased, error: BaseException | None) -> None:
    job.lease_until, job.lease_token = None, ""
    if error is None:
        job.state, job.error, job.finished_at = "done", "", clock.now()
    elif isinstance(error, TryLater):
        job.state, job.due_at, job.error = "queued", error.at, error.why
        job.tries -= 1
    else:
        job.error = f"{type(error).__name__}: {error}"[:2000]
        if job.tries >= KINDS[leased.kind].max_tries:
            job.state, job.finished_at = "parked", clock.now()
        else:
            job.state, job.due_at = "queued", clock.business_now() + backoff(job.tries)


def extend(held: Iterable[Leased]) -> None:
    """Renew the leases of jobs that are being worked on."""
    with writing(_CTX) as tx:
        for job in held:
            until = clock.now() + KINDS[job.kind].lease
            tx.session.execute(_row_of(job).values(lease_until=until))


def give_back(held: Iterable[Leased]) -> None:
    """Queue again what this process holds and will not finish; the try does not count."""
    with writing(_CTX) as tx:
        for job in held:
            tx.session.execute(
                _row_of(job).values(state="queued", lease_until=None, lease_token="", tries=Job.tries - 1)
            )


def _row_of(held: Leased) -> Any:
    return update(Job).where(Job.id == held.id, Job.lease_token == held.token, Job.state == "running")


def give_back_all() -> int:
    """Queue again whatever is marked running: right at the start of the only process (embedded mode)."""
    with writing(_CTX) as tx:
        result = tx.session.execute(
            update(Job).where(Job.state == "running").values(state="queued", lease_until=None, lease_token="")
        )
        return int(result.rowcount)  # type: ignore[attr-defined]


def purge(before: datetime) -> int:
    """Delete jobs that were done before an instant; failed and parked ones stay until a person has dealt with them."""
    with writing(_CTX) as tx:
        return int(tx.session.execute(delete(Job).where(Job.state == "done", Job.finished_at < before)).rowcount)  # type: ignore[attr-defined]
