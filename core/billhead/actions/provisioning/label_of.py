"""The word for a service on every screen: derived from the row, never stored."""

from datetime import datetime

from billhead import clock
from billhead.domain.service import Label, Seen, State, Work, label
from billhead.models.subscriptions import Service

__all__ = ["label_of"]


def label_of(service: Service) -> Label:
    """A line whose time is over counts as blocked: that is what the viewer meets."""
    now = clock.business_now()
    over = service.desired_expires_at is not None and service.desired_expires_at <= now
    return label(
        State(service.lifecycle), blocked=service.desired_blocked or over, seen=_seen(service, now), work=_work(service)
    )


def _seen(service: Service, now: datetime) -> Seen:
    if service.observed_at is None:
        return Seen.NEVER
    if not service.observed:
        return Seen.ABSENT
    expires = service.observed.get("expires_at")
    over = isinstance(expires, str) and datetime.fromisoformat(expires) <= now
    return Seen.BLOCKED if service.observed.get("blocked") or over else Seen.OPEN


def _work(service: Service) -> Work:
    if service.sync == "unknown":
        return Work.UNKNOWN
    if service.sync in ("failed", "impossible"):
        return Work.FAILED
    waits = service.converged_version < service.desired_version and service.desired_expires_at is not None
    return Work.QUEUED if waits else Work.NONE
