"""The row of a login, for every verb that makes one."""

from typing import Any

from sqlalchemy.exc import IntegrityError

from billhead import clock
from billhead.actions.accounts._known_address import check_free, taken
from billhead.actions.accounts._passwords import checked_email
from billhead.db import Tx
from billhead.models.people import User

__all__ = ["new_login"]


def new_login(tx: Tx, seller_id: int, email: str, role: str, **more: Any) -> User:
    """Raises InvalidInput (`email`) when it is none, or has a login at this seller already."""
    email = checked_email(email)
    check_free(tx.session, seller_id, email)
    user = User(seller_id=seller_id, email=email, role=role, created_at=clock.now(), **more)
    try:
        with tx.session.begin_nested():
            tx.session.add(user)
    except IntegrityError as error:  # two at once
        raise taken(email) from error
    return user
