"""The next step of an erasure that is due: lines are ended, then everything of the person is deleted or written over.

Each step is a transaction, and each may be done again: a process that dies in between loses nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from billhead import clock
from billhead.actions.documents._moving import moved
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments.forget_method import forget_method
from billhead.actions.privacy._logins import open_logins, shut_logins
from billhead.actions.privacy._rows import erase_table, ordered, theirs
from billhead.actions.privacy._standing import BLOCKERS, LEAVES, blockers
from billhead.actions.privacy._traces import erase_traces, person_of
from billhead.actions.scheduling import enqueue
from billhead.actions.subscriptions._money_rule import money_rule
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.verb import audit
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.document import Event, Kind, ProformaEvent, ProformaState
from billhead.domain.errors import BillheadError, Conflict
from billhead.domain.privacy import OPEN, ErasureState
from billhead.domain.subscription import State as Life
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.payments import GatewayAccount, PaymentAttempt, PaymentMethod
from billhead.models.people import Customer
from billhead.models.privacy import ErasureRequest
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import gateway_abilities

__all__ = ["Erasure", "erase_customer"]

_LOOKS_AGAIN = timedelta(days=1)
_SOON = timedelta(minutes=10)
_WAITS_FOR_PANELS = timedelta(days=7)
_WAITS_FOR_MAIL = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Erasure:
    """`again_at`: when to go on, None when there is nothing left to do; `said`: what is waited for."""

    state: str
    said: str = ""
    again_at: datetime | None = None


def erase_customer(ctx: Context, erasure_id: int) -> Erasure:
    with writing(ctx) as tx:
        stands = _begin(tx, erasure_id)
    if stands is not None:
        return stands
    with reading() as session:
        row = session.get_one(ErasureRequest, erasure_id)
        who = person_of(session, row.customer_id)
    with writing(ctx) as tx:
        figures = {name: count for name, count in erase_traces(tx, who).items() if count}
    for name in ordered():
        if name != "customer":
            with writing(ctx) as tx:
                count = erase_table(tx, name, row.customer_id)
            if count:
                figures[name] = count
    with writing(ctx) as tx:
        _finish(tx, erasure_id, figures)
    return Erasure(ErasureState.DONE.value)


def _begin(tx: Tx, erasure_id: int) -> Erasure | None:
    """None: everything is ended, and nothing stands against erasing what is left."""
    row = tx.session.get(ErasureRequest, erasure_id, with_for_update=True)
    if row is None or row.state not in OPEN:
        return Erasure(row.state if row is not None else "")
    now = clock.business_now()
    if now < row.due_at:
        return Erasure(row.state, "it is not due", row.due_at)
    against = _against(tx, row)
    if against:
        return _stop(tx, row, against, now)
    if row.state != ErasureState.ENDING.value:
        try:
            with tx.session.begin_nested():
                _end(tx, row.customer_id)
        except BillheadError as refused:
            return _stop(tx, row, refused.message, now)
        against = _against(tx, row)
        if against:  # money that is on its way back
            return _stop(tx, row, against, now)
        shut_logins(tx, row)
        row.state, row.said = ErasureState.ENDING.value, ""
        queue_notice(tx, row.customer_id, "erasing", f"erasing:{row.id}", {"erasure_id": row.id})
        return Erasure(row.state, "lines are being ended", now + _SOON)
    waits, until = _waits_for(tx, row)
    row.said = waits
    if waits and now < until:
        return Erasure(row.state, waits, now + _SOON)
    _call_off_notices(tx, row.customer_id)
    return None


def _against(tx: Tx, row: ErasureRequest) -> str:
    return "; ".join(BLOCKERS[one.code] for one in blockers(tx.session, row.customer_id, ends_lines=row.ends_lines))


def _stop(tx: Tx, row: ErasureRequest, said: str, now: datetime) -> Erasure:
    """Told once, and again when something else stands against it. Whoever is to settle it can sign in."""
    open_logins(tx, row)
    if (row.state, row.said) != (ErasureState.BLOCKED.value, said):
        key = f"erasure_blocked:{row.id}:{now.date().isoformat()}"
        queue_notice(tx, row.customer_id, "erasure_blocked", key, {"erasure_id": row.id})
    row.state, row.said = ErasureState.BLOCKED.value, said
    return Erasure(row.state, said, now + _LOOKS_AGAIN)


def _end(tx: Tx, customer_id: int) -> None:
    """Nothing renews, nothing is charged, nothing can be paid any more. Paid time that the plan gives money for goes
    back to where it came from. Raises Conflict where credit or a debt would be left: nobody could settle that."""
    session = tx.session
    running = select(Subscription.id).where(
        Subscription.customer_id == customer_id, Subscription.state != Life.CANCELED.value
    )
    for subscription_id in session.scalars(running.order_by(Subscription.id)).all():
        gives = money_rule(tx, session.get_one(Subscription, subscription_id)) != "nothing"
        cancel(tx, subscription_id, "immediate", money="refund" if gives else "nothing")
    if any(one.code in LEAVES for one in blockers(session, customer_id)):
        raise Conflict(BLOCKERS["leaves"])
    methods = select(PaymentMethod.id).where(PaymentMethod.customer_id == customer_id, PaymentMethod.token != "")
    for method_id in session.scalars(methods).all():
        forget_method(tx, method_id)
    _forget_payer(tx, customer_id)
    offers = select(Document).where(
        Document.customer_id == customer_id,
        Document.kind == Kind.PROFORMA.value,
        Document.state.in_([ProformaState.OPEN.value, ProformaState.EXPIRED.value]),
    )
    for offer in session.scalars(offers):
        moved(offer, Event.VOID, ProformaEvent.VOID)
    session.flush()


def _forget_payer(tx: Tx, customer_id: int) -> None:
    """Where they have paid, by jobs: this transaction asks nobody."""
    paid_with = select(PaymentAttempt.account_id).where(PaymentAttempt.customer_id == customer_id)
    accounts = select(GatewayAccount).where(GatewayAccount.id.in_(paid_with)).order_by(GatewayAccount.id)
    for account in tx.session.scalars(accounts):
        if gateway_abilities(account.gateway).forget:
            args = {"customer_id": customer_id, "account_id": account.id}
            enqueue(tx, "payments.forget_payer", args, key=f"forget_payer:{customer_id}:{account.id}")


def _waits_for(tx: Tx, row: ErasureRequest) -> tuple[str, datetime]:
    """Lines that still stand on a panel are taken off by their login; and the last mail is sent. The second: until when
    that is waited for."""
    session = tx.session
    standing = select(func.count()).where(theirs("service", row.customer_id), Service.lifecycle != "gone")
    lines = int(session.scalar(standing.select_from(Service)) or 0)
    if lines:
        return f"lines that still stand on a panel: {lines}", row.due_at + _WAITS_FOR_PANELS
    sending = Notice.customer_id == row.customer_id, Notice.state.in_(["queued", "sending"])
    mails = int(session.scalar(select(func.count()).select_from(Notice).where(*sending)) or 0)
    return (f"messages that are still to be sent: {mails}" if mails else ""), row.due_at + _WAITS_FOR_MAIL


def _call_off_notices(tx: Tx, customer_id: int) -> None:
    waiting = update(Notice).where(theirs("notice", customer_id), Notice.state.in_(["queued", "held"]))
    tx.session.execute(waiting.values(state="rejected"))


def _finish(tx: Tx, erasure_id: int, figures: dict[str, Any]) -> None:
    row = tx.session.get_one(ErasureRequest, erasure_id, with_for_update=True)
    erase_table(tx, "customer", row.customer_id)
    customer = tx.session.get_one(Customer, row.customer_id, with_for_update=True, populate_existing=True)
    customer.erased_at = clock.now()
    row.state, row.finished_at = ErasureState.DONE.value, clock.now()
    row.figures = {**row.figures, "rows": figures}
    emit(tx, "customer.erased", f"customer:{customer.id}", {"customer_id": customer.id})
    audit(tx, "privacy.erased", f"customer:{customer.id}", {"erasure_id": row.id, "rows": figures})
