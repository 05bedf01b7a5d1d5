"""An order is looked at again when it is paid with a card that is saved: only then its card is known.

Nobody is refused here, and no network is asked: what would have refused the order before now holds it for staff, since
its money has come. The order's line gets no time until they have decided.
"""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select, update

from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.fraud._case import tell_held
from billhead.actions.fraud._checks import house_says, sum_up
from billhead.actions.fraud._facts import earlier_orders, entries_of
from billhead.actions.fraud._trials import lock_trials
from billhead.db import Tx
from billhead.domain.fraud import CaseState, FraudRules, rules_from
from billhead.domain.money import Money
from billhead.models.fraud import FraudCase
from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import OrderFacts

__all__ = ["screen_paid_card", "wait_for_other_trials"]

_ABOUT_CARDS = ("lists", "velocity", "country")


def wait_for_other_trials(tx: Tx, document_id: int) -> None:
    """Before a card is saved with the payment of a trial: of two at once with one card, the second sees the first."""
    query = select(Subscription.plan_id).where(
        Subscription.id.in_(subscriptions_of(tx.session, document_id)), Subscription.phase == "trial"
    )
    for plan_id in sorted(set(tx.session.scalars(query))):
        lock_trials(tx, plan_id)


def screen_paid_card(tx: Tx, document_id: int, method: PaymentMethod, repeated: Mapping[int, int]) -> None:
    """`repeated`: subscription id → another customer with this card who has had its trial."""
    query = select(FraudCase).where(
        FraudCase.document_id == document_id,
        FraudCase.state.in_([CaseState.PASSED.value, CaseState.REVIEW.value]),
    )
    case = tx.session.scalar(query.with_for_update())
    if case is None or case.subscription_id is None or not method.fingerprint:
        return
    rules = rules_from(tx.session.get_one(Seller, case.seller_id).fraud)
    case.card = method.fingerprint
    case.facts = {**case.facts, "card_country": method.country}
    said = house_says(_facts(tx, case, rules), rules, entries_of(tx.session, case.seller_id))
    said = {name: (reasons, "") for name, (reasons, _) in said.items() if name in _ABOUT_CARDS}
    known = {one["why"] for one in case.reasons}
    now = sum_up(rules, said)
    new = [one for one in now.reasons if one["why"] not in known]
    if case.subscription_id in repeated:
        why = f"customer {repeated[case.subscription_id]} has had the trial with this card"
        new.append({"check": "trial", "why": why, "weight": 0, "verdict": "review"})
    if not new:
        return
    case.reasons = [*case.reasons, *new]
    case.score += sum(int(one["weight"]) for one in new)
    doubted = case.score >= rules.review_from or any(one["verdict"] in ("review", "refuse") for one in new)
    trusted = any(one["verdict"] == "allow" for one in case.reasons)
    if case.state == CaseState.PASSED and doubted and not trusted:
        case.state = CaseState.REVIEW.value
        tell_held(tx, case, waits=_hold(tx, case.subscription_id))


def _hold(tx: Tx, subscription_id: int) -> bool:
    """Does a line wait now? One that was given its time already keeps it: the card was told of late."""
    tx.session.flush()
    waiting = Service.subscription_id == subscription_id, Service.desired_expires_at.is_(None)
    held = tx.session.scalars(update(Service).where(*waiting).values(in_review=True).returning(Service.id)).all()
    tx.session.expire_all()
    return bool(held)


def _facts(tx: Tx, case: FraudCase, rules: FraudRules) -> OrderFacts:
    customer = tx.session.get_one(Customer, case.customer_id)
    facts = OrderFacts(
        seller_id=case.seller_id,
        customer_id=case.customer_id,
        email=str(case.facts.get("email", "")),
        mailbox=case.mailbox,
        name=customer.name,
        phone="",  # counted when it was ordered
        billing_country=customer.country,
        customer_since=customer.created_at,
        at=case.ordered_at,
        plan=case.plan,
        trial=case.trial,
        amount=Money(case.amount_minor, case.currency),
        ip_country=str(case.facts.get("ip_country", "")),
        card=case.card,
        card_country=str(case.facts.get("card_country", "")),
    )
    return replace(facts, earlier=earlier_orders(tx.session, facts, rules, but=case.id))
