"""The row of a login, for every verb that makes one."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from billhead import clock
from billhead.actions.accounts._passwords import checked_email
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.people import User

__all__ = ["new_login"]


def new_login(tx: Tx, seller_id: int, email: str, role: str, **more: Any) -> User:
    """Raises InvalidInput (`email`) when it is none, or has a login at this seller already."""
    email = checked_email(email)
    if tx.session.scalar(select(User.id).where(User.seller_id == seller_id, User.email == email)) is not None:
        raise _taken(email)
    user = User(seller_id=seller_id, email=email, role=role, created_at=clock.now(), **more)
    try:
        with tx.session.begin_nested():
            tx.session.add(user)
    except IntegrityError as error:  # two at once
        raise _taken(email) from error
    return user


def _taken(email: str) -> InvalidInput:
    return InvalidInput("email", f"{email} has a login at this seller already", code="has_account")
