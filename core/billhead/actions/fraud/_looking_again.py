"""A case that was written before its card was known: its facts now, and what new reasons make of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from billhead.actions.fraud._facts import earlier_orders
from billhead.db import Tx
from billhead.domain.fraud import CaseState, FraudRules
from billhead.domain.money import Money
from billhead.models.fraud import FraudCase
from billhead.models.people import Customer
from billhead.plugin import OrderFacts

__all__ = ["doubted_now", "known_facts", "whole_facts"]


def doubted_now(case: FraudCase, rules: FraudRules, new: Sequence[dict[str, Any]], *, unsure: bool = False) -> bool:
    """Write the reasons down; True if they put a case into review that had passed. `unsure`: a check could not say."""
    unsure = unsure and rules.unknown_is_review
    if not new and not unsure:
        return False
    case.reasons = [*case.reasons, *new]
    case.score += sum(int(one["weight"]) for one in new)
    doubted = unsure or case.score >= rules.review_from or any(one["verdict"] in ("review", "refuse") for one in new)
    trusted = any(one["verdict"] == "allow" for one in case.reasons)
    if case.state != CaseState.PASSED or not doubted or trusted:
        return False
    case.state = CaseState.REVIEW.value
    return True


def known_facts(tx: Tx, case: FraudCase, rules: FraudRules) -> OrderFacts:
    """What is counted again when a card is known: not what was counted when it was ordered."""
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


def whole_facts(tx: Tx, case: FraudCase, rules: FraudRules) -> OrderFacts:
    """As a plugin's check gets them with an order, and the card."""
    told = case.facts
    facts = replace(
        known_facts(tx, case, rules),
        ip=case.ip,
        hosted=told.get("hosted"),
        user_agent=str(told.get("user_agent", "")),
        phone=case.phone,
        mac=case.mac,
    )
    return replace(facts, earlier=earlier_orders(tx.session, facts, rules, but=case.id))
