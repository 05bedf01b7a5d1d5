"""Whether a friend is who referred them, or was a customer before: by the same facts as a second trial."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billhead.actions.payments._card_marks import same_person
from billhead.models.fraud import FraudCase
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription

__all__ = ["why_not"]


def why_not(session: Session, friend: Customer, referrer: Customer) -> str:
    """A key of REASONS, or "". Only who was there before the friend counts: they may refer others in turn."""
    before = Customer.seller_id == friend.seller_id, Customer.id < friend.id
    alike = {
        "same_mailbox": set(session.scalars(select(Customer.id).where(*before, Customer.mailbox == friend.mailbox)))
        if friend.mailbox
        else set(),
        "same_card": {one for one in same_person(session, friend.id) if one < friend.id},
        "same_box": set(
            session.scalars(
                select(Customer.id)
                .join(Subscription, Subscription.customer_id == Customer.id)
                .join(Service, Service.subscription_id == Subscription.id)
                .where(*before, Service.mac.in_(_macs(friend.id)))
            )
        ),
    }
    for reason, ids in alike.items():
        if referrer.id in ids:
            return reason
    if any(alike.values()):
        return "known"
    theirs = select(FraudCase.address).where(FraudCase.customer_id == friend.id, FraudCase.address != "")
    shared = FraudCase.customer_id == referrer.id, FraudCase.address.in_(theirs)
    return "same_address" if session.scalar(select(FraudCase.id).where(*shared).limit(1)) is not None else ""


def _macs(customer_id: int) -> Select[str | None]:
    return (
        select(Service.mac)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .where(Subscription.customer_id == customer_id, Service.mac.is_not(None), Service.mac != "")
    )
