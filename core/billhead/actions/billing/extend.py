"""What a paid invoice gives: the lines run longer. Many at once, for the run; one, for a payment."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing.among import among
from billhead.actions.billing.bulk import Bulk
from billhead.db import Tx
from billhead.domain.periods import start_of_day
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Job
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription

__all__ = ["extend_lines", "grant_paid_time", "panel_expiry"]

_JOB = ("kind", "args", "key", "lane", "state", "due_at", "tries", "lease_token", "error", "progress", "created_at")


@lru_cache(maxsize=4096)
def panel_expiry(paid_through: date, zone: str, grace_hours: int) -> datetime:
    """Until when a panel lets somebody watch: the start of the first unpaid day there, and the seller's grace."""
    return start_of_day(paid_through, zone) + timedelta(hours=grace_hours)


def extend_lines(session: Session, bulk: Bulk, expiries: Mapping[int, datetime]) -> int:
    """Let the wanted services of these subscriptions run until then and queue their convergence; returns how many."""
    rows = session.execute(
        select(Service.id, Service.subscription_id, Service.panel_id).where(
            among(Service.subscription_id, expiries, session), Service.lifecycle == "wanted"
        )
    ).all()
    bulk.update(
        "service",
        {"desired_expires_at": "timestamptz"},
        [(bulk.instant(expiries[subscription_id]), service_id) for service_id, subscription_id, _ in rows],
        also=f"desired_version = desired_version + 1, sync = 'pending', trial = {bulk.false}",
    )
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


def grant_paid_time(tx: Tx, document_id: int) -> None:
    """A document's invoice has become paid: its subscription is paid through the end of its last period, and runs.

    For whoever books a payment (settle, a transfer, credit). Does nothing for documents without a period, and never
    shortens what was paid before.
    """
    session = tx.session
    session.flush()
    document = session.get_one(Document, document_id)
    if document.subscription_id is None:
        return
    end = session.scalar(select(func.max(DocumentLine.period_end)).where(DocumentLine.document_id == document_id))
    subscription = session.get_one(Subscription, document.subscription_id)
    if end is None or (subscription.paid_through is not None and subscription.paid_through >= end):
        return
    subscription.paid_through = end
    subscription.version += 1
    until = subscription.next_bill_on if subscription.timing == "arrears" else end
    seller = session.get_one(Seller, subscription.seller_id)
    expiry = panel_expiry(until or end, subscription.zone, seller.grace_hours)
    extend_lines(session, Bulk(session), {subscription.id: expiry})
    session.expire_all()
