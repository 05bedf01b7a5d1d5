"""Whose an e-mail address is at a seller: nobody is kept twice."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead.models.people import Customer, User

__all__ = ["is_taken", "whose_address"]


def whose_address(session: Session, seller_id: int, email: str) -> Customer | None:
    """Who is written to at this address or signs in by it, also as a family login; the oldest of several."""
    signs_in = select(User.customer_id).where(User.seller_id == seller_id, User.email == email)
    theirs = or_(Customer.email == email, Customer.id.in_(signs_in))
    return session.scalar(
        select(Customer).where(Customer.seller_id == seller_id, theirs).order_by(Customer.id).limit(1)
    )


def is_taken(session: Session, seller_id: int, email: str) -> bool:
    """A login has it, whoever's: of staff too."""
    return session.scalar(select(User.id).where(User.seller_id == seller_id, User.email == email)) is not None
