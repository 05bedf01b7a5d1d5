"""From the moment that it is paid for, it may be watched."""

from datetime import datetime

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.entitlements._open_windows import queue_window
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
    queue_window(tx, one)
    data = {"entitlement_id": one.id, "subscription_id": one.subscription_id, "plan": plan.code}
    emit(tx, "entitlement.opened", f"subscription:{one.subscription_id}", data)


def opened_by(tx: Tx, invoice: Document) -> None:
    """Open what an invoice has paid for. What can't be watched by it is given back by a job: an event that was over
    before its money came, and one that was paid twice."""
    documents = [invoice.id, *([invoice.proforma_id] if invoice.proforma_id else [])]
    mine = Entitlement.document_id.in_(documents), Entitlement.state == State.OFFERED.value
    paid = tx.session.execute(
        select(Entitlement.id, Entitlement.subscription_id, Entitlement.plan_id).where(*mine).order_by(Entitlement.id)
    ).all()
    if not paid:
        return
    _lock_all_of(tx, {(subscription_id, plan_id) for _, subscription_id, plan_id in paid})
    for key, _, plan_id in paid:
        one, plan = tx.session.get_one(Entitlement, key, populate_existing=True), tx.session.get_one(Plan, plan_id)
        if one.state == State.OFFERED:
            one.document_id = invoice.id
            _open_or_return(tx, one, plan)


def _lock_all_of(tx: Tx, bought: set[tuple[int, int]]) -> None:
    """Two payments for the same event wait for each other here."""
    tx.session.flush()
    whose = or_(*[(Entitlement.subscription_id == one) & (Entitlement.plan_id == plan) for one, plan in bought])
    tx.session.execute(select(Entitlement.id).where(whose).order_by(Entitlement.id).with_for_update()).all()


def _open_or_return(tx: Tx, one: Entitlement, plan: Plan) -> None:
    if plan.kind == "ppv" and _has_another(tx, one):
        _give_back_later(tx, one, f"{plan.name} was bought already")
        return
    try:
        open_entitlement(tx, one, plan)
    except InvalidInput:
        _give_back_later(tx, one, f"{plan.name} was over before it was paid")


def _has_another(tx: Tx, one: Entitlement) -> bool:
    another = select(Entitlement.id).where(
        Entitlement.subscription_id == one.subscription_id,
        Entitlement.plan_id == one.plan_id,
        Entitlement.id != one.id,
        Entitlement.state == State.ACTIVE.value,
        Entitlement.valid_from.is_not(None),  # else it is on its way back itself
    )
    return tx.session.scalar(another.limit(1)) is not None


def _give_back_later(tx: Tx, one: Entitlement, reason: str) -> None:
    one.state = next_state(TRANSITIONS, State(one.state), Event.PAY).value
    tx.session.flush()
    enqueue(tx, "entitlements.refund_one", {"entitlement_id": one.id, "reason": reason}, key=f"refund_one:{one.id}")
