"""Subscriptions and their lines: found, looked at, suspended, restored, canceled; and what the customer watches by."""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.access.see_access import see_access
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.lift_suspension import lift_suspension
from billhead.actions.subscriptions.renew_now import renew_now
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import Tx, reading, writing
from billhead.domain.subscription import SuspendedBy
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.web.admin.area import found
from billhead.web.admin.subscriptions import SUBSCRIPTIONS
from billhead.web.api_staff.asking import REASON, amount, api_staff, day, instant, listed, needing, typed
from billhead.web.programs import acting, asker, fields, text

__all__ = ["ADDRESS"]

ADDRESS = ("login", "password", "mac", "portal_url", "server_url", "m3u_url", "epg_url", "receiver_url")


@api_staff.get("/subscriptions")
@allow("anyone")
def subscriptions() -> ResponseReturnValue:
    with reading() as session:
        return listed(SUBSCRIPTIONS, session, _told)


def _told(row: Any) -> dict[str, object]:
    return {
        "id": row.id,
        "customer": row.customer_id,
        "plan": row.plan_code,
        "term": row.term,
        "state": row.state,
        "collection": row.collection,
        "paid_through": day(row.paid_through),
        "next_bill_on": day(row.next_bill_on),
        "reference": row.external_ref,
    }


@api_staff.get("/subscriptions/<int:key>")
@allow("anyone")
def subscription(key: int) -> ResponseReturnValue:
    with reading() as session:
        return _one(session, key)


def _one(session: Session, key: int) -> dict[str, object]:
    row = found(session, Subscription, key, "subscription")
    listed_row = session.execute(SUBSCRIPTIONS.query.where(Subscription.id == key)).one()
    lines = session.scalars(select(Service).where(Service.subscription_id == key).order_by(Service.id))
    more = {
        "suspended_by": row.suspended_for or None,
        "ends_on": day(row.service_ends_on),
        "auto_renew": row.collection == "auto",
        "currency": row.currency,
        "lines": [_line(line) for line in lines],
    }
    return _told(listed_row) | more


def _line(line: Service) -> dict[str, object]:
    return {
        "id": line.id,
        "panel": line.panel_id,
        "kind": line.kind,
        "login": line.login,
        "mac": line.mac,
        "lifecycle": line.lifecycle,
        "sync": line.sync,
        "error": line.sync_error,
        "blocked": line.desired_blocked,
        "runs_to": instant(line.desired_expires_at),
    }


@api_staff.post("/subscriptions/<int:key>/suspend")
@allow("anyone")
def suspend_subscription(key: int) -> ResponseReturnValue:
    with acting(**fields(REASON, ("reason",))) as tx:
        suspend(tx, key, SuspendedBy.STAFF.value)
        return _one(tx.session, key)


@api_staff.post("/subscriptions/<int:key>/restore")
@allow("anyone")
def restore_subscription(key: int) -> ResponseReturnValue:
    """Whatever had stopped it, as the button of the admin area."""
    with acting(**fields(REASON, ("reason",))) as tx:
        lift_suspension(tx, key)
        return _one(tx.session, key)


@api_staff.post("/subscriptions/<int:key>/renew")
@allow("anyone")
def renew_subscription(key: int) -> ResponseReturnValue:
    """`offered`: the proforma stood open already."""
    with acting(**fields(REASON, ("reason",))) as tx:
        found(tx.session, Subscription, key, "subscription")
        made = renew_now(tx, key)
    return {"id": key, "document": made.document_id, "offered": made.offered}


@api_staff.post("/subscriptions/<int:key>/cancel")
@allow("anyone")
def cancel_subscription(key: int) -> ResponseReturnValue:
    """`policy`, `on` and `money` as `cancel` takes them; `came_back` is what is credited or refunded."""
    needing("subscriptions.write")
    told = fields(REASON | {"policy": text(20), "on": typed, "money": text(20)}, ("reason", "policy"))
    with acting(told["reason"]) as tx:
        currency = found(tx.session, Subscription, key, "subscription").currency
        done = cancel(tx, key, told["policy"], on=told.get("on"), money=told.get("money", ""))
    return {"id": key, "ends_on": done.ends_on, "came_back": amount(max(-done.total_minor, 0), currency)}


@api_staff.get("/subscriptions/<int:key>/access")
@allow("anyone")
def access(key: int) -> ResponseReturnValue:
    """Addresses and passwords; each look stands in the audit trail."""
    with writing(asker()) as tx:
        found(tx.session, Subscription, key, "subscription")
        wanted = Service.subscription_id == key, Service.lifecycle == "wanted"
        lines = tx.session.execute(select(Service.id, Service.kind).where(*wanted).order_by(Service.id)).all()
        return {"lines": [{"id": line.id, "kind": line.kind, **_address(tx, line.id)} for line in lines]}


def _address(tx: Tx, service_id: int) -> dict[str, object]:
    seen = see_access(tx, service_id).access
    return {name: getattr(seen, name) or None for name in ADDRESS}
