"""The same card in two accounts is one person: how a card is known again, and whom a customer shares one with."""

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer
from billhead.plugin_host import vault

__all__ = ["card_mark", "same_person"]


def card_mark(session: Session, fingerprint: str) -> str:
    """By what a card is known again, a keyed digest, or "". One that is known under a former key keeps its mark."""
    if not fingerprint:
        return ""
    marks = vault().digests(fingerprint)
    known = session.scalars(select(PaymentMethod.fingerprint).where(PaymentMethod.fingerprint.in_(marks)).distinct())
    return next(iter(known), marks[0])


def same_person(session: Session, customer_id: int) -> list[int]:
    """The customer, and those of the same seller who have ever saved one of their cards, removed ones included."""
    mine, theirs = aliased(PaymentMethod), aliased(PaymentMethod)
    me, them = aliased(Customer), aliased(Customer)
    others = (
        select(theirs.customer_id)
        .join(mine, mine.fingerprint == theirs.fingerprint)
        .join(me, me.id == mine.customer_id)
        .join(them, them.id == theirs.customer_id)
        .where(mine.customer_id == customer_id, mine.fingerprint != "", them.seller_id == me.seller_id)
        .distinct()
    )
    return sorted({customer_id, *session.scalars(others)})
