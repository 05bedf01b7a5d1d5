"""Whose an e-mail address is at a seller: nobody is kept twice by who may know of everybody there."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.people import Customer, ResellerClosure, User
from billhead.models.sellers import Seller

__all__ = ["check_free", "check_unused", "check_unused_below", "taken", "whose_address"]


def whose_address(session: Session, seller_id: int, email: str) -> Customer | None:
    """Who is written to at this address or signs in by it, also as a family login; the oldest of several."""
    signs_in = select(User.customer_id).where(User.seller_id == seller_id, User.email == email)
    theirs = or_(Customer.email == email, Customer.id.in_(signs_in))
    return session.scalar(
        select(Customer).where(Customer.seller_id == seller_id, theirs).order_by(Customer.id).limit(1)
    )


def check_unused(tx: Tx, seller_id: int, email: str, but: int | None = None) -> None:
    """Raises InvalidInput (`email`) where somebody of this seller is written to or signs in at the address; `but` is
    the customer who gets it. Customers may share one from before (an import keeps them as they are), so that no
    constraint says it: two who come at once wait in turn at their seller."""
    session = tx.session
    _wait_in_turn(session, seller_id)
    check_free(session, seller_id, email)
    others = select(Customer.id).where(Customer.seller_id == seller_id, Customer.email == email)
    if session.scalar(others.where(Customer.id != (but or 0)).limit(1)) is not None:
        raise InvalidInput("email", f"a customer of this seller has {email} already", code="has_account")


def check_unused_below(tx: Tx, customer: Customer, email: str) -> None:
    """The same for who looks after a part of the customers: a reseller is told of its own users alone.

    An address that somebody else here has is taken as any other, so that trying addresses tells nothing. Two customers
    may share one; a login is of one of them. Raises InvalidInput (`email`).
    """
    scope = tx.ctx.scope
    if scope.everything:
        check_unused(tx, customer.seller_id, email, customer.id)
        return
    _wait_in_turn(tx.session, customer.seller_id)
    chain = ResellerClosure
    mine = select(chain.descendant_id).where(chain.ancestor_id == scope.reseller_id)
    theirs = Customer.seller_id == customer.seller_id, Customer.reseller_id.in_(mine), Customer.email == email
    if tx.session.scalar(select(Customer.id).where(*theirs, Customer.id != (customer.id or 0)).limit(1)) is not None:
        raise InvalidInput("email", f"one of your users has {email} already", code="has_account")


def _wait_in_turn(session: Session, seller_id: int) -> None:
    session.flush()
    session.execute(select(Seller.id).where(Seller.id == seller_id).with_for_update(key_share=True))


def check_free(session: Session, seller_id: int, email: str) -> None:
    """Raises InvalidInput (`email`) where a login has it, whoever's: of staff too."""
    if session.scalar(select(User.id).where(User.seller_id == seller_id, User.email == email)) is not None:
        raise taken(email)


def taken(email: str) -> InvalidInput:
    return InvalidInput("email", f"{email} has a login at this seller already", code="has_account")
