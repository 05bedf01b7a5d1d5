"""What a paid invoice gives: the lines run longer. For all paid invoices of a batch at once."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.bulk import Bulk, among
from billhead.domain.periods import start_of_day
from billhead.models.operations import Job
from billhead.models.subscriptions import Service

__all__ = ["Extension", "extend_lines", "panel_expiry"]

_JOB = ("kind", "args", "key", "lane", "state", "due_at", "tries", "lease_token", "error", "progress", "created_at")


class Extension(NamedTuple):
    """Until when the panels let somebody watch, and whether that is a trial."""

    expires_at: datetime
    trial: bool


@lru_cache(maxsize=4096)
def panel_expiry(paid_through: date, zone: str, grace_hours: int) -> datetime:
    """Until when a panel lets somebody watch: the start of the first unpaid day there, and the seller's grace."""
    return start_of_day(paid_through, zone) + timedelta(hours=grace_hours)


def extend_lines(session: Session, bulk: Bulk, extensions: Mapping[int, Extension]) -> int:
    """Let the wanted services of these subscriptions run until then and queue their convergence; returns how many."""
    wanted = select(Service.id, Service.subscription_id, Service.panel_id).where(
        among(Service.subscription_id, extensions, session),
        Service.lifecycle == "wanted",
        Service.in_review.is_(False),  # given when its order is approved
    )
    rows = session.connection().execute(wanted).all()
    changes = []
    for service_id, subscription_id, _ in rows:
        extension = extensions[subscription_id]
        changes.append((bulk.instant(extension.expires_at), int(extension.trial), service_id))
    columns = {"desired_expires_at": "timestamptz", "trial": "boolean"}
    bulk.update("service", columns, changes, also="desired_version = desired_version + 1, sync = 'pending'")
    keys = [f"converge:{service_id}" for service_id, _, _ in rows]
    queued = set(session.scalars(select(Job.key).where(among(Job.key, keys, session), Job.state == "queued")))
    due_at, now = bulk.instant(clock.business_now()), bulk.instant(clock.now())
    jobs = [
        ("provisioning.converge", f'{{"service_id": {service_id}}}', key, f"panel:{panel_id}")
        for (service_id, _, panel_id), key in zip(rows, keys, strict=True)
        if key not in queued
    ]
    bulk.insert("job", _JOB, [(*job, "queued", due_at, 0, "", "", "{}", now) for job in jobs])
    return len(rows)
