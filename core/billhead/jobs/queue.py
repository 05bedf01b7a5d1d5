"""The leased job table: taking due jobs, finishing them, and giving back what a dead worker held.

A job runs at least once. Two workers never hold one job: taking is a compare-and-set under the writer lock (SQLite) or
SKIP LOCKED (PostgreSQL), and a worker whose lease ran out can't record anything, since its token no longer matches.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from billhead import clock
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.jobs.kinds import KINDS, Kind, TryLater, backoff
from billhead.models.operations import Job

__all__ = ["Leased", "finish", "give_back_all", "lease", "purge"]

_CTX = Context.system("jobs")


@dataclass(frozen=True, slots=True)
class Leased:
    id: int
    kind: str
    args: dict[str, Any]
    lane: str
    token: str
    tries: int


def lease(limit: int) -> list[Leased]:
    """Take up to `limit` due jobs, at most one per lane and none from a lane that is busy."""
    with reading() as session:
        if session.scalars(_due(session, clock.now(), 1, None)).first() is None:
            return []
    with writing(_CTX) as tx:
        return _lease(tx, limit, None)


def _lease(tx: Tx, limit: int, lane: str | None) -> list[Leased]:
    session, now = tx.session, clock.now()
    jobs = session.scalars(_due(session, now, limit, lane).with_for_update(of=Job, skip_locked=True)).all()
    leased: list[Leased] = []
    lanes: set[str] = set()
    for job in jobs:
        kind = KINDS.get(job.kind)
        if kind is None:
            job.state, job.error = "failed", f"no plugin or release here knows jobs of kind {job.kind!r}"
            continue
        if job.lane and (job.lane in lanes or not _lane_free(session, job.lane, now)):
            continue
        lanes.add(job.lane)
        leased.append(_take(job, kind, now))
        if len(leased) == limit:
            break
    return leased


def _due(session: Session, now: datetime, limit: int, lane: str | None) -> Any:
    busy = aliased(Job)
    due = or_(
        and_(Job.state == "queued", Job.due_at <= clock.business_now()),
        and_(Job.state == "running", Job.lease_until < now),
    )
    lane_is_busy = exists().where(
        busy.lane == Job.lane, busy.state == "running", busy.lease_until >= now, busy.id != Job.id
    )
    query = select(Job).where(due, or_(Job.lane == "", ~lane_is_busy)).order_by(Job.due_at, Job.id).limit(limit * 4)
    if lane is not None:
        query = query.where(Job.lane == lane)
    return query


def _lane_free(session: Session, lane: str, now: datetime) -> bool:
    """On PostgreSQL two workers may look at one lane at the same moment: an advisory lock decides between them."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    if not session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtext(f"lane:{lane}")))):
        return False
    running = select(Job.id).where(Job.lane == lane, Job.state == "running", Job.lease_until >= now)
    return session.scalar(running) is None


def _take(job: Job, kind: Kind, now: datetime) -> Leased:
    job.state = "running"
    job.lease_until = now + kind.lease
    job.lease_token = secrets.token_hex(8)
    job.tries += 1
    return Leased(job.id, job.kind, dict(job.args), job.lane, job.lease_token, job.tries)


def finish(leased: Leased, error: BaseException | None, *, take_next: bool = False) -> list[Leased]:
    """Record how it went; in the same transaction take the next job (of the same lane), so that work has no pauses."""
    with writing(_CTX) as tx:
        job = tx.session.get(Job, leased.id)
        if job is not None and job.lease_token == leased.token and job.state == "running":
            _record(job, leased, error)
            tx.session.flush()
        return _lease(tx, 1, leased.lane or None) if take_next else []


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


def give_back_all() -> int:
    """Queue again whatever is marked running: right at the start of the only process (embedded mode)."""
    with writing(_CTX) as tx:
        result = tx.session.execute(
            update(Job).where(Job.state == "running").values(state="queued", lease_until=None, lease_token="")  # noqa: S106
        )
        return int(result.rowcount)  # type: ignore[attr-defined]


def purge(before: datetime) -> int:
    """Delete jobs that were done before an instant; failed and parked ones stay until a person has dealt with them."""
    with writing(_CTX) as tx:
        return int(tx.session.execute(delete(Job).where(Job.state == "done", Job.finished_at < before)).rowcount)  # type: ignore[attr-defined]
