"""What a customer buys on a subscription that runs: screened as an order, then carried out or not sold."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import select

from billhead.actions.exchange import exchange
from billhead.actions.fraud._case import keep_case
from billhead.actions.fraud._facts import Seen
from billhead.actions.fraud._screening import Asking, Told, ask, gathered, judged_now, keep_refused, not_online
from billhead.actions.subscriptions._sale import Order
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.models.operations import IdempotencyRecord

__all__ = ["Purchase", "place_purchase"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Purchase:
    """`action` is the verb that carries it out: what the same form has done already is not screened again."""

    action: str
    customer_id: int
    plan: str
    ip: str


def place_purchase(ctx: Context, purchase: Purchase, seen: Seen, carry_out: Callable[[Tx], R]) -> R:
    """What `carry_out` returns. Raises what it raises, and NotAllowed for one that would be refused, or looked at.

    It can't be held for staff: an event is tonight, and the lines run already. So its customer is asked to get in
    touch, staff see the case, and the allow list lets them buy. Somebody who has paid before may buy as often as they
    like, and their purchases leave no case. What costs nothing is not screened.
    """
    if seen.amount.minor <= 0:
        return _carried_out(ctx, carry_out)

    def intend(tx: Tx) -> Asking | None:
        if _done_before(tx, purchase.action):
            return None
        asking = gathered(tx, Order(purchase.customer_id, purchase.plan, "", ip=purchase.ip), seen)
        if asking.facts.earlier.paid:
            asking = replace(asking, rules=replace(asking.rules, off=(*asking.rules.off, "velocity")))
        return asking

    def record(tx: Tx, asking: Asking, told: Told) -> list[R]:
        facts, screening = judged_now(tx, asking, told)
        if screening.verdict != "allow":
            keep_refused(tx, facts, replace(screening, verdict="refuse"))
            return []
        done = carry_out(tx)
        if not facts.earlier.paid:
            keep_case(tx, facts, screening)
        return [done]

    done = exchange(ctx, intend=intend, call=ask, record=record)
    if done is None:
        return _carried_out(ctx, carry_out)
    if not done:
        raise not_online()
    return done[0]


def _carried_out(ctx: Context, carry_out: Callable[[Tx], R]) -> R:
    with writing(ctx) as tx:
        return carry_out(tx)


def _done_before(tx: Tx, action: str) -> bool:
    record = select(IdempotencyRecord.id).where(
        IdempotencyRecord.actor == tx.ctx.actor,
        IdempotencyRecord.action == action,
        IdempotencyRecord.key == tx.ctx.idempotency_key,
    )
    return tx.ctx.idempotency_key is not None and tx.session.scalar(record) is not None
