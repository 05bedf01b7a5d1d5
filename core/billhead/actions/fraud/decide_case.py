"""Staff decide about an order that is held: it goes on, or it ends and its money goes back."""

from dataclasses import dataclass, replace

from sqlalchemy import select

from billhead import clock
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.events import emit
from billhead.actions.fraud._releasing import give_waited, release
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._order_gone import give_back_short
from billhead.actions.subscriptions._offers import subscription_to_end
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.fraud import CaseState
from billhead.domain.subscription import State
from billhead.models.documents import Document, DocumentLine
from billhead.models.fraud import FraudCase
from billhead.models.subscriptions import Subscription

__all__ = ["DECISIONS", "Decided", "decide_case"]

DECISIONS = ("approve", "refuse")

_WITH_MONEY = ("final", "partly_paid", "paid")


@dataclass(frozen=True, slots=True)
class Decided:
    """`days` that the order waited after it was paid are given to it; `refunded_minor` is on its way back, and
    `credited_minor` became credit because nobody can send it back."""

    case_id: int
    state: str
    days: int = 0
    refunded_minor: int = 0
    credited_minor: int = 0


@verb("fraud.decide_case", permission="fraud.review")
def decide_case(tx: Tx, case_id: int, decision: str, reason: str) -> Decided:
    """Once. Raises NotFound, InvalidInput (no reason), or Conflict for what is decided already."""
    if decision not in DECISIONS:
        raise InvalidInput("decision", f"{decision!r} is not one of {', '.join(DECISIONS)}")
    if not reason.strip():
        raise InvalidInput("reason", "is needed: colleagues read it beside the decision")
    found = tx.session.get(FraudCase, case_id)
    if found is None:
        raise NotFound("case", case_id)
    subscription = None
    if found.subscription_id is not None:  # its offers and it first, as whoever cancels it
        subscription = subscription_to_end(tx, found.subscription_id)
    case = tx.session.get_one(FraudCase, case_id, with_for_update=True, populate_existing=True)
    if case.state != CaseState.REVIEW or subscription is None:
        raise Conflict(f"there is nothing to decide: the order was {case.state}", code="decided")
    state = CaseState.APPROVED if decision == "approve" else CaseState.REJECTED
    case.state, case.decision = state.value, reason.strip()[:500]
    case.decided_at, case.decided_by = clock.business_now(), tx.ctx.actor
    record(tx, subscription, f"order_{state.value}", clock.today_in(subscription.zone), case_id=case.id)
    tx.session.flush()
    done = _go_on(tx, case, subscription) if decision == "approve" else _end(tx, case, subscription)
    data = {"case_id": case.id, "customer_id": case.customer_id, "subscription_id": subscription.id}
    emit(tx, f"order.{state.value}", f"customer:{case.customer_id}", data)
    audit(tx, f"fraud.{decision}", f"subscription:{subscription.id}", {"case_id": case.id, "days": done.days})
    return done


def _go_on(tx: Tx, case: FraudCase, subscription: Subscription) -> Decided:
    """The line gets what is paid, and the days that it waited. One that runs already, because its card was told of
    late, has its time."""
    if not release(tx, subscription):
        return Decided(case.id, case.state)
    return Decided(case.id, case.state, days=give_waited(tx, subscription))


def _end(tx: Tx, case: FraudCase, subscription: Subscription) -> Decided:
    """Whoever may decide this may do all of it: no other permission is asked for."""
    may = replace(tx.ctx, permissions=tx.ctx.permissions | {"subscriptions.write", "money.correct"})
    within = Tx(replace(may, idempotency_key=None), tx.session)
    refunded = credited = 0
    for invoice_id, corrections in _to_give_back(tx, subscription.id):
        try:
            note = issue_credit_note(within, invoice_id, corrections, reason="The order was not taken.", way="refund")
        except Conflict as refused:
            if refused.code != "nothing_left":  # else somebody has given it back already
                raise
            continue
        refunded, credited = refunded + note.refunded, credited + note.credited
    if subscription.state != State.CANCELED:
        ends = clock.today_in(subscription.zone).isoformat()
        # under the key of the notice that tells of a cancellation, so that this one goes out in its stead
        shown = {"subscription_id": subscription.id}
        queue_notice(tx, case.customer_id, "order_refused", f"canceled:{subscription.id}:{ends}", shown)
        cancel(within, subscription.id, "immediate", money="nothing")
    tx.session.flush()
    short = give_back_short(within, subscription.id)
    return Decided(case.id, case.state, refunded_minor=refunded + short, credited_minor=credited)


def _to_give_back(tx: Tx, subscription_id: int) -> list[tuple[int, list[Correction]]]:
    """Each invoice of the subscription that asks for money, with its lines; none named: the invoice is its alone."""
    mine = select(DocumentLine.document_id).where(DocumentLine.subscription_id == subscription_id)
    rows = tx.session.execute(
        select(Document.id, DocumentLine.id, DocumentLine.subscription_id)
        .join(DocumentLine, DocumentLine.document_id == Document.id)
        .where(
            Document.id.in_(mine),
            Document.kind == Kind.INVOICE.value,
            Document.state.in_(_WITH_MONEY),
            Document.total_minor > 0,
        )
        .order_by(Document.id, DocumentLine.position)
    )
    lines: dict[int, list[tuple[int, int | None]]] = {}
    for document_id, line_id, owner in rows:
        lines.setdefault(document_id, []).append((line_id, owner))
    return [
        (document_id, [Correction(line) for line, owner in found if owner == subscription_id] if shared else [])
        for document_id, found in lines.items()
        for shared in [any(owner not in (subscription_id, None) for _, owner in found)]
    ]
