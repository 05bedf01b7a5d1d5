"""From the moment that it is paid for, it may be watched."""

from datetime import datetime

from sqlalchemy import select

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.entitlement import TRANSITIONS, Event, State, window
from billhead.domain.errors import InvalidInput
from billhead.domain.state import next_state
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.entitlements import Entitlement

__all__ = ["open_entitlement", "opened_by", "window_of"]


def window_of(plan: Plan) -> tuple[datetime, datetime]:
    """When it could be watched if it were paid now. Raises InvalidInput for an event that is over."""
    told = plan.details
    starts, ends = (datetime.fromisoformat(told[name]) if told.get(name) else None for name in ("starts", "ends"))
    return window(clock.business_now(), hours=int(told.get("hours") or 0), starts=starts, ends=ends)


def open_entitlement(tx: Tx, one: Entitlement, plan: Plan) -> None:
    """It is paid, or goes on the next invoice: its window opens."""
    one.valid_from, one.valid_until = window_of(plan)
    one.state = next_state(TRANSITIONS, State(one.state), Event.PAY).value
    tx.session.flush()
    data = {"entitlement_id": one.id, "subscription_id": one.subscription_id, "plan": plan.code}
    emit(tx, "entitlement.opened", f"subscription:{one.subscription_id}", data)


def opened_by(tx: Tx, invoice: Document) -> None:
    """Open what an invoice has paid for. An event that was over before its money came is given back by a job."""
    documents = [invoice.id, *([invoice.proforma_id] if invoice.proforma_id else [])]
    rows = tx.session.execute(
        select(Entitlement, Plan)
        .join(Plan, Plan.id == Entitlement.plan_id)
        .where(Entitlement.document_id.in_(documents), Entitlement.state == State.OFFERED.value)
        .with_for_update(of=Entitlement)
    ).all()
    for one, plan in rows:
        one.document_id = invoice.id
        try:
            open_entitlement(tx, one, plan)
        except InvalidInput:
            one.state = next_state(TRANSITIONS, State(one.state), Event.PAY).value
            args = {"entitlement_id": one.id, "reason": f"{plan.name} was over before it was paid"}
            enqueue(tx, "entitlements.refund_one", args, key=f"refund_one:{one.id}")
