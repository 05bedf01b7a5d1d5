"""A customer's first login, whoever asks for it: made, or its link mailed once more."""

from typing import Any

from sqlalchemy import select

from billhead.actions.accounts._links import INVITATION_LASTS, mail_link
from billhead.actions.accounts._new_login import new_login
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.people import Customer, User

__all__ = ["invite", "main_login"]


def main_login(tx: Tx, customer_id: int) -> User | None:
    """Their own, not one of the family."""
    main = select(User).where(User.customer_id == customer_id, User.family.is_(False)).order_by(User.id).limit(1)
    return tx.session.scalar(main)


def invite(tx: Tx, customer: Customer, kind: str, **data: Any) -> User:
    """`kind` of the notice that holds the link, and what else it names. Raises InvalidInput (`email`: none, or another
    login's) or Conflict (it has set a password already)."""
    user = main_login(tx, customer.id)
    if user is None:
        if not customer.email:
            raise InvalidInput("email", "this customer has no e-mail address")
        user = new_login(tx, customer.seller_id, customer.email, Role.CUSTOMER.value, customer_id=customer.id)
    elif user.disabled or user.password_hash:
        raise Conflict(
            f"{user.email} has a login already", hint="who forgot the password is mailed a link by the sign-in page"
        )
    mail_link(tx, user, kind, INVITATION_LASTS, **data)
    return user
