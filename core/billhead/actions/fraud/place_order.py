"""An order from the shop: what is known is gathered, the checks are asked, and then it is written, held or refused."""

from dataclasses import dataclass, replace

from sqlalchemy import select

from billhead.actions.exchange import exchange
from billhead.actions.fraud._case import Screening, keep_case
from billhead.actions.fraud._checks import house_says, plugins_say, sum_up
from billhead.actions.fraud._facts import Seen, entries_of, facts_of, with_files
from billhead.actions.fraud._trials import trial_had
from billhead.actions.subscriptions.start import Order, Started, start_subscription
from billhead.actions.verb import audit
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, NotAllowed, NotFound
from billhead.domain.fraud import Entry, FraudRules, rules_from
from billhead.models.catalogue import Plan
from billhead.models.fraud import FraudCase
from billhead.models.operations import IdempotencyRecord
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import FraudCheck, OrderFacts
from billhead.plugin_host import plugins
from billhead.plugin_host.current import config

__all__ = ["Seen", "place_order"]


@dataclass(frozen=True, slots=True)
class _Intent:
    facts: OrderFacts
    rules: FraudRules
    entries: tuple[Entry, ...]
    checks: tuple[tuple[str, FraudCheck], ...]


def place_order(ctx: Context, order: Order, seen: Seen) -> Started:
    """Start a subscription for somebody from outside. What is held for review can be paid, and starts when approved.

    Raises what `start_subscription` raises, and NotAllowed for an order that the checks refuse: nothing is written but
    the case. A refused second trial leaves its case too.
    """
    known: list[_Intent] = []
    placed: list[Started] = []

    def intend(tx: Tx) -> _Intent | None:
        placed.extend(_placed_before(tx))
        if placed:
            return None
        known.append(_gathered(tx, order, seen))
        return known[0]

    def record(tx: Tx, intent: _Intent, asked: tuple[OrderFacts, Screening]) -> Started | None:
        facts, screening = asked
        known[0] = replace(intent, facts=facts)
        if screening.verdict == "refuse":
            _refused(tx, facts, screening)
            return None
        started = start_subscription(tx, replace(order, in_review=screening.verdict == "review"))
        mine = select(FraudCase.id).where(FraudCase.subscription_id == started.subscription_id)
        if tx.session.scalar(mine) is None:  # else the form was sent twice at once
            ids = {"subscription_id": started.subscription_id, "document_id": started.document_id}
            keep_case(tx, facts, screening, **ids)
        return started

    try:
        started = exchange(ctx, intend=intend, call=_call, record=record)
    except Conflict as refused:
        if refused.code == "trial_used":
            with writing(ctx) as tx:
                _refused(tx, known[0].facts, _second_trial(tx, order, known[0].facts))
        raise
    if placed:
        return placed[0]
    if started is None:
        raise NotAllowed("We can't take this order online. Please get in touch with us.", code="order_refused")
    return started


def _placed_before(tx: Tx) -> list[Started]:
    """What the same form has ordered: it is not counted as an order of its own."""
    record = select(IdempotencyRecord.result).where(
        IdempotencyRecord.actor == tx.ctx.actor,
        IdempotencyRecord.action == "subscriptions.start",
        IdempotencyRecord.key == tx.ctx.idempotency_key,
    )
    found = tx.session.scalar(record) if tx.ctx.idempotency_key else None
    return [Started(**found)] if found else []


def _gathered(tx: Tx, order: Order, seen: Seen) -> _Intent:
    customer = tx.session.get(Customer, order.customer_id)
    if customer is None or not (tx.ctx.scope.everything or tx.ctx.scope.customer_id == customer.id):
        raise NotFound("customer", order.customer_id)
    rules = rules_from(tx.session.get_one(Seller, customer.seller_id).fraud)
    offered = ((f"{plugin}.{check.code}", check) for plugin, check in plugins().fraud_checks())
    checks = tuple((name, check) for name, check in offered if name not in rules.off)
    facts = facts_of(tx.session, customer, order, seen, rules)
    return _Intent(facts, rules, entries_of(tx.session, customer.seller_id), checks)


def _call(intent: _Intent) -> tuple[OrderFacts, Screening]:
    facts, trouble = with_files(intent.facts, config())
    said = house_says(facts, intent.rules, intent.entries, trouble)
    screening = sum_up(intent.rules, said)
    if screening.verdict != "refuse" and intent.checks:
        said |= plugins_say(intent.checks, facts, intent.rules.seconds)
        screening = sum_up(intent.rules, said)
    return facts, screening


def _refused(tx: Tx, facts: OrderFacts, screening: Screening) -> None:
    case = keep_case(tx, facts, screening)
    audit(tx, "fraud.refuse_order", f"fraud_case:{case.id}", {"customer_id": facts.customer_id})


def _second_trial(tx: Tx, order: Order, facts: OrderFacts) -> Screening:
    customer = tx.session.get_one(Customer, facts.customer_id)
    plan = tx.session.scalar(select(Plan).where(Plan.seller_id == facts.seller_id, Plan.code == order.plan))
    mark = trial_had(tx.session, customer, plan, facts.mac, facts.ip) if plan is not None else ""
    why = f"the trial was had before: {mark or 'by somebody who knows them'}"
    return Screening("refuse", 0, ({"check": "trial", "why": why, "weight": 0, "verdict": "refuse"},))
