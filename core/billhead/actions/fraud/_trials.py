"""One trial a person: who has had it, however they come back. Asked in the transaction that writes the order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.payments._card_marks import same_person
from billhead.db import Tx
from billhead.domain.address import address_of, network_of
from billhead.domain.errors import Conflict
from billhead.domain.fraud import rules_from
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.fraud import FraudCase
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import vault

__all__ = ["Marks", "lock_trials", "refuse_second_trial", "trial_had"]


@dataclass(frozen=True, slots=True)
class Marks:
    """By what somebody who orders may be known again: the box, the address, and the mark of their browser."""

    mac: str | None = None
    ip: str = ""
    device: str = field(default="", repr=False)


def lock_trials(tx: Tx, plan_ids: Iterable[int]) -> None:
    """Two orders at once of one person: the second waits, and then sees the first."""
    tx.session.flush()
    for plan_id in sorted(set(plan_ids)):
        tx.session.get(Plan, plan_id, with_for_update=True, populate_existing=True)


def refuse_second_trial(tx: Tx, customer: Customer, plan: Plan, marks: Marks) -> None:
    """Raises Conflict, in the same words whatever gave them away: they would only change that."""
    if not plan.details.get("once_per_customer"):
        return
    lock_trials(tx, [plan.id])
    if trial_had(tx.session, customer, plan, marks):
        raise Conflict(f"{plan.name} can be had once", code="trial_used", hint="choose a plan without trial")


def trial_had(session: Session, customer: Customer, plan: Plan, marks: Marks) -> str:
    """By what they are known to have had it, in words for staff; "" if they have not.

    The same customer, card, box or mailbox ever; the same device as long as orders keep theirs; the same address or
    network within the seller's days.
    """
    had = _had(customer, plan)
    if session.scalar(had.where(Customer.id == customer.id).limit(1)) is not None:
        return "the same customer"
    if session.scalar(had.where(Customer.id.in_(same_person(session, customer.id))).limit(1)) is not None:
        return "the same card"
    if marks.mac and session.scalar(had.where(Service.mac == marks.mac).limit(1)) is not None:
        return "the same box"
    theirs = Customer.mailbox == customer.mailbox
    if customer.mailbox and session.scalar(had.where(theirs).limit(1)) is not None:
        return "the same mailbox"
    if marks.device and session.scalar(_by_device(had, marks.device)) is not None:
        return "the same device"
    return _near(session, customer, plan, marks.ip)


def _by_device(had: Select[str], device: str) -> Select[str]:
    ordered = had.join(FraudCase, FraudCase.subscription_id == Subscription.id)
    return ordered.where(FraudCase.trial.is_(True), FraudCase.device.in_(vault().digests(device))).limit(1)


def _had(customer: Customer, plan: Plan) -> Select[str]:
    # what was canceled before a panel ever had the line was no trial
    was_one = or_(Subscription.state != State.CANCELED.value, Service.observed_at.is_not(None))
    return (
        select(Customer.email)
        .join(Subscription, Subscription.customer_id == Customer.id)
        .join(Service, Service.subscription_id == Subscription.id)
        .where(Customer.seller_id == customer.seller_id, Subscription.plan_id == plan.id, was_one)
    )


def _near(session: Session, customer: Customer, plan: Plan, ip: str) -> str:
    rules = rules_from(session.get_one(Seller, customer.seller_id).fraud)
    since = clock.business_now() - timedelta(days=rules.trial_days)
    theirs = (
        _had(customer, plan)
        .join(FraudCase, FraudCase.subscription_id == Subscription.id)
        .where(FraudCase.trial.is_(True), FraudCase.ordered_at > since)
    )
    kinds = (
        ("the same address", FraudCase.address, address_of(ip), rules.trials_per_address),
        ("the same network", FraudCase.network, network_of(ip), rules.trials_per_network),
    )
    for words, column, value, most in kinds:
        if not value or not most:
            continue
        counted = theirs.where(column == value).with_only_columns(func.count(Subscription.id.distinct()))
        if int(session.scalar(counted) or 0) >= most:
            return words
    return ""
