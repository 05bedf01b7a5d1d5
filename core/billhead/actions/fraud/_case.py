"""The row of a screened order: written once, then only decided."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, update

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.db import Tx
from billhead.domain.address import address_of, network_of
from billhead.domain.fraud import CaseState
from billhead.models.fraud import FraudCase
from billhead.models.subscriptions import Subscription
from billhead.plugin import OrderFacts

__all__ = ["Screening", "close_case", "held_by_review", "keep_case", "rejected", "tell_held"]

_STATES = {"allow": CaseState.PASSED, "review": CaseState.REVIEW, "refuse": CaseState.REFUSED}


@dataclass(frozen=True, slots=True)
class Screening:
    """`verdict` of all checks; `reasons` with check, why, weight and verdict; `unknown` with check and why."""

    verdict: str
    score: int
    reasons: tuple[dict[str, Any], ...] = ()
    unknown: tuple[dict[str, Any], ...] = ()


def keep_case(
    tx: Tx,
    facts: OrderFacts,
    screening: Screening,
    *,
    subscription_id: int | None = None,
    document_id: int | None = None,
) -> FraudCase:
    """Write it down. What can't be a column's value in any honest order (a header of megabytes) was cut before."""
    case = FraudCase(
        seller_id=facts.seller_id,
        customer_id=facts.customer_id,
        subscription_id=subscription_id,
        document_id=document_id,
        plan=facts.plan,
        trial=facts.trial,
        amount_minor=facts.amount.minor,
        currency=facts.amount.currency,
        state=_STATES[screening.verdict].value,
        score=screening.score,
        reasons=list(screening.reasons),
        unknown=list(screening.unknown),
        facts={
            "email": facts.email,
            "billing_country": facts.billing_country,
            "ip_country": facts.ip_country,
            "card_country": facts.card_country,
            "hosted": facts.hosted,
            "user_agent": facts.user_agent,
            "earlier": asdict(facts.earlier),
        },
        ip=facts.ip,
        address=address_of(facts.ip),
        network=network_of(facts.ip),
        mailbox=facts.mailbox,
        card=facts.card,
        phone=facts.phone,
        mac=facts.mac,
        device=facts.device,
        ordered_at=facts.at,
    )
    tx.session.add(case)
    tx.session.flush()
    if case.state == CaseState.REVIEW:
        tell_held(tx, case)
    elif case.state == CaseState.REFUSED:
        data = {"case_id": case.id, "customer_id": case.customer_id}
        emit(tx, "order.refused", f"customer:{case.customer_id}", data)
    return case


def tell_held(tx: Tx, case: FraudCase, *, waits: bool = True) -> None:
    """Staff learn it by the event and on their dashboard; the customer only that it takes a little longer, and nothing
    where it runs already."""
    data = {"case_id": case.id, "customer_id": case.customer_id, "subscription_id": case.subscription_id}
    emit(tx, "order.held", f"customer:{case.customer_id}", data)
    if not waits:
        return
    shown = {"subscription_id": case.subscription_id, "document_id": case.document_id}
    # once for all plans of an order
    queue_notice(tx, case.customer_id, "order_held", f"order_held:{case.document_id or f'case {case.id}'}", shown)


def close_case(tx: Tx, subscription_id: int) -> None:
    """Its order has ended: there is nothing to decide any more."""
    tx.session.execute(
        update(FraudCase)
        .where(FraudCase.subscription_id == subscription_id, FraudCase.state == CaseState.REVIEW.value)
        .values(state=CaseState.GONE.value, decided_at=clock.business_now())
    )


def held_by_review() -> ColumnElement[bool]:
    """A condition on Subscription: its order is being checked. Nothing more is billed until staff have decided, and
    then what is due by then."""
    case = select(FraudCase.id).where(
        FraudCase.subscription_id == Subscription.id, FraudCase.state == CaseState.REVIEW.value
    )
    return case.exists()


def rejected(tx: Tx, subscription_ids: Sequence[int]) -> bool:
    """Staff did not take one of these orders."""
    query = select(FraudCase.id).where(
        FraudCase.subscription_id.in_(subscription_ids), FraudCase.state == CaseState.REJECTED.value
    )
    return tx.session.scalar(query.limit(1)) is not None
