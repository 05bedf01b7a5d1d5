"""Whose an e-mail address is at a seller: nobody is kept twice."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead.domain.errors import InvalidInput
from billhead.models.people import Customer, User

__all__ = ["check_free", "taken", "whose_address"]


def whose_address(session: Session, seller_id: int, email: str) -> Customer | None:
    """Who is written to at this address or signs in by it, also as a family login; the oldest of several."""
    signs_in = select(User.customer_id).where(User.seller_id == seller_id, User.email == email)
    theirs = or_(Customer.email == email, Customer.id.in_(signs_in))
    return session.scalar(
        select(Customer).where(Customer.seller_id == seller_id, theirs).order_by(Customer.id).limit(1)
    )


def check_free(session: Session, seller_id: int, email: str) -> None:
    """Raises InvalidInput (`email`) where a login has it, whoever's: of staff too."""
    if session.scalar(select(User.id).where(User.seller_id == seller_id, User.email == email)) is not None:
        raise taken(email)


def taken(email: str) -> InvalidInput:
    return InvalidInput("email", f"{email} has a login at this seller already", code="has_account")
