"""An order from the shop: what is known is gathered, the checks are asked, and then it is written, held or refused."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from billhead.actions.exchange import exchange
from billhead.actions.fraud._case import Screening, keep_case
from billhead.actions.fraud._facts import Seen
from billhead.actions.fraud._screening import Asking, Told, ask, gathered, judged_now, keep_refused, not_online
from billhead.actions.fraud._trials import Marks, trial_had
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.subscriptions.start import Order
from billhead.actions.subscriptions.start_several import Ordered, start_several
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.fraud import FraudCase
from billhead.models.operations import IdempotencyRecord
from billhead.models.people import Customer
from billhead.plugin import OrderFacts

__all__ = ["Seen", "place_order"]


def place_order(ctx: Context, orders: Sequence[Order], seen: Seen, quoted: Money | None = None) -> Ordered:
    """Start the plans of one order for somebody from outside: all of them, or none. Each is screened by itself, with
    the amount of the whole. What is held for review can be paid, and starts when approved.

    Raises what `start_several` raises, and NotAllowed where the checks refuse one of them: nothing is written but the
    case. A refused second trial leaves its case too.
    """
    known: list[OrderFacts] = []
    placed: list[Ordered] = []

    def intend(tx: Tx) -> list[Asking] | None:
        placed.extend(_placed_before(tx))
        if placed:
            return None
        asking = [gathered(tx, order, seen) for order in orders]
        known.extend(one.facts for one in asking)
        return asking

    def call(asking: list[Asking]) -> list[Told]:
        return [ask(one) for one in asking]

    def record(tx: Tx, asking: list[Asking], told: list[Told]) -> Ordered | None:
        # all are judged before one is written: what is ordered together is no earlier order
        judged = [judged_now(tx, *pair) for pair in zip(asking, told, strict=True)]
        known[:] = [facts for facts, _ in judged]
        refused = [(facts, screening) for facts, screening in judged if screening.verdict == "refuse"]
        for facts, screening in refused:
            keep_refused(tx, facts, screening)
        if refused:
            return None
        held = [
            replace(order, in_review=screening.verdict == "review")
            for order, (_, screening) in zip(orders, judged, strict=True)
        ]
        ordered = start_several(tx, held, quoted)
        document_id = ordered.document_id
        queue_notice(tx, orders[0].customer_id, "ordered", f"ordered:{document_id}", {"document_id": document_id})
        mine = select(FraudCase.id).where(FraudCase.document_id == document_id)
        if tx.session.scalar(mine.limit(1)) is None:  # else the form was sent twice at once
            for subscription_id, (facts, screening) in zip(ordered.subscription_ids, judged, strict=True):
                keep_case(tx, facts, screening, subscription_id=subscription_id, document_id=document_id)
        return ordered

    try:
        ordered = exchange(ctx, intend=intend, call=call, record=record)
    except Conflict as refused:
        if refused.code == "trial_used":
            with writing(ctx) as tx:
                keep_refused(tx, *_second_trial(tx, orders, known))
        raise
    if placed:
        return placed[0]
    if ordered is None:
        raise not_online()
    return ordered


def _placed_before(tx: Tx) -> list[Ordered]:
    """What the same form has ordered: it is not counted as an order of its own."""
    record = select(IdempotencyRecord.result).where(
        IdempotencyRecord.actor == tx.ctx.actor,
        IdempotencyRecord.action == "subscriptions.start_several",
        IdempotencyRecord.key == tx.ctx.idempotency_key,
    )
    found = tx.session.scalar(record) if tx.ctx.idempotency_key else None
    return [Ordered(found["document_id"], tuple(found["subscription_ids"]))] if found else []


def _second_trial(tx: Tx, orders: Sequence[Order], known: Sequence[OrderFacts]) -> tuple[OrderFacts, Screening]:
    """The trial that was refused: one that was had before, else one that stands twice in the order."""
    trials = [(facts, _had(tx, order, facts)) for order, facts in zip(orders, known, strict=True) if order.trial]
    facts, mark = next((pair for pair in trials if pair[1]), trials[-1])
    why = f"the trial was had before: {mark or 'by somebody who knows them'}"
    return facts, Screening("refuse", 0, ({"check": "trial", "why": why, "weight": 0, "verdict": "refuse"},))


def _had(tx: Tx, order: Order, facts: OrderFacts) -> str:
    customer = tx.session.get_one(Customer, facts.customer_id)
    plan = tx.session.scalar(select(Plan).where(Plan.seller_id == facts.seller_id, Plan.code == order.plan))
    if plan is None:
        return ""
    return trial_had(tx.session, customer, plan, Marks(facts.mac, facts.ip, order.device))
