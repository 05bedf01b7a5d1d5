"""One trial a person: who has had it, however they come back. Asked in the transaction that writes the order."""

from datetime import timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.payments._card_marks import same_person
from billhead.db import Tx
from billhead.domain.address import address_of, network_of
from billhead.domain.errors import Conflict
from billhead.domain.fraud import canonical_mail, rules_from
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.fraud import FraudCase
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription

__all__ = ["lock_trials", "refuse_second_trial", "trial_had"]


def lock_trials(tx: Tx, plan_id: int) -> None:
    """Two orders at once of one person: the second waits, and then sees the first."""
    tx.session.flush()
    tx.session.get(Plan, plan_id, with_for_update=True, populate_existing=True)


def refuse_second_trial(tx: Tx, customer: Customer, plan: Plan, mac: str | None, ip: str) -> None:
    """Raises Conflict, in the same words whatever gave them away: they would only change that."""
    if not plan.details.get("once_per_customer"):
        return
    lock_trials(tx, plan.id)
    if trial_had(tx.session, customer, plan, mac, ip):
        raise Conflict(f"{plan.name} can be had once", code="trial_used", hint="choose a plan without trial")


def trial_had(session: Session, customer: Customer, plan: Plan, mac: str | None, ip: str) -> str:
    """By what they are known to have had it, in words for staff; "" if they have not.

    The same customer, card, box or mailbox ever; the same address or network within the seller's days.
    """
    had = _had(customer, plan)
    if session.scalar(had.where(Customer.id == customer.id).limit(1)) is not None:
        return "the same customer"
    if session.scalar(had.where(Customer.id.in_(same_person(session, customer.id))).limit(1)) is not None:
        return "the same card"
    if mac and session.scalar(had.where(Service.mac == mac).limit(1)) is not None:
        return "the same box"
    mailbox = canonical_mail(customer.email)
    alike = session.scalars(had.where(_begins_alike(mailbox))) if mailbox else ()
    if any(canonical_mail(email) == mailbox for email in alike):
        return "the same mailbox"
    return _near(session, customer, plan, ip)


def _had(customer: Customer, plan: Plan) -> Select[str]:
    # what was canceled before a panel ever had the line was no trial
    was_one = or_(Subscription.state != State.CANCELED.value, Service.observed_at.is_not(None))
    return (
        select(Customer.email)
        .join(Subscription, Subscription.customer_id == Customer.id)
        .join(Service, Service.subscription_id == Subscription.id)
        .where(Customer.seller_id == customer.seller_id, Subscription.plan_id == plan.id, was_one)
    )


def _begins_alike(mailbox: str) -> ColumnElement[bool]:
    """At least all that lead to the mailbox: dots are passed over, so that each domain's rule can be applied after."""
    local = mailbox.rpartition("@")[0].replace(".", "")
    return func.replace(func.lower(Customer.email), ".", "").startswith(local, autoescape=True)


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
