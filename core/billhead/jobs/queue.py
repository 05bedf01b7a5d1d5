"""The leased job table: taking due jobs, keeping and finishing them, and giving back what is not finished.

A job runs at least once. Two workers never hold one job, nor two jobs of one lane: taking is a compare-and-set under
the writer's turn (SQLite), or under SKIP LOCKED and an advisory lock per lane (PostgreSQL). A worker whose lease has
run out records nothing any more, since its token no longer matches.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, Select, Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.bulk import rows_changed
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.jobs.kinds import KINDS, Kind, TryLater, backoff
from billhead.models.operations import Job, JobTry

__all__ = ["Leased", "due_ids", "extend", "finish", "give_back", "give_back_all", "lease", "purge", "take"]

_CTX = Context.system("jobs")
_SECRETS = re.compile(
    r"(?i)((?:password|passwd|token|secret|api_?key|authorization)['\"]?\s*[=:]\s*['\"]?|://[^\s/:@]+:)[^\s'\"&,;@)]+"
)


@dataclass(frozen=True, slots=True)
class Leased:
    id: int
    kind: str
    args: dict[str, Any]
    lane: str
    token: str
    tries: int


# A job costs a few short statements, so these are Core statements that are built once.
_job = cast(Table, Job.__table__)
_columns = _job.c
_other = _job.alias("other")
_busy_lanes = select(_other.c.lane).where(
    _other.c.state == "running", _other.c.lane != "", _other.c.lease_until >= bindparam("now")
)
_found = (
    select(_columns.id, _columns.kind, _columns.args, _columns.lane, _columns.tries)
    .where(or_(_columns.lane == "", _columns.lane.not_in(_busy_lanes)))
    .order_by(_columns.due_at, _columns.id)
)
_EXPIRED = _found.where(_columns.state == "running", _columns.lease_until < bindparam("now"))
_QUEUED = _found.where(_columns.state == "queued", _columns.due_at <= bindparam("business_now"))
_DUE = (_EXPIRED, _QUEUED)  # two queries, for each to walk an index in order
_THIS_ONE = tuple(query.where(_columns.id == bindparam("job_id")) for query in _DUE)
_IN_LANE = (_QUEUED.where(_columns.lane == bindparam("this_lane")),)

_TAKE = (
    update(_job)
    .where(_columns.id == bindparam("job_id"))
    .values(
        state="running",
        tries=bindparam("new_tries"),
        lease_until=bindparam("until"),
        lease_token=bindparam("token"),
    )
)
_TRIED = insert(cast(Table, JobTry.__table__))
_HELD = update(_job).where(
    _columns.id == bindparam("job_id"), _columns.lease_token == bindparam("token"), _columns.state == "running"
)
_LET_GO: dict[str, Any] = {"lease_until": None, "lease_token": ""}


def _now() -> dict[str, datetime]:
    return {"now": clock.now(), "business_now": clock.business_now()}


def due_ids(limit: int) -> list[int]:
    """Jobs that could be taken now, one of each lane, the longest due first. Takes none, so that nothing is lost."""
    ids: list[int] = []
    lanes: set[str] = set()
    with reading() as session:
        for query in _DUE:
            for job in session.execute(query.limit(limit * 4), _now()):
                if job.lane not in lanes and len(ids) < limit:
                    ids.append(job.id)
                    lanes.update({job.lane} - {""})
    return ids


def lease() -> Leased | None:
    """Take the job that has been due for longest, or None. Costs one read when there is nothing to do."""
    if not due_ids(1):
        return None
    with writing(_CTX) as tx:
        return _take_first(tx, _DUE)


def take(job_id: int) -> Leased | None:
    """Take this job, unless somebody has it, its lane is busy, or it is not due."""
    with writing(_CTX) as tx:
        return _take_first(tx, _THIS_ONE, job_id=job_id)


def _take_first(tx: Tx, queries: Iterable[Select[Any]], **which: Any) -> Leased | None:
    now = _now()
    is_postgresql = tx.session.get_bind().dialect.name == "postgresql"
    busy: list[str] = []
    for query in queries:
        first = query.limit(1).with_for_update(of=_job, skip_locked=True)
        while True:
            free = first.where(or_(_columns.lane == "", _columns.lane.not_in(busy))) if busy else first
            job = tx.session.execute(free, {**now, **which}).first()
            if job is None:
                break
            if is_postgresql and job.lane and not _lane_is_ours(tx.session, job, now["now"]):
                busy.append(job.lane)
                continue
            kind = KINDS.get(job.kind)
            if kind is not None and job.tries < kind.max_tries:
                return _take(tx.session, job, kind, now["now"])
            _set_aside(tx.session, job, kind, now["now"])
    return None


def _lane_is_ours(session: Session, job: Row[Any], now: datetime) -> bool:
    """On PostgreSQL two workers may look at one lane at the same moment: an advisory lock decides between them."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtext(f"lane:{job.lane}")))):
        return False
    running = _busy_lanes.where(_other.c.lane == bindparam("lane"), _other.c.id != bindparam("job_id")).limit(1)
    return session.execute(running, {"now": now, "lane": job.lane, "job_id": job.id}).first() is None


def _take(session: Session, job: Row[Any], kind: Kind, now: datetime) -> Leased:
    leased = Leased(job.id, job.kind, dict(job.args), job.lane, secrets.token_hex(8), job.tries + 1)
    values = {"job_id": job.id, "new_tries": leased.tries, "until": now + kind.lease, "token": leased.token}
    session.execute(_TAKE, values)
    return leased


def _set_aside(session: Session, job: Row[Any], kind: Kind | None, now: datetime) -> None:
    """What can't be run here, or has ended its worker each time, is left to a person instead of running for ever."""
    if kind is None:
        state, error = "failed", f"no plugin or release here knows jobs of kind {job.kind!r}"
    else:
        state, error = "parked", f"its worker ended without an answer in the last of {job.tries} tries"
    values = {**_LET_GO, "state": state, "error": error, "finished_at": now}
    session.execute(update(_job).where(_columns.id == job.id).values(values))


def finish(leased: Leased, error: BaseException | None, *, take_next: bool = False) -> Leased | None:
    """Record how it went; in the same transaction take the next job (of the same lane), so that work has no pauses."""
    with writing(_CTX) as tx:
        outcome = {**_LET_GO, **outcome_of(leased, error)}
        tx.session.execute(_HELD.values(outcome), {"job_id": leased.id, "token": leased.token})
        if error is not None and not isinstance(error, TryLater):
            tried = {"job_id": leased.id, "number": leased.tries, "at": clock.now(), "error": outcome["error"]}
            tx.session.execute(_TRIED, tried)
        if not take_next:
            return None
        return _take_first(tx, _IN_LANE, this_lane=leased.lane) if leased.lane else _take_first(tx, _DUE)


def outcome_of(leased: Leased, error: BaseException | None) -> dict[str, Any]:
    if error is None:
        return {"state": "done", "error": "", "finished_at": clock.now()}
    if isinstance(error, TryLater):
        return {"state": "queued", "due_at": error.at, "error": error.why, "tries": leased.tries - 1}
    said = _without_secrets(f"{type(error).__name__}: {error}")[:2000]
    if leased.tries >= KINDS[leased.kind].max_tries:
        return {"state": "parked", "error": said, "finished_at": clock.now()}
    return {"state": "queued", "error": said, "due_at": clock.business_now() + backoff(leased.tries)}


def _without_secrets(text: str) -> str:
    """What broke may quote an address or a statement with a password in it; staff read this text."""
    return _SECRETS.sub(lambda found: f"{found[1]}…", text)


def extend(held: Iterable[Leased]) -> None:
    """Renew the leases of jobs that are being worked on."""
    with writing(_CTX) as tx:
        for job in held:
            until = clock.now() + KINDS[job.kind].lease
            tx.session.execute(_HELD.values(lease_until=until), {"job_id": job.id, "token": job.token})


def give_back(held: Iterable[Leased]) -> None:
    """Queue again what this process holds and will not finish; the try does not count."""
    with writing(_CTX) as tx:
        for job in held:
            values = {**_LET_GO, "state": "queued", "tries": job.tries - 1}
            tx.session.execute(_HELD.values(values), {"job_id": job.id, "token": job.token})


def give_back_all() -> int:
    """Queue again whatever is marked running: right at the start of the only process (embedded mode)."""
    with writing(_CTX) as tx:
        running = update(_job).where(_columns.state == "running")
        return rows_changed(tx.session, running.values(_LET_GO | {"state": "queued"}))


def purge(before: datetime) -> int:
    """Delete jobs that were done before an instant; failed and parked ones stay until a person has dealt with them."""
    with writing(_CTX) as tx:
        gone = rows_changed(tx.session, delete(Job).where(Job.state == "done", Job.finished_at < before))
        tx.session.execute(delete(JobTry).where(JobTry.at < before, JobTry.job_id.not_in(select(Job.id))))
        return gone
